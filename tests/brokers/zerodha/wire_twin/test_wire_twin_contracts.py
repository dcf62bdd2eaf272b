"""What is listed at the twin, under Zerodha's names, and in which words it says no."""

from __future__ import annotations

import pytest

from daemon.brokers.zerodha.answers import kind_of
from daemon.brokers.zerodha.instruments import read
from daemon.brokers.zerodha.wire_twin import contracts
from daemon.brokers.zerodha.wire_twin.words import refused
from daemon.domain.market.instruments import contract
from daemon.domain.orders.words import Refusal
from daemon.twin.words import Reason, Refused
from tests.kit.wire_twin import CALL, DAY, NAME, OPEN_NS, twin

HISTORY, SPAN = "/instruments/historical", "from=2026-03-09&to=2026-03-10"
LISTED = {
    CALL: f"NFO:{NAME}",
    "NIFTY-2026-03-30-25800-PE": "NFO:NIFTY26MAR25800PE",
    "NIFTY-2026-03-30-FUT": "NFO:NIFTY26MARFUT",
    "SENSEX-2026-03-12-80500-CE": "BFO:SENSEX2631280500CE",
    "NIFTY": "NSE:NIFTY 50",
    "SENSEX": "BSE:SENSEX",
    "INFY": "NSE:INFY",
}


def test_each_is_listed_under_its_name_and_found_by_our_own_reader():
    listed = contracts.Contracts(LISTED, DAY)
    master = read(listed.file(), OPEN_NS)

    assert {symbol: each.key for symbol, each in listed.of_symbol.items()} == LISTED
    assert {symbol: master.of_symbol(symbol).token for symbol in LISTED} == {
        symbol: each.token for symbol, each in listed.of_symbol.items()
    }
    assert listed.of_symbol["NIFTY"].token == 256_265
    assert listed.of_symbol["SENSEX"].token == 265


def test_what_no_rule_knows_is_not_listed():
    assert not contracts.Contracts(("NOBODY-2026-03-30-FUT",), DAY).of_symbol


def test_a_number_that_is_taken_gives_way_to_the_next(monkeypatch):
    monkeypatch.setattr(contracts, "crc32", lambda _: 7)
    listed = contracts.Contracts((CALL, CALL.replace("25800", "25850")), DAY)

    assert list(listed.of_token) == [7 << 8 | 2, 8 << 8 | 2]


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.RATE, Reason.OTHER}))
def test_every_reason_is_read_as_what_it_is(reason):
    denied = refused(Refused(reason, "why", 0), contract(CALL, DAY, strict=False), 6_500)

    assert kind_of(str(denied)) is Refusal(reason.value)


def test_too_many_messages_and_all_else_are_told_apart():
    listed = contract(CALL, DAY, strict=False)

    assert refused(Refused(Reason.RATE, "why", 0), listed, 65).status == 429
    assert "why" in str(refused(Refused(Reason.OTHER, "why", 0), listed, 65))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            f"{HISTORY}/{{token}}/hour?{SPAN}",
            "Invalid `interval`.",
        ),
        (f"{HISTORY}/9/minute?{SPAN}", "invalid token"),
        (
            HISTORY + "/{token}/minute?from=soon&to=late",
            "Invalid `from` or `to` date.",
        ),
        ("/quote/ltp?" + "i=NFO:X&" * 1_001, "Too many instruments."),
        ("/quote/nothing?i=NFO:X", "Route not found"),
        ("/user/margins/gold", "Invalid `segment`."),
    ],
)
async def test_a_question_that_cannot_be_is_told_so(path, said):
    async with twin() as client:
        token = client.parts.house.desk.contracts.of_symbol[CALL].token
        told = await client.ask("GET", path.format(token=token))

    assert told.error[2] == said


async def test_a_day_is_one_candle():
    async with twin(second=180) as client:
        token = client.parts.house.desk.contracts.of_symbol[CALL].token
        path = f"/instruments/historical/{token}/day?from=2026-03-09&to=2026-03-10"
        (candle,) = (await client.ask("GET", path)).data["candles"]

    assert candle == ["2026-03-09T00:00:00+0530", 200, 200, 200, 200, 4 * 65]


async def test_quotes_are_found_by_token_too():
    async with twin() as client:
        token = client.parts.house.desk.contracts.of_symbol[CALL].token
        told = (await client.ask("GET", f"/quote/ohlc?i={token}")).data

    assert told[str(token)]["ohlc"]["open"] == 200


async def test_a_body_that_is_no_list_of_orders_is_refused():
    async with twin() as client:
        answers = [
            await client.ask("POST", "/margins/orders", data=body)
            for body in ("{", "{}", '[{"exchange": "NFO"}]')
        ]

    assert {each.error[:2] for each in answers} == {(400, "InputException")}
