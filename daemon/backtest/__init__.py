"""Recorded days through the engine, and what came of them."""
