import pytest
from msgspec.structs import replace

from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import e4
from daemon.domain.orders.book import Book
from daemon.domain.orders.limits import Approved, gate
from daemon.domain.orders.slices import slices
from daemon.domain.orders.view import Limits, Reach
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Side, State
from tests.kit.asked import DAY, INTENT, NOW, VIEW


def _contracts(underlying, lot, freeze_quantity, strikes):
    kinds = [Kind.PUT, Kind.CALL] * 2
    for kind, strike, premium in zip(kinds, strikes, (250, 250, 3, 3), strict=False):
        symbol = f"{underlying}-2026-11-23-{strike}-{kind.value}"
        contract = Instrument(
            symbol, underlying, kind, lot, e4("0.05"), freeze_quantity, DAY, e4(strike)
        )
        yield contract, e4(premium)


STRUCTURES = [
    ("NIFTY", 65, 1800, (24550, 24550)),
    ("NIFTY", 65, 1800, (24350, 24750, 23950, 25150)),
    ("BANKNIFTY", 30, 600, (58000, 58000)),
    ("BANKNIFTY", 30, 600, (57000, 59000, 55000, 61000)),
    ("SENSEX", 20, 1000, (85000, 85000)),
    ("SENSEX", 20, 1000, (84000, 86000, 82000, 88000)),
]


@pytest.mark.parametrize("lots", [1, 50])
@pytest.mark.parametrize(("underlying", "lot", "freeze_quantity", "strikes"), STRUCTURES)
def test_a_fresh_install_passes_index_straddles_and_condors(
    underlying, lot, freeze_quantity, strikes, lots
):
    """From one lot to fifty, slice by slice, each counted once it is approved."""
    book, limits = Book(), Limits()
    legs = list(_contracts(underlying, lot, freeze_quantity, strikes))
    for number, (contract, premium_e4) in enumerate(legs):
        for part, quantity in enumerate(slices(lots * lot, freeze_quantity, lot)):
            intent = replace(
                INTENT,
                intent_id=f"OR{number}{part}",
                symbol=contract.symbol,
                side=Side.SELL if number < 2 else Side.BUY,
                quantity=quantity,
                price_e4=premium_e4,
            )
            low, high = book.possible_exposure(contract.symbol)
            others = (s for s in book.symbols() if s != contract.symbol)
            elsewhere = sum(max(map(abs, book.possible_exposure(s))) // lot for s in others)
            reach = Reach(low, high, elsewhere)
            view = replace(
                VIEW,
                instrument=contract,
                ticks_e4=(premium_e4,),
                low_e4=0,
                high_e4=0,
                account=reach,
                strategy=reach,
                fresh={contract.symbol: True},
                again=True,
            )
            assert isinstance(gate(intent, view, limits, NOW), Approved)
            book.apply(IntentRecorded(intent, NOW))
            book.apply(
                OrderUpdated(intent.intent_id, str(part), State.FILLED, quantity, quantity, NOW)
            )
    assert {abs(book.net(contract.symbol)) for contract, _ in legs} == {lots * lot}
