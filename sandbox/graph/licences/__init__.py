"""Products, their seats, and licences given directly or by a group."""
