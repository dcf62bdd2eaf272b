"""What filled late costs what the broker's orders cost, whoever is shown to have it."""

from daemon.domain.market.costs import Executed, cost_e4
from daemon.domain.orders.reconcile import MANUAL
from daemon.jobs.trades import Trades
from tests.actors.order_router.closing.test_late_fills import ELSEWHERE, SAME, exit_of_old, go_on
from tests.kit.router import DAY


def test_each_order_at_the_broker_is_charged_once_and_a_late_fill_is_no_trade_of_its_leg():
    for wanted in (SAME, ELSEWHERE):
        stage = exit_of_old(wanted)
        stage.push(2)
        go_on(stage, 20)
        folded = {of: Trades(of) for of in ("s", MANUAL)}
        for fact in stage.facts:
            for each in folded.values():
                each.take(fact)
        trades = {of: each.finish() for of, each in folded.items()}
        assert [trade.net_quantity for trade in trades["s"]] == [0, -75]
        assert [trade.symbol for trade in trades["s"]][1] == wanted.symbol
        (late,) = trades[MANUAL]
        assert (late.net_quantity, late.exit_reason) == (0, "unwind")
        paid = sum(trade.charges_e4 for each in trades.values() for trade in each)
        assert paid == sum(
            cost_e4(
                Executed(o.intent.symbol, o.intent.side, 75, o.intent.price_e4 * 75, False),
                DAY,
                kept=False,
            )
            for o in stage.broker.orders.values()
            if o.filled
        )


def test_a_report_that_does_not_know_the_order_any_more_passes_over_what_gives_it_back():
    stage = exit_of_old(SAME)
    number = len(stage.facts)
    stage.push(2)
    trades = Trades("s")
    for fact in stage.facts[number:]:
        trades.take(fact)
    assert trades.finish() == []
