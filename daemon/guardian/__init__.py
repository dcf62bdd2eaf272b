"""The dead man: a process of its own that closes what is open where no daemon guards it any more.

It shares data with the daemon (latches, ledger, settings), the pure machine that closes, and the
way to the brokers; nothing of what it must stand in for. It watches, and does nothing, for as long
as the daemon's beat comes.
"""
