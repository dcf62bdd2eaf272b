"""Benches: speed as ratios and rates, never as tests."""
