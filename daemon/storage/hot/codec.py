"""The hot state as JSON: what stands under which key, and what of it is believed after a restart.

Under `strategy:ID:` stand `state`, `risk_state`, `active_legs` and `pnl`, each a list of the
entries of that strategy today; in an account that is not the first, ID is `ID@ACCOUNT`. Under
`account:ID:risk_state` stands the floor under an account's day. Amounts and prices are `_e4`. Where
other daemons may write too, each value begins with its `owner`: the id of the record it mirrors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from daemon.domain.market.frames import Quote
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.mirrored import MirroredDay, MirroredLeg, MirroredLevels
from daemon.errors import HotStateError
from daemon.messages import RiskSeen, WatchSeen
from daemon.messages.cells import address
from daemon.storage.hot.words import Kept

VERSION: Final = 1
CHANNEL = "market_data"
PATTERNS = ("strategy:*", "account:*")
"""By which our keys are looked for; others may lie among what is found."""
VALUE_BYTES = 65_536
"""No value of ours is longer."""
_STRATEGY = re.compile(r"strategy:[A-Za-z0-9_@.-]{1,130}:(state|risk_state|active_legs|pnl)")
_ACCOUNT = re.compile(r"account:[A-Za-z0-9_.-]{1,64}:risk_state")
_OWNED = re.compile(rb'\{"owner":"([0-9a-f]{32})",')
_encode = msgspec.json.Encoder(order="deterministic").encode

OWNED_BYTES = 46
"""No more of a value says whose it is."""


class _Levels(Struct, frozen=True, forbid_unknown_fields=True):
    """The value of `strategy:ID:risk_state`."""

    version: Literal[1]
    entries: Annotated[tuple[MirroredLevels, ...], Meta(max_length=200)]
    owner: str = ""


class _Day(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The value of `account:ID:risk_state`."""

    version: Literal[1]
    floor: MirroredDay
    owner: str = ""


class Believed(Struct, frozen=True):
    """What is well formed of what was kept.

    Attributes:
        entries: the levels of every entry.
        days: the floor under each account's day, by account.
        poisoned: what is not as we write it.
    """

    entries: tuple[MirroredLevels, ...] = ()
    days: Mapping[str, MirroredDay] = {}
    poisoned: tuple[HotStateError, ...] = ()


_levels = msgspec.json.Decoder(_Levels)
_day = msgspec.json.Decoder(_Day)


def is_ours(key: str) -> bool:
    """Say whether a key has the form of ours."""
    return bool(_STRATEGY.fullmatch(key) or _ACCOUNT.fullmatch(key))


def owned(value: bytes, owner: str) -> bytes:
    """Return a value that says whose it is.

    Args:
        value: of a key.
        owner: the id of the record that it mirrors, 32 hexadecimal digits.
    """
    return b'{"owner":"%s",' % owner.encode() + value.removeprefix(b"{")


def owner_of(value: bytes) -> str:
    """Return whose a value is; empty: it does not say."""
    found = _OWNED.match(value)
    return found[1].decode() if found is not None else ""


def documents(risk: RiskSeen, account_of: Callable[[str], str]) -> dict[str, bytes]:
    """Return the value of each key.

    Args:
        risk: everything under watch.
        account_of: tells an account by its mark.
    """
    by_strategy: dict[str, list[WatchSeen]] = {}
    for watch in risk.watches:
        by_strategy.setdefault(address(watch.strategy_id, watch.account), []).append(watch)
    found: dict[str, bytes] = {}
    for name, watches in by_strategy.items():
        pnl = [_pnl(each) for each in watches]
        told = {
            "state": {"at_ns": risk.at_ns, "link_alive": risk.link_alive},
            "risk_state": {},
            "active_legs": {},
            "pnl": {"at_ns": risk.at_ns},
        }
        entries = {
            "state": [{"basket_id": each.basket_id, "status": each.status} for each in watches],
            "risk_state": [levels_of(each) for each in watches if each.basket_id],
            "active_legs": [leg for each in watches for leg in _legs(each)],
            "pnl": pnl,
        }
        for key, of_it in entries.items():
            document = {"version": VERSION, **told[key], "entries": of_it}
            found[f"strategy:{name}:{key}"] = _encode(document)
    for floor in risk.floors:
        day = _Day(VERSION, MirroredDay(floor.day, floor.floor_e4, floor.best_e4))
        found[f"account:{account_of(floor.account)}:risk_state"] = _encode(day)
    return found


