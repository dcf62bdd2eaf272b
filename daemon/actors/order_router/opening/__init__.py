"""How baskets are opened: what keeps an entry out, and how it is filled leg by leg."""
