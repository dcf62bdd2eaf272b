"""Somebody at the broker's terminal: he trades past the daemon, and moves what it has resting."""

from __future__ import annotations

import pytest

from daemon.simulation.dice import Dice
from daemon.simulation.judging.persons import MARK
from daemon.simulation.market import UNDERLYING
from daemon.simulation.terminal import Terminal
from daemon.twin.words import OrderReport, Status
from tests.kit.exchange import CALL, T0, exchange, frame, order, quote

SEEDS = range(1, 25)


def at_terminal(seed: int, *orders) -> list[OrderReport]:
    """What is at the exchange once somebody with this luck has done one thing."""
    there = exchange()
    there.on_frame(frame(call=quote(), put=quote()), T0)
    for each in orders:
        there.place(each, T0)
    Terminal(there, Dice(seed)).trade(frame(call=quote(), put=quote()), T0)
    return there.orders()


@pytest.mark.parametrize(
    "resting",
    [order(price="90"), order("sell", price="120"), order(price="126", trigger="120")],
    ids=["purchase", "sale", "stop"],
)
def test_he_moves_an_order_of_the_daemons_by_a_few_ticks_and_does_nothing_else_then(resting):
    moved = 0
    for seed in SEEDS:
        (ours, *his) = at_terminal(seed, resting)
        if his:
            assert ours.price_e4 == resting.price_e4, "one deed at a time"
            continue
        by_e4 = ours.price_e4 - resting.price_e4
        assert (0 < abs(by_e4) <= 20 * 500, by_e4 % 500) == (True, 0)
        asked_e4 = resting.trigger_e4 and resting.trigger_e4 + by_e4
        assert (ours.client_id, ours.quantity, ours.trigger_e4) == ("c", 75, asked_e4)
        moved += 1
    assert 0 < moved < len(SEEDS)


def test_he_moves_nothing_of_his_own_and_where_nothing_rests_he_trades():
    for seed in SEEDS:
        for resting in ([], [order(price="90", client_id=f"{MARK}0")]):
            his = at_terminal(seed, *resting)
            assert len(his) == len(resting) + 1
            assert [each.price_e4 for each in his[: len(resting)]] == [900_000] * len(resting)
            assert his[-1].symbol != UNDERLYING


def test_he_closes_what_is_held_or_part_of_it_or_more_and_seldom_opens_anything():
    ends = set()
    for seed in SEEDS:
        (ours, his) = at_terminal(seed, order(quantity=150))
        assert ours.status is Status.FILLED
        if (his.symbol, his.side) == (CALL, "sell"):
            ends.add(his.quantity)
    assert ends == {75, 150, 225}
