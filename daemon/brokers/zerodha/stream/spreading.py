"""Which connection shows which instrument: three of them, with three thousand instruments each.

Indices and what is held share the first connection, so that one look tells whether what is guarded
is fresh. The others keep the place that they have. Each further connection shows an index of its
own as well, by which it is known to live: a copy where there is room, else that index moves there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from daemon.brokers.zerodha.packets import traded_at
from daemon.domain.market.instruments import Exchange, exchange_of
from daemon.errors import BrokerMisused

CONNECTIONS, EACH = 3, 3_000
ROOM = CONNECTIONS * (EACH - 1)
"""What surely finds room: an index is shown on each connection beside it."""
_NAMED = 3

Spread = tuple[tuple[int, ...], ...]
"""What each connection shows, by the broker's numbers."""


class Wanted(Struct, frozen=True):
    """Instruments, by symbol, with the broker's number of each.

    Attributes:
        indices: they tell whether a connection lives.
        held: what is held or works.
        others: everything else.
    """

    indices: Mapping[str, int] = {}
    held: Mapping[str, int] = {}
    others: Mapping[str, int] = {}

    @property
    def tokens(self) -> dict[str, int]:
        """All of them, in order of their weight."""
        return {**self.indices, **self.held, **self.others}

    @property
    def witnesses(self) -> dict[int, Exchange]:
        """The indices, by number, of each exchange of which contracts are wanted, and which it is.

        They tell whether its prices are of now: those of another exchange say nothing of them.
        """
        traded = {traded_at(token) for token in (*self.held.values(), *self.others.values())}
        return {
            token: home
            for symbol, token in self.indices.items()
            if (home := exchange_of(symbol)) in traded
        }


def spread(wanted: Wanted, before: Spread = (), each: int = EACH) -> Spread:
    """Return who shows what.

    Args:
        wanted: what is to be shown.
        before: who shows what so far.
        each: how many instruments one connection shows.

    Raises:
        BrokerMisused: there is no room for so many.
    """
    tokens = _distinct(wanted.tokens.values())
    indices = _distinct(wanted.indices.values())
    guarded = _distinct([*indices, *wanted.held.values()])
    first = set(guarded)
    others = [token for token in tokens if token not in first]
    count = _count(len(tokens), set(others), before, each, copies=bool(indices))
    further = range(1, count)
    copied = len(tokens) + len(further) <= count * each
    if len(tokens) > count * each or (indices and not copied and len(indices) < count):
        raise _too_many(list(wanted.tokens), each)
    places = [dict[int, None]() for _ in range(count)]
    for number in further if indices else ():
        places[number][indices[number % len(indices)]] = None
    if not copied:
        shown = {token for place in places for token in place}
        guarded = [token for token in guarded if token not in shown]
    _fill(places, guarded, (), each)
    _fill(places, others, before, each)
    return tuple(tuple(sorted(place)) for place in places)


def _fill(
    places: Sequence[dict[int, None]], tokens: Sequence[int], before: Spread, each: int
) -> None:
    """Give each token a place: the one that it has, where there still is room, else the first."""
    had = {token: number for number, shown in enumerate(before) for token in shown}
    homeless = []
    for token in tokens:
        number = had.get(token, len(places))
        if number < len(places) and len(places[number]) < each:
            places[number][token] = None
        else:
            homeless.append(token)
    room = (place for place in places for _ in range(each - len(place)))
    for token, place in zip(homeless, room, strict=False):
        place[token] = None


def _count(size: int, others: set[int], before: Spread, each: int, *, copies: bool) -> int:
    """Return how many connections there are; one that shows what is wanted still is kept."""
    kept = [number for number, shown in enumerate(before, 1) if not others.isdisjoint(shown)]
    count = max(1, *kept) if kept else 1
    while count < CONNECTIONS and size + (count - 1 if copies else 0) > count * each:
        count += 1
    return count


def _distinct(tokens: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(tokens))


def _too_many(symbols: Sequence[str], each: int) -> BrokerMisused:
    most = CONNECTIONS * each
    over = ", ".join(symbols[most : most + _NAMED])
    return BrokerMisused(
        f"{len(symbols):,} instruments are wanted, and Zerodha's ticker shows {most:,}, an index "
        f"on each of its {CONNECTIONS} connections among them; leave some out"
        f"{f', from {over} on' if over else ''}"
    )