def levels_of(watch: WatchSeen) -> MirroredLevels:
    """Return the levels of an entry under watch."""
    locked = watch.lock == LockStatus.LOCKED
    return MirroredLevels(
        basket_id=watch.basket_id,
        lock=LockStatus(watch.lock),
        floor_e4=watch.current_sl_e4 if locked else 0,
        best_e4=watch.best_e4 if locked else 0,
        legs=tuple(
            MirroredLeg(leg.leg_id, leg.stop_e4, leg.followed_e4)
            for leg in watch.legs
            if leg.quantity
        ),
    )


def prices(quotes: Mapping[str, Quote], at_ns: int) -> bytes:
    """Return newest quotes as they are told on the channel of prices."""
    told = {
        symbol: {"ltp_e4": quote.ltp_e4, "bid_e4": quote.bid_e4, "ask_e4": quote.ask_e4}
        for symbol, quote in quotes.items()
    }
    return _encode({"version": VERSION, "at_ns": at_ns, "prices": told})


def believed(kept: Kept) -> Believed:
    """Return what a restart may go by; what is not as we write it is told, and left out."""
    entries: list[MirroredLevels] = []
    days: dict[str, MirroredDay] = {}
    poisoned = list(kept.poisoned)
    for key, value in kept.values.items():
        if not value or not key.endswith(":risk_state"):
            continue
        try:
            if key.startswith("account:"):
                days[key.split(":")[1]] = _day.decode(value).floor
            else:
                entries += _levels.decode(value).entries
        except (msgspec.MsgspecError, ValueError) as error:  # the latter: it is no UTF-8
            where = str(error).partition(" - at ")[2]  # what comes before may quote the value
            poisoned.append(poison(key, f"holds no levels of this version {where}".rstrip()))
    return Believed(tuple(entries), days, tuple(poisoned))


def poison(key: str, what: str) -> HotStateError:
    """Return the error of a value that is not as we write it; the value itself is never shown."""
    return HotStateError(
        f"the hot state's {key} {what}; it is not taken, and written anew from memory; "
        "find out who else writes there",
        "hot_state_poisoned",
    )


def too_many(keys: Iterable[str], most: int) -> HotStateError | None:
    """Return the error of more keys of our form than we ever write; None: they are not so many."""
    if sum(1 for _ in keys) <= most:
        return None
    return HotStateError(
        f"the hot state holds more than {most} keys of Ordo's form, so none of them is taken; "
        "find out who else writes there",
        "hot_state_poisoned",
    )


def _pnl(watch: WatchSeen) -> dict[str, Any]:
    return {
        "basket_id": watch.basket_id,
        "pnl_e4": watch.pnl_e4,
        "realised_e4": watch.realised_e4,
        "unrealised_e4": watch.unrealised_e4,
        "charges_e4": watch.charges_e4,
    }


def _legs(watch: WatchSeen) -> list[dict[str, Any]]:
    return [
        {
            "basket_id": watch.basket_id,
            "leg_id": leg.leg_id,
            "symbol": leg.symbol,
            "side": leg.side,
            "quantity": leg.quantity,
            "entry_e4": leg.entry_e4,
            "ltp_e4": leg.ltp_e4,
            "stop_e4": leg.stop_e4,
            "target_e4": leg.target_e4,
            "guarded": not leg.unguarded_because,
        }
        for leg in watch.legs
        if leg.quantity
    ]
