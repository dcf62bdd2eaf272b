"""The exchange on paper behind Zerodha's own wire: a whole broker on loopback, for any client."""
