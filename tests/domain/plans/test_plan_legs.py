from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Instrument, Kind, Parts, contract
from daemon.domain.money import E4
from daemon.domain.orders.words import Side
from daemon.domain.plans.legs import LegPlan, entry_fault, is_wide, left_fault, legs, spread_fault
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.strikes import Listed
from daemon.domain.plans.validation import Fault
from daemon.domain.risk.words import Distance, LegRules
from daemon.errors import RuleUnknown
from tests.kit.plans import CALL, GUARD, PUT, STOCK, plan

EXPIRY = date(2025, 9, 2)
CE = "NIFTY-2025-09-02-24550-CE"
PE = "NIFTY-2025-09-02-24550-PE"
QUOTES = {
    CE: Quote(ltp_e4=1_186_000, bid_e4=1_186_000, ask_e4=1_190_000),
    PE: Quote(ltp_e4=953_000, bid_e4=953_000, ask_e4=955_000),
    "RELIANCE": Quote(ltp_e4=245_000_000, bid_e4=244_990_000, ask_e4=245_010_000),
}


class Chain:
    """A chain of one strike."""

    def __init__(
        self, quotes: dict[str, Quote], basis_e4: int = 24_560 * E4, expiry: date = EXPIRY
    ) -> None:
        self.quotes = quotes
        self.basis = basis_e4
        self.expiry = expiry

    def basis_e4(self, expiry: date) -> int:
        assert expiry == self.expiry
        return self.basis

    def options(self, expiry: date, kind: Kind) -> Listed:
        return {24_550 * E4: self.quote(f"NIFTY-{expiry}-24550-{kind}")}

    def quote(self, symbol: str) -> Quote | None:
        return self.quotes.get(symbol)


def contracts(
    underlying: str, kind: Kind, expiry: date | None, strike_e4: int
) -> Instrument | None:
    symbol = f"{underlying}-{expiry}-{strike_e4 // E4}-{kind}" if strike_e4 else underlying
    lot = 75 if strike_e4 else 1
    return Instrument(symbol, underlying, kind, lot, 500, 1_800, expiry, strike_e4)


def none(underlying: str, kind: Kind, expiry: date | None, strike_e4: int) -> Instrument | None:
    return None


def unruled(underlying: str, kind: Kind, expiry: date | None, strike_e4: int) -> Instrument | None:
    raise RuleUnknown(f"no lot of {underlying} is known for {expiry}")


def test_a_plan_becomes_legs_in_its_order() -> None:
    """Contract, side, units, rules and the quote that the decision rests on."""
    two = plan(legs=PUT + "lots = 2\nstop = { percent = 400 }\n" + CALL.replace("sell", "buy"))

    made = legs(two, (EXPIRY,) * len(two.legs), Chain(QUOTES), contracts)

    assert isinstance(made, tuple)
    put, call = made
    assert (put.leg_id, put.symbol, put.side, put.quantity) == ("pe", PE, Side.SELL, 150)
    assert (put.lot, put.kind, put.strike_e4) == (75, Kind.PUT, 24_550 * E4)
    assert put.rules == LegRules(stop=Distance(percent_e4=400 * E4))
    assert (put.touch_e4, call.touch_e4) == (953_000, 1_190_000)
    assert call.quote == QUOTES[CE]


@pytest.mark.parametrize(
    ("day", "expiry", "lot"),
    [(date(2025, 8, 29), EXPIRY, 75), (date(2026, 11, 18), date(2026, 11, 23), 65)],
)
def test_the_lot_is_that_of_the_contract(day: date, expiry: date, lot: int) -> None:
    """The tables of the market say how many units a lot has, by contract and day."""

    def known(underlying: str, kind: Kind, expiry: date | None, strike_e4: int) -> Instrument:
        return contract(Parts(underlying, kind, expiry, strike_e4), day, strict=False)

    symbol = f"NIFTY-{expiry}-24550-CE"
    chain = Chain({symbol: QUOTES[CE]}, expiry=expiry)

    made = legs(plan(legs=CALL + "lots = 2\n"), (expiry,), chain, known)

    assert isinstance(made, tuple)
    assert (made[0].symbol, made[0].lot, made[0].quantity) == (symbol, lot, 2 * lot)


