"""`python -m daemon.bench [NAME]`: play a bench and print one JSON document.

The month takes options and fails where anything in it is not as it must be.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
from collections.abc import Callable
from typing import Any

import orjson

from daemon.app import account_of
from daemon.bench import decode, fan_out, kill, ledger, month, projections, watchdog
from daemon.bench.engine import FRAMES, STRATEGY, bench
from daemon.domain.plans.parsing import parse
from daemon.settings import Settings

ROUNDS = 3


def engine() -> dict[str, Any]:
    """Run the engine bench several times: the median counts, the spread tells of the machine."""
    account = account_of(Settings(), parse(STRATEGY), strict=False)
    gc.freeze()
    rounds = [bench(account, FRAMES) for _ in range(ROUNDS)]
    rates = sorted(each["frames_per_s"] for each in rounds)
    return {
        "bench": "engine",
        "rounds": ROUNDS,
        "ours": {
            "frames": rounds[0]["frames"],
            "frames_per_s": statistics.median(rates),
            "facts": rounds[0]["facts"],
            "journal_sha256": rounds[0]["journal_sha256"],
        },
        "noise": {"frames_per_s_low": rates[0], "frames_per_s_high": rates[-1]},
    }


def fan_out_once() -> dict[str, Any]:
    """Run the fan-out bench; the noise is how late the loop was before there were clients."""
    ours = fan_out.bench()
    return {"bench": "fan_out", "rounds": 1, "ours": ours, "noise": ours["loop_late_ms"]["idle"]}


def kill_rounds() -> dict[str, Any]:
    """Run the kill bench; the noise is how late the watchdog was while a kill went on."""
    ours = kill.bench()
    noise = ours["quiet"]["frame_to_decision_ms"]
    return {"bench": "kill", "rounds": ours["quiet"]["rounds"], "ours": ours, "noise": noise}


def watchdog_once() -> dict[str, Any]:
    """Run the watchdog bench; the noise is how late it was while nobody watched."""
    ours = watchdog.bench()
    noise = ours["frame_to_decision_ms"]["idle"]["from_due"]
    return {"bench": "watchdog", "rounds": 1, "ours": ours, "noise": noise}


def ledger_rounds() -> dict[str, Any]:
    """Run the ledger bench; the noise is how far its rounds lie apart."""
    ours = ledger.bench(os.environ.get(ledger.SERVER, ""))
    noise = {name: each["alone_to_bare_spread"] for name, each in ours.items()}
    return {"bench": "ledger", "rounds": ledger.ROUNDS, "ours": ours, "noise": noise}


def projections_rounds() -> dict[str, Any]:
    """Run the projections bench; the noise is how far its rounds lie apart."""
    ours = projections.bench(os.environ.get(ledger.SERVER, ""))
    noise = {name: each["rebuild_per_s_spread"] for name, each in ours.items()}
    return {"bench": "projections", "rounds": projections.ROUNDS, "ours": ours, "noise": noise}


def decode_rounds() -> dict[str, Any]:
    """Run the decode bench; the noise is how far its rounds lie apart."""
    ours = decode.bench()
    noise = {
        name: each["times_official_spread"]
        for name, each in ours.items()
        if "times_official_spread" in each
    }
    return {"bench": "decode", "rounds": decode.ROUNDS, "ours": ours, "noise": noise}


BENCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "decode": decode_rounds,
    "engine": engine,
    "fan_out": fan_out_once,
    "kill": kill_rounds,
    "ledger": ledger_rounds,
    "projections": projections_rounds,
    "watchdog": watchdog_once,
}


def main(name: str = "engine", *options: str) -> None:
    """Run a bench and print what it measured."""
    if name == month.NAME:
        sys.exit(month.command(options) or None)
    if name not in BENCHES:
        sys.exit(f"no bench {name}; there are: {', '.join((*BENCHES, month.NAME))}")
    document = BENCHES[name]()
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
