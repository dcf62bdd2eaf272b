"""The formats of recorded market data, one module each, recognised by their column names."""
