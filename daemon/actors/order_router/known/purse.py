"""The purse: which entries the account is known to bear, and which the broker was asked about."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from daemon.domain.orders.margin import MarginLeg


class Asked(Struct):
    """An entry that the broker was asked about and has not answered.

    Attributes:
        legs: what was asked about.
        beside: what was promised to others and the answer may not have seen: by whom, in `_e4`.
        question: what the answer comes back under.
    """

    legs: tuple[MarginLeg, ...]
    beside: dict[str, int]
    question: str


class Awaiting(Struct, frozen=True):
    """An entry that is not asked about yet, for others come first.

    Attributes:
        legs: what is to be asked about.
        beside_e4: promised margin beside which it was too much; 0: it waits for its turn alone.
    """

    legs: tuple[MarginLeg, ...]
    beside_e4: int = 0


class Purse(Struct):
    """What is known of the margin of entries; no restart keeps it.

    Attributes:
        asked: entries that the broker was asked about and has not answered.
        borne: entries whose margin was there, with what they need in `_e4`; those that are over
            until the broker has answered their orders.
        awaiting: entries that others come before, those that came first ahead.
        put_off: by strategy, entries that others came before until their time was over.
        forgotten: how many questions about an entry nobody waits for, answered late or never.
    """

    asked: dict[str, Asked] = field(default_factory=dict)
    borne: dict[str, int] = field(default_factory=dict)
    awaiting: dict[str, Awaiting] = field(default_factory=dict)
    put_off: dict[str, Awaiting] = field(default_factory=dict)
    forgotten: Counter[str] = field(default_factory=Counter)

    def question(self, parent: str) -> str:
        """Return what the next question about an entry is asked under.

        An order by hand may be asked about anew under its request id while the answer about the one
        before is still to come: that one tells of other legs, or of another moment.
        """
        before = self.forgotten[parent]
        return f"#{before}:{parent}" if before else parent

    def parent(self, question: str) -> str:
        """Return the entry that a question is about; empty: nobody waits for its answer."""
        found = (parent for parent, asked in self.asked.items() if asked.question == question)
        return next(found, "")
