"""What is asked of the broker, how the way to it stands, and what its book shows."""
