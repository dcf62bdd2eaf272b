"""The simulated world: a whole daemon under seeded faults, with invariants checked as it runs."""
