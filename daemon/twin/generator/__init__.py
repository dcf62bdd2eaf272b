"""A market made by chance: days of NIFTY and SENSEX with their weekly chains, from a seed."""
