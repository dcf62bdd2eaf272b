"""Actors without trading: inboxes, two drivers, supervision, clocks, calls."""
