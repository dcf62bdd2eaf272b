"""What others read of a running daemon: hot state, outbox, projections, health and the port."""
