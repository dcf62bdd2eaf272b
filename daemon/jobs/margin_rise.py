"""Whether what is held needs more margin today than at the last session, by the stated model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from daemon.domain.market.calendar import previous_session
from daemon.domain.market.instruments import contract, parts_of
from daemon.domain.market.margin import Holding, margin_e4
from daemon.domain.money import units
from daemon.errors import RuleUnknown
from daemon.messages import LegExpired, PositionChanged


def margin_rise(facts: Iterable[object], day: date) -> str:
    """Return by how much the margin of what is held rises on a day; empty: it does not.

    Premiums are left out, for they are the same on both days; so is what a broker calls by a name
    of its own, for no table of ours is about it.

    Args:
        facts: everything that was recorded so far, oldest first.
        day: the day.
    """
    try:
        holdings = _holdings(facts, day)
        if not holdings:
            return ""
        before_e4 = margin_e4(holdings, previous_session(day))
        today_e4 = margin_e4(holdings, day)
    except RuleUnknown as error:
        return f"the margin of what is held is not known: {error}"
    if today_e4 <= before_e4:
        return ""
    symbols = ", ".join(each.instrument.symbol for each in holdings if each.net_quantity < 0)
    return f"the margin of {symbols} rises from {units(before_e4)} to {units(today_e4)} on {day}"


def _holdings(facts: Iterable[object], day: date) -> list[Holding]:
    held: dict[tuple[str, str], PositionChanged] = {}
    for fact in facts:
        match fact:
            case PositionChanged(strategy_id, leg_id):
                held[strategy_id, leg_id] = fact
            case LegExpired(strategy_id, leg_id):
                held.pop((strategy_id, leg_id), None)
    net: Counter[str] = Counter()
    for each in held.values():
        net[each.symbol] += each.net_quantity
    found = []
    for symbol, quantity in net.items():
        if quantity and _is_option(symbol):
            found.append(Holding(contract(symbol, day, strict=False), quantity, 0))
    return found


def _is_option(symbol: str) -> bool:
    parts = parts_of(symbol)
    return parts is not None and parts.kind.is_option