def test_an_equity_is_its_own_contract() -> None:
    """Neither expiry nor strike nor basis are asked for."""
    made = legs(plan(legs=STOCK), (None,), Chain(QUOTES), contracts)

    assert isinstance(made, tuple)
    assert (made[0].symbol, made[0].quantity, made[0].strike_e4) == ("RELIANCE", 1, 0)


@pytest.mark.parametrize(
    ("leg", "chain", "contracts", "expected"),
    [
        (
            CALL,
            Chain(QUOTES, basis_e4=0),
            contracts,
            Fault("legs[0].strike", "no price to measure the money on yet"),
        ),
        (
            CALL.replace("atm = 0", "exact = 24600"),
            Chain(QUOTES),
            contracts,
            Fault("legs[0].strike", "the strike 24600.00 is not listed"),
        ),
        (
            CALL,
            Chain(QUOTES),
            none,
            Fault("legs[0]", "there is no contract NIFTY 2025-09-02 24550.00 CE"),
        ),
        (STOCK, Chain(QUOTES), none, Fault("legs[0]", "there is no contract RELIANCE EQ")),
        (
            CALL,
            Chain(QUOTES),
            unruled,
            Fault("legs[0]", "no lot of NIFTY is known for 2025-09-02"),
        ),
        (CALL, Chain({}), contracts, Fault("legs[0]", f"nobody bids for {CE}")),
        (
            CALL,
            Chain({CE: Quote(ltp_e4=1, ask_e4=1)}),
            contracts,
            Fault("legs[0]", f"nobody bids for {CE}"),
        ),
        (
            CALL.replace("sell", "buy"),
            Chain({CE: Quote(ltp_e4=1, bid_e4=1)}),
            contracts,
            Fault("legs[0]", f"nobody offers {CE}"),
        ),
        (
            CALL + "target = { points = 200 }\n",
            Chain(QUOTES),
            contracts,
            Fault("legs[0].target", "is on the wrong side of zero: it could never be reached"),
        ),
    ],
)
def test_a_leg_that_cannot_be_entered_refuses_the_whole(
    leg: str, chain: Chain, contracts, expected: Fault
) -> None:
    """No half of a strategy is entered, and the key that says why is told."""
    expiry = None if '"EQ"' in leg else EXPIRY

    assert legs(plan(legs=leg), (expiry,), chain, contracts) == expected


def test_a_rupee_stop_beyond_the_notional_refuses_the_whole() -> None:
    """75 units of strike 24,550 are 1,841,250 rupees."""
    within = plan(tail=GUARD.replace("6000", "1841250"))
    beyond = plan(tail=GUARD.replace("6000", "1841251"))

    assert isinstance(legs(within, (EXPIRY,), Chain(QUOTES), contracts), tuple)
    refused = legs(beyond, (EXPIRY,), Chain(QUOTES), contracts)
    assert isinstance(refused, Fault)
    assert refused.place == "risk.stop.rupees"


@pytest.mark.parametrize(
    ("bid", "ask", "percent", "expected"),
    [
        (95, 105, 10, False),
        (95, 105, 9, True),
        (100, 100, 1, False),
        (0, 105, 10, True),
        (95, 0, 10, True),
    ],
)
def test_a_spread_is_measured_on_the_middle(
    bid: int, ask: int, percent: int, expected: bool
) -> None:
    """Exactly at the bound is still within it; a side without a price is wide."""
    assert is_wide(Quote(ltp_e4=1, bid_e4=bid, ask_e4=ask), percent * E4) == expected


def entering(bid_e4: int, ask_e4: int) -> LegPlan:
    instrument = contracts("NIFTY", Kind.CALL, EXPIRY, 24_550 * E4)
    assert instrument is not None
    quote = Quote(ltp_e4=1, bid_e4=bid_e4, ask_e4=ask_e4)
    return LegPlan("ce", instrument, Side.SELL, 75, LegRules(), quote)


def test_a_wide_spread_forbids_the_entry() -> None:
    """The first leg that is too wide is told with its prices."""
    five = plan(legs="[entry.max_spread]\npercent = 5\n" + CALL)
    fine, wide = entering(100 * E4, 105 * E4), entering(100 * E4, 106 * E4)

    assert spread_fault(five, [fine, fine]) is None
    assert spread_fault(five, [fine, wide]) == Fault(
        "entry.max_spread", f"{CE} stands at 100.00 to 106.00"
    )
    assert spread_fault(plan(), [wide]) is None


