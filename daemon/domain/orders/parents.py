"""How the parent of an intent begins that is of no entry and no exit.

Other parents begin with the id of a strategy, or of an account. So none of those may be one of
these words: its fills would be taken for what was only booked.
"""

from __future__ import annotations

OUTSIDE = "outside:"
"""A stranger's order has closed a leg of ours, and no request left; the order follows."""
HOLDINGS = f"{OUTSIDE}holdings:"
"""Units left a leg for the owner's own shares, or came from there; the symbol follows."""
LATE = "late:"
"""A late fill was taken out of a leg that trades something else by now; the order follows."""
SETTLEMENT, WRITTEN_OFF, UNSEEN = "settlement:", "expiry:", "unseen:"
"""No request left: the exchange closed the position, or the contract expired, or was closed
outside, at a price that nobody told; the symbol follows."""
RESIDENT = "resident:"
"""A stop that rests at the broker; the basket that it guards a leg of follows."""

TAKEN = frozenset(
    each.partition(":")[0] for each in (OUTSIDE, LATE, SETTLEMENT, WRITTEN_OFF, UNSEEN, RESIDENT)
)
"""What neither a strategy nor an account may be called."""
