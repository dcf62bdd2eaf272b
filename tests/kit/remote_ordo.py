"""`ordo run` with its one account at a broker in another process.

The composition is that of `ordo run`; only the opener of an account is another.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import ExitStack
from datetime import datetime

import click
import uvloop
from msgspec.structs import replace

from daemon.app.machine.host import this_host
from daemon.app.machine.telemetry import opened
from daemon.cli import main, ordo
from daemon.cli.engine import find_filed, load_settings
from daemon.cli.run import _assignment, _generated, _lines, _run, _speed
from daemon.runtime.clock import MonotonicClock
from tests.kit.remote_broker import Remote

MODULE = "tests.kit.remote_ordo"


@ordo.command("remote")
@click.option("--market", type=int, required=True, help="Where the exchange is shown the market.")
@click.option("--broker", type=int, required=True, help="Where the broker is asked.")
@click.option("--speed", default="max", help="Market seconds in one second, or max.")
@click.option("--strategy", "strategies", multiple=True, help="An id or a file; may be repeated.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last generated day.")
def command(
    market: int, broker: int, speed: str, strategies: tuple[str, ...], until: datetime | None
) -> int:
    """Run the daemon in the foreground, its account at a broker in another process."""
    loaded, pace = load_settings(None), _speed(speed)
    plans = [find_filed(name, loaded)[1] for name in strategies]
    given = _assignment(loaded, plans, (), _generated(loaded, plans, pace, until))
    given = replace(given, openers={"paper": Remote(market, broker).open})
    with ExitStack() as held:
        telemetry = held.enter_context(opened(loaded, sys.stderr, os.environ))
        runner = held.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        lines = _lines(given, telemetry, held)
        time = given.played.time(MonotonicClock(), pace)
        host = replace(this_host(), telemetry=telemetry)
        return runner.run(_run(given, plans, time, lines, host))


if __name__ == "__main__":
    main(["remote", *sys.argv[1:]])