def quoted(last: int, bid: int = 60, ask: int = 62) -> Quote:
    return Quote(last * E4, bid * E4, 75, ask * E4, 75)


def chosen(two: Plan, *quotes: Quote) -> tuple[LegPlan, ...]:
    """Return a call, and a put, on these quotes."""
    made = legs(
        two, (EXPIRY,) * len(two.legs), Chain(dict(zip((CE, PE), quotes, strict=False))), contracts
    )
    assert isinstance(made, tuple)
    return made


STOP, BIDS, AT_TOUCH = "stop = { percent = 60 }\n", quoted(60), '[risk]\nmark = "touch"\n'


@pytest.mark.parametrize(
    ("legs_text", "risk", "quote", "expected"),
    [
        (CALL + STOP, "", quoted(150), ("legs[0].stop", 60, 150)),
        (CALL + STOP, "", quoted(96), ("legs[0].stop", 60, 96)),
        (CALL + STOP, "", quoted(95), None),
        (CALL + STOP, AT_TOUCH, quoted(150), None),
        (CALL + STOP, AT_TOUCH, quoted(60, ask=96), ("legs[0].stop", 60, 96)),
        (CALL + STOP, '[risk]\non_leg_stop = "all"\n', quoted(150), ("legs[0].stop", 60, 150)),
        (CALL + "target = { percent = 60 }\n", GUARD, quoted(24), ("legs[0].target", 60, 24)),
        (CALL.replace("sell", "buy") + STOP, "", quoted(24), ("legs[0].stop", 62, 24)),
    ],
)
def test_a_leg_that_its_own_rule_would_leave_at_once_is_not_entered(
    legs_text: str, risk: str, quote: Quote, expected: tuple[str, int, int] | None
) -> None:
    """By what it counts as from its first frame on: the last price, perhaps of yesterday."""
    one = plan(legs=legs_text, tail=risk)
    fault = left_fault(one, legs(one, (EXPIRY,), Chain({CE: quote}), contracts))

    if expected is None:
        assert fault is None
        return
    place, entry, mark = expected
    why = f"would leave {CE} at once: entered at {entry}.00, it counts as {mark}.00"
    assert fault == Fault(place, why)


@pytest.mark.parametrize(
    ("risk", "last", "place"),
    [
        ("combined_premium_stop = { percent = 25 }", 90, "risk.combined_premium_stop"),
        ("combined_premium_stop = { percent = 25 }", 89, None),
        ("stop = { rupees = 2250 }", 90, "risk.stop"),
        ("stop = { rupees = 2251 }", 90, None),
        ("stop = { rupees = 9999 }\ntarget = { rupees = 750 }", 50, "risk.target"),
        ("stop = { rupees = 9999 }\ntarget = { rupees = 751 }", 50, None),
    ],
)
def test_what_a_rule_of_the_whole_would_leave_at_once_is_not_entered(
    risk: str, last: int, place: str | None
) -> None:
    two = plan(legs=CALL + PUT, tail="[risk]\n" + risk)
    fault = left_fault(two, chosen(two, quoted(last), BIDS))

    assert (fault and fault.place) == place
    profit = {90: "-2250.00", 50: "750.00"}.get(last)
    why = f"would leave all at once: it is entered at a profit of {profit}"
    assert fault is None or fault.reason == why


@pytest.mark.parametrize(
    ("last", "profit"), [(33, "2025.00"), (34, None), (60, None)], ids=["at", "below", "none"]
)
def test_a_profit_that_an_old_last_price_would_lock_at_once_is_not_entered(
    last: int, profit: str | None
) -> None:
    """The lock would hold it against the first real price, and leave at a loss."""
    two = plan(legs=CALL + PUT, tail=GUARD + "lock_and_trail = { at = 2025, lock = 1000 }\n")
    fault = left_fault(two, chosen(two, quoted(last), BIDS))

    why = f"would lock at once: it is entered at a profit of {profit}"
    assert fault == (Fault("risk.lock_and_trail", why) if profit else None)


