"""One exchange stands still while another trades on: whoever holds what is traded there is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daemon.actors.alert_keeper.conditions import Conditions
from daemon.domain.instants import wall_of
from daemon.domain.market.index_silence import begun_in, ended_in
from daemon.messages import ExitDecided, LinkDied, Noted
from tests.kit.days import Played, play, play_as_tasks
from tests.kit.plans import parse

OPEN = datetime(2026, 3, 9, 9, 15)  # noqa: DTZ001  a file of recordings has Indian time
OPTIONS = {"NIFTY": "NIFTY-2026-03-10-25800-CE", "SENSEX": "SENSEX-2026-03-12-84000-CE"}
MONEY = {"NIFTY": 25_800, "SENSEX": 84_000}
STRATEGY = """
id = "{}"
underlying = "{}"
[entry]
at = "09:16:00"
[exit]
at = "09:24:00"
[[legs]]
id = "ce"
side = "sell"
instrument = "CE"
lots = 1
strike = {{ atm = 0 }}
stop = {{ percent = 10 }}
"""
NSE, BSE = (parse(STRATEGY.format(name.lower(), name)) for name in OPTIONS)


def recorded(folder: Path, nse_seconds: range, every_s: int = 1) -> Path:
    """Write ten minutes in which NSE tells nothing in these seconds, and BSE goes on."""
    lines = ["time,symbol,price,bid,ask"]
    for second in range(0, 600, every_s):
        moment, last = OPEN + timedelta(seconds=second), 100 + 0.05 * (second // every_s % 2)
        for name in OPTIONS if second not in nse_seconds else ("SENSEX",):
            lines.append(f"{moment},{name},{MONEY[name] + second % 2},,")
            lines.append(f"{moment},{OPTIONS[name]},{last:.2f},{last - 0.05:.2f},{last + 0.05:.2f}")
    path = folder / "two_exchanges.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def of_an_index(played: Played) -> list[tuple[str, str]]:
    """Return when what was told of the silence of an index."""
    return [
        (f"{wall_of(note.at_ns):%H:%M:%S}", note.text)
        for note in played.told(Noted)
        if begun_in(note.text) or ended_in(note.text)
    ]


def alerted(played: Played) -> list[str]:
    """Return what a person was alerted of, in order; none of it stands beside another."""
    conditions, codes = Conditions(), []
    for fact in played.facts:
        conditions.hear(fact)
        codes += [code for code, _ in conditions.standing if code not in codes]
        assert len(conditions.standing) <= 1
    return codes


@pytest.mark.parametrize("driver", [play, play_as_tasks])
def test_what_stands_still_at_one_exchange_while_another_trades_is_told_once_to_whoever_holds_it(
    tmp_path, driver
):
    played = driver(recorded(tmp_path, range(121, 300)), NSE, BSE)
    said = "neither it nor what is held of it was told since 09:17:00, while other prices come"
    assert of_an_index(played) == [
        ("09:17:11", f"NIFTY: {said}; what is held is judged by prices as old"),
        ("09:20:01", "NIFTY: it is told again"),
    ]
    assert alerted(played) == ["index_silent", "feed_silent"]
    (ends,) = played.told(LinkDied)
    assert f"{wall_of(ends.at_ns):%H:%M:%S}" == "09:25:02"
    assert [each.reason for each in played.told(ExitDecided)] == ["time", "time"]


def test_of_an_exchange_where_nothing_is_held_nothing_is_told(tmp_path):
    played = play(recorded(tmp_path, range(121, 300)), BSE)
    assert of_an_index(played) == []


@pytest.mark.parametrize("every_s", [1, 60])
def test_at_their_own_pace_neither_exchange_is_silent(tmp_path, every_s):
    played = play(recorded(tmp_path, range(0), every_s), NSE, BSE)
    assert len(played.told(ExitDecided)) == 2
    assert of_an_index(played) == []
