"""Codes of trading: what the owner of a truth refuses, and what the broker does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.errors.entry import Entry

_STATE, _BROKER = "state", "broker"
_LIMIT = "order less, or let the limit in [risk] be higher if that is meant"
_LATER = "wait until that is done; `ordo orders` shows it"

TRADING: Final[Mapping[str, Entry]] = {
    "refused": Entry("Refused", "do what the sentence says", _STATE),
    "halted": Entry(
        "Trading is halted",
        "see with `ordo status` which latch stands; release it with `ordo rearm` when it may end",
        _STATE,
    ),
    "paused": Entry(
        "Entries are paused",
        "mend what the sentence names; `ordo status` tells when entries are taken again",
        _STATE,
    ),
    "cannot_arm": Entry(
        "The account may not be armed for live trading",
        "mend each thing that the sentence names, then arm it again",
        _STATE,
    ),
    "not_armed": Entry(
        "The account is not armed for live trading",
        "arm it until the day ends: `ordo arm ACCOUNT`",
        _STATE,
    ),
    "wrong_address": Entry(
        "Orders would leave from an address that the broker does not know",
        "send from the one that it knows (a fixed address of the line, a route, a VPN), or tell the"
        " broker the new one and write it to static_ip in [brokers.ID]; then arm again",
        _BROKER,
        "error",
    ),
    "address_unknown": Entry(
        "Nobody says which address this machine has to others",
        "look at the line, or name somebody else who says it in address_url of [brokers.ID]",
        _BROKER,
        "error",
        recoverable=True,
        status=502,
    ),
    "arm_unwritten": Entry(
        "The arm could not be written or removed",
        "make room on the disk, let this user write to `armed` in the state folder, and try again",
        "disk",
        "error",
        status=503,
    ),
    "latch_unwritten": Entry(
        "The latch could not be made durable",
        "make room on the disk or let this user write to it, and pull or release it again",
        "disk",
        "critical",
        status=503,
    ),
    "unknown_latch": Entry(
        "There is no such latch", "take a name that `ordo status` lists", status=404
    ),
    "unknown_kill": Entry(
        "There is no such kill", "take a name that `ordo status` lists", status=404
    ),
    "unknown_alert": Entry(
        "There is no such alert", "take a name that `ordo alerts` lists", status=404
    ),
    "unknown_account": Entry(
        "There is no such account", "name one of [[accounts]] in the settings", status=404
    ),
    "unknown_login": Entry(
        "That log-in is not waited for any more",
        "begin a new one with `ordo login ACCOUNT`",
        status=404,
    ),
    "brought_before": Entry(
        "That was brought for a log-in before",
        "bring a new one: the next code, or what a new log-in on the broker's page leads to; "
        "`ordo status` says where the account stands",
        _STATE,
    ),
    "one_account": Entry(
        "A strategy starts and stops in all its accounts",
        "pause it in one: `ordo pause --strategy ID@ACCOUNT`",
        _STATE,
    ),
    "leg_needed": Entry(
        "What nobody entered has a stop for each symbol",
        "name the symbol as the leg; `ordo positions` lists them",
        _STATE,
    ),
    "unknown_strategy": Entry(
        "There is no such strategy", "name one that `ordo status` lists, or its file", status=404
    ),
    "unknown_leg": Entry(
        "The strategy has no such leg", "name one that `ordo positions` lists", status=404
    ),
    "unknown_order": Entry(
        "There is no such order", "name one that `ordo orders` lists", status=404
    ),
    "unknown_token": Entry(
        "There is no such token", "name one that `ordo token list` shows", "access", status=404
    ),
    "unknown_symbol": Entry(
        "There is no such symbol",
        "write it as NIFTY, RELIANCE or NIFTY-2026-11-23-24550-CE",
        status=404,
    ),
    "ambiguous_order": Entry("Several orders begin so", "write more of the id"),
    "strategy_known": Entry(
        "There is such a strategy already", "choose another id, or change that one", _STATE
    ),
    "strategy_of_a_file": Entry(
        "The strategy is its file's", "change the file, and start the daemon anew", _STATE
    ),
    "strategy_busy": Entry(
        "The strategy is not at rest",
        "stop it with `ordo stop`, leave with `ordo exit` what it holds, and wait",
        _STATE,
        recoverable=True,
    ),
    "strategy_gone": Entry(
        "The strategy went meanwhile",
        "look with `ordo status` which are there",
        _STATE,
        recoverable=True,
    ),
    "disarmed": Entry(
        "What was asked has been left out",
        "read with `ordo why` or the log why it fell, then start the daemon anew",
        _STATE,
    ),
    "too_many_strategies": Entry(
        "There are too many strategies", "remove one that is not needed", _STATE
    ),
    "reduce_only": Entry(
        "Nothing new is taken",
        "mend what `ordo status` names, then start the daemon anew",
        "daemon",
        "error",
        recoverable=True,
        status=503,
    ),
    "bad_stop": Entry("That is no level for a stop", "give an amount above zero"),
    "wrong_side": Entry(
        "A stop there would fire at once",
        "set it on the other side of the price; to be out now, `ordo exit`",
        _STATE,
    ),
    "loosens": Entry(
        "The stop would risk more than it does",
        "say that it is meant: `--yes`, or `loosen` in a request",
        _STATE,
    ),
    "no_position": Entry(
        "There is no position to guard", "look at what is held: `ordo positions`", _STATE
    ),
    "nothing_held": Entry(
        "There is nothing to close", "look at what is held: `ordo positions`", _STATE
    ),
    "book_unread": Entry(
        "Nothing is held by our own record, and the broker's book is not read",
        "log the account in with `ordo login`, and look with `ordo positions` or at the broker's",
        _STATE,
    ),
    "exit_owed": Entry("It is being left already", _LATER, _STATE, "info"),
    "leaving": Entry("It is being left already", _LATER, _STATE, recoverable=True),
    "entering": Entry(
        "It is being entered",
        "leave all of it, or wait; `ordo orders` shows it",
        _STATE,
        recoverable=True,
    ),
    "no_price": Entry(
        "There is no fresh price",
        "wait for one; `ordo guard` tells how the feed is",
        _STATE,
        recoverable=True,
        retry_after_s=1,
    ),
    "stale_price": Entry(
        "The price is stale",
        "wait for a fresh one; `ordo guard` tells how the feed is",
        _STATE,
        recoverable=True,
        retry_after_s=1,
    ),
    "broker_link": Entry(
        "Calls to the broker fail",
        "wait until one gets through; look at the line and at the broker's own notices",
        _BROKER,
        "error",
        recoverable=True,
        retry_after_s=30,
    ),
    "margin": Entry(
        "The margin is not there, or not known",
        "order less, or free margin; [risk] max_margin_percent says which share may be taken",
        _BROKER,
        recoverable=True,
    ),
    "bad_lots": Entry("That is no number of lots", "name one lot or more, or none for all"),
    "too_many_lots": Entry("More lots than are held", "name fewer; `ordo positions` shows them"),
    "odd_lots": Entry("What is held is no whole number of lots", "leave all of it", _STATE),
    "not_open": Entry("The order is no longer open", "look at it with `ordo why ORDER`", _STATE),
    "is_exit": Entry(
        "The order closes a position", "let it: taken back, it would be sent anew", _STATE
    ),
    "in_doubt": Entry(
        "Nobody knows yet what became of the order",
        "wait until the broker tells; it counts as exposure until then",
        _STATE,
        recoverable=True,
    ),
    "books_differ": Entry(
        "Our book and the broker's differ",
        "look at both: `ordo status` names the symbols, `ordo orders` what is in doubt",
        _STATE,
        "error",
        recoverable=True,
    ),
    "tradability": Entry(
        "The contract cannot be traded so", "choose one that trades now, in its lots and ticks"
    ),
    "quantity": Entry("The quantity is out of bounds", "slice the order, or order less"),
    "price_collar": Entry(
        "The price is too far from the market", "price it nearer; [risk] says how far is too far"
    ),
    "order_value": Entry("The order is worth too much", _LIMIT),
    "possible_exposure": Entry("The exposure could become too large", _LIMIT, _STATE),
    "message_rate": Entry(
        "Orders come too fast", "wait a moment", _STATE, recoverable=True, retry_after_s=1
    ),
    "duplicate": Entry(  # nobody repeats it by himself: that is what it is refused for
        "The same order was sent a moment ago",
        "look with `ordo orders` whether that one is there; send it anew, under an id of its own, "
        "only if a second one is meant",
        _STATE,
    ),
    "self_trade": Entry("It would trade with an order of our own", "cancel that one first", _STATE),
    "parent": Entry(
        "It is more than what it is part of",
        "report it: this is a defect of Ordo's",
        "daemon",
        "error",
    ),
    "strategy_config": Entry(
        "The strategy does not trade so", "change the strategy's file if it is meant", _STATE
    ),
    "closable": Entry(
        "More would be closed than is held", "look at what is held: `ordo positions`", _STATE
    ),
    "order_refused": Entry(
        "The order was refused", "do what the broker's words say", _BROKER, status=422
    ),
    "broker_failed": Entry(
        "The way to the broker failed",
        "look at the network and at the broker's own page",
        _BROKER,
        "error",
        recoverable=True,
        status=502,
    ),
    "broker_misused": Entry(
        "The broker was asked for what cannot be",
        "report it: this is a defect of Ordo's",
        _BROKER,
        "error",
        status=500,
    ),
    "broker_unavailable": Entry(
        "The broker does not answer; nothing was sent",
        "wait; reads are tried again by themselves",
        _BROKER,
        "error",
        recoverable=True,
        status=502,
    ),
    "outcome_unknown": Entry(
        "Nobody knows whether the order was executed",
        "send nothing again: it counts as exposure until the broker tells; `ordo orders` shows it",
        _BROKER,
        "critical",
        status=504,
    ),
    "session_refused": Entry(
        "The broker takes the session no longer",
        "log in again: what is open stays guarded, and no entry is taken until then",
        _BROKER,
        "error",
        recoverable=True,
        status=502,
    ),
    "wire_garbled": Entry(
        "What the broker sent cannot be understood",
        "wait: it is asked again; where it stays so, look at the broker's own page and report it",
        _BROKER,
        "error",
        recoverable=True,
        status=502,
    ),
}
"""Code -> what it means."""
