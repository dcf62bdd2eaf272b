"""The market: what is traded, when, at what price, and what it costs."""
