"""What is told of the daemon's own doings: its log, its metrics, and a seam for traces."""
