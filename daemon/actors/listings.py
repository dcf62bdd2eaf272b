"""Which options the market lists, as a fold of facts.

What was quoted so far is less than what is listed, after a start or a silence by far.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from daemon.domain.market.instruments import Kind
from daemon.messages import DayOpened, OptionsListed


class Listings:
    """The strikes of every expiry that somebody told the listed options of.

    A market tells them, and so does a recording of whole chains; of other prices nobody tells any.
    """

    def __init__(self) -> None:
        self._listed: dict[tuple[str, date], OptionsListed] = {}

    def hear(self, fact: object) -> bool:
        """Take one fact in; say whether it tells what was not known."""
        match fact:
            case OptionsListed(underlying, expiry, at_ns=at_ns):
                before = self._listed.get((underlying, expiry))
                self._listed[underlying, expiry] = fact
                return before is None or replace(before, at_ns=at_ns) != fact
            case DayOpened(day):
                kept = self._listed.items()
                self._listed = {chain: listed for chain, listed in kept if chain[1] >= day}
        return False

    def strikes(self, underlying: str, expiry: date, kind: Kind) -> Sequence[int]:
        """Return the listed strikes, in `_e4`, ascending; none where nobody told them."""
        listed = self._listed.get((underlying, expiry))
        if listed is None:
            return ()
        return listed.calls_e4 if kind is Kind.CALL else listed.puts_e4
