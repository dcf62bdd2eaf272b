"""Projections: what the records say, as tables to query; folded behind them, and never awaited."""
