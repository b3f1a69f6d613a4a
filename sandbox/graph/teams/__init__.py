"""Teams, their members and channels."""
