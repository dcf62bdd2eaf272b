"""What one run is given: its market and records, the actors that are wired, and who runs."""
