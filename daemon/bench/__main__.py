"""`python -m daemon.bench`: play the engine bench and print one JSON document."""

from __future__ import annotations

import gc
import statistics
import sys

import orjson

from daemon.app import account_of
from daemon.bench.engine import FRAMES, STRATEGY, bench
from daemon.domain.plans.parsing import parse
from daemon.settings import Settings

ROUNDS = 3


def main() -> None:
    """Run the bench several times: the median counts, the spread tells of the machine."""
    account = account_of(Settings(), parse(STRATEGY), strict=False)
    gc.freeze()
    rounds = [bench(account, FRAMES) for _ in range(ROUNDS)]
    rates = sorted(each["frames_per_s"] for each in rounds)
    document = {
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
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
