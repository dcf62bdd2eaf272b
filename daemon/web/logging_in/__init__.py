"""Logging in at a broker: from the page that leads there to the word that comes back."""
