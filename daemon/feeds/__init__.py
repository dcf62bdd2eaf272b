"""How prices arrive."""
