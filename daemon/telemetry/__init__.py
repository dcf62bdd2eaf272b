"""What is told of the daemon's own doings: its log."""
