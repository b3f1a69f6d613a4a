"""What has changed: delta queries, subscriptions and the notifications they send."""
