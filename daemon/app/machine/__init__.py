"""What a daemon uses of its machine, and what it tells of itself: clocks, signals, log, metrics."""
