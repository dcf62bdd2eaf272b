"""How brokers speak; `door` is the last line before any of them."""
