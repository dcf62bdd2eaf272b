"""The hot state: a mirror of the state of risk, in a Redis or in a file, for others to read."""
