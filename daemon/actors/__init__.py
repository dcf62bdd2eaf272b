"""Who does it: an actor decides and never waits."""