@pytest.mark.parametrize(
    ("legs_text", "last", "expected"),
    [
        (PUT + STOP + CALL, 50, ("legs[1].trail", 60, 50)),
        (PUT + STOP + CALL, 51, None),
        (PUT + STOP + CALL.replace("sell", "buy"), 72, ("legs[1].trail", 62, 72)),
        (PUT + STOP + CALL.replace("sell", "buy"), 71, None),
    ],
)
def test_a_leg_whose_stop_an_old_last_price_would_move_at_once_is_not_entered(
    legs_text: str, last: int, expected: tuple[str, int, int] | None
) -> None:
    """A trail follows what the leg counts as, and that nobody would have paid."""
    trail = STOP + "trail = { every = { points = 10 }, by = { points = 10 } }\n"
    two = plan(legs=legs_text + trail, tail="")
    fault = left_fault(two, chosen(two, quoted(last), BIDS))

    if expected is None:
        assert fault is None
        return
    place, entry, mark = expected
    why = f"would move the stop of {CE} at once: entered at {entry}.00, it counts as {mark}.00"
    assert fault == Fault(place, why)


def test_of_what_would_leave_at_once_that_is_said_before_what_a_stop_would_follow() -> None:
    trail = "trail = { every = { points = 10 }, by = { points = 10 } }\n"
    two = plan(legs=CALL + STOP + trail + PUT, tail=GUARD + "target = { rupees = 750 }\n")
    fault = left_fault(two, chosen(two, quoted(50), BIDS))

    assert fault is not None
    assert fault.place == "risk.target"


def test_of_a_spread_that_is_too_wide_that_is_said() -> None:
    """It is why the rule would leave at once."""
    five = plan(legs="[entry.max_spread]\npercent = 5\n" + CALL + STOP, tail=AT_TOUCH)
    made = legs(five, (EXPIRY,), Chain({CE: quoted(60, ask=96)}), contracts)

    assert isinstance(made, tuple)
    assert entry_fault(five, made) == Fault("entry.max_spread", f"{CE} stands at 60.00 to 96.00")
    assert entry_fault(plan(), made) is None


@pytest.mark.parametrize(
    ("side", "quote", "refused"),
    [
        ("buy", Quote(0, ask_e4=62 * E4, ask_quantity=75), True),
        ("sell", Quote(0, 60 * E4, 75), True),
        ("buy", Quote(61 * E4, ask_e4=62 * E4, ask_quantity=75), False),
        ("sell", Quote(61 * E4, 60 * E4, 75), False),
        ("sell", Quote(0, 60 * E4, 75, 62 * E4, 75), False),
    ],
)
def test_a_leg_without_a_price_to_measure_its_limit_against_is_not_entered(
    side: str, quote: Quote, refused: bool
) -> None:
    """Half a touch is no such price; the last price is, and so is the middle of a whole touch."""
    one = plan(legs=CALL.replace("sell", side))
    fault = Fault("legs[0]", f"{CE} has no price to measure its limit against")

    assert entry_fault(one, chosen(one, quote)) == (fault if refused else None)


@pytest.mark.parametrize(
    ("bid", "last", "rest", "expected"),
    [
        (30, 30, "", "legs[0].stop"),
        (31, 31, "", None),
        (31, 32, "", "risk.combined_premium_stop"),
        (30, 30, "stop = { rupees = 6000 }\n", None),
    ],
)
def test_a_premium_that_cancels_out_holds_no_short(
    bid: int, last: int, rest: str, expected: str | None
) -> None:
    """Two calls sold for 30 beside a put bought for 60; of 2 points a spread takes the quarter."""
    tail = "[risk]\ncombined_premium_stop = { percent = 25 }\n" + rest
    ratio = plan(legs=CALL + "lots = 2\n" + PUT.replace("sell", "buy"), tail=tail)
    put = quoted(60, bid=59, ask=60)
    fault = left_fault(ratio, chosen(ratio, quoted(last, bid=bid, ask=bid + 1), put))

    assert (fault and fault.place) == expected
    assert expected != "legs[0].stop" or fault == Fault(
        "legs[0].stop",
        f"nothing would hold {CE}: a share of the premium is no stop where what is sold and "
        "bought cancels out",
    )
