"""Accounts: how they are opened at their brokers, and what forbids their entries."""
