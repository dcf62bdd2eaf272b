"""Ordo: a trading daemon that accounts for every order and proves it."""
