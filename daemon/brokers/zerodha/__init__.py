"""Zerodha, by the wire of Kite Connect: its words become Ordo's here and nowhere else."""
