"""What `ordo check` looks at, before a start and beside a running daemon. It changes nothing."""
