"""What is held at the twin: by product, over the night, and past an expiry."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest

from daemon.brokers.zerodha.instruments import read
from daemon.cli.twin import generated, recorded
from daemon.domain.instants import at, day_of, moment_of
from daemon.domain.market.frames import Frame
from daemon.domain.money import E4
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import open_recording
from daemon.feeds.sample import sample_path
from daemon.worlds import front_expiry
from tests.kit.wire_twin import CALL, LOT, OPEN_NS, frame, quote, stage, twin

DAY_NS = 86_400 * 10**9
CASH_E4 = 1_000_000 * E4


async def held(client):
    return (await client.ask("GET", "/portfolio/positions")).data


async def test_products_are_kept_apart_and_a_closed_one_stays_for_the_day():
    async with twin() as client:
        await client.placed(price=201)
        await client.placed(price=201, product="MIS")
        await client.placed(price=199, product="MIS", transaction_type="SELL")
        net = {each["product"]: each for each in (await held(client))["net"]}

    assert net["NRML"]["quantity"] == LOT
    assert (net["MIS"]["quantity"], net["MIS"]["value"]) == (0, -2 * LOT)
    assert net["NRML"]["pnl"] == net["NRML"]["value"] + LOT * net["NRML"]["last_price"]


async def test_what_is_carried_overnight_is_not_the_days():
    days = (
        frame(0, call=quote(200)),
        Frame(OPEN_NS + DAY_NS, {CALL: quote(210)}),
    )
    async with twin(stage(days)) as client:
        await client.placed(price=201)
        await client.placed(price=199, transaction_type="SELL", product="MIS", quantity=2 * LOT)
        await client.advance(86_400)
        await client.log_in((await client.ask("POST", "/twin/request_token")).body["request_token"])
        carried = await held(client)
        await client.placed(price=209, transaction_type="SELL")
        after = (await held(client))["net"]

    assert carried["day"] == []
    long, short = carried["net"]
    assert (long["overnight_quantity"], long["buy_value"], long["day_buy_quantity"]) == (
        LOT,
        201 * LOT,
        0,
    )
    assert (short["quantity"], short["sell_price"], short["pnl"]) == (-2 * LOT, 199, -11 * 2 * LOT)
    assert (after[0]["quantity"], after[0]["value"]) == (0, 8 * LOT)


async def test_what_expires_is_settled_in_every_product():
    days = (frame(0, call=quote(200)), Frame(OPEN_NS + DAY_NS, {CALL: quote(210)}))
    async with twin(stage(days)) as client:
        await client.placed(price=201)
        await client.placed(price=199, transaction_type="SELL", product="MIS")
        await client.placed(price=201, product="MIS")
        await client.placed(price=199, product="CNC", transaction_type="SELL")
        await client.advance(86_400 + 7 * 3_600)
        desk = client.parts.house.desk
        desk.settle(date(2026, 3, 10), {"NIFTY": 25_950 * E4}, desk.now_ns)
        book = (await client.ask("GET", "/twin/book")).body

    assert book["held"] == []
    assert [each["sell_value"] for each in book["positions"]["net"]] == [
        150 * LOT,
        199 * LOT,
    ]


@pytest.mark.untraced
def test_a_generated_day_lists_all_that_it_will_quote():
    played = generated(7, CASH_E4)
    day = day_of(played.starts_ns)

    symbols = set(played.listed(day))

    assert f"{moment_of(played.starts_ns):%H:%M}" == "08:45"
    assert {"NIFTY", "SENSEX"} < symbols
    assert list(played.listed(date(2026, 3, 8))) == []


@pytest.mark.untraced
async def test_our_own_reader_understands_the_file_of_contracts_of_a_generated_day():
    async with twin(generated(7, CASH_E4), second=-1) as client:
        desk = client.parts.house.desk
        text = (await client.ask("GET", "/instruments")).body
        master = read(text, at(day_of(desk.now_ns), moment_of(desk.now_ns).time()))
        listings = desk.contracts.of_symbol

    assert master.objection(day_of(desk.now_ns)) == ""
    assert master.unread == 0
    for symbol, listing in listings.items():
        told = master.of_symbol(symbol)
        assert (told.token, told.name) == (listing.token, listing.name)
        assert told.lot in (listing.contract.lot, 0)


@pytest.mark.untraced
async def test_a_generated_market_can_be_entered_over_the_wire():
    async with twin(generated(7, CASH_E4)) as client:
        await client.advance(2)
        told = (await client.ask("GET", "/quote/ltp?i=NSE:NIFTY 50&i=BSE:SENSEX")).data

    assert all(each["last_price"] > 20_000 for each in told.values())
    assert len(told) == 2


@pytest.mark.untraced
async def test_a_recorded_day_is_played_to_its_end():
    with closing(open_recording(sample_path(), ReplayOptions(front=front_expiry))) as recording:
        played = recorded(recording, CASH_E4)
        async with twin(played, second=-1) as client:
            day = recording.days()[0].isoformat()
            told = await client.ask("POST", "/twin/advance", json={"to": f"{day}T16:00:00"})
            listed = client.parts.house.desk.contracts.of_symbol
            symbols = [listing.key for listing in listed.values()]
            known = (await client.ask("GET", f"/quote/ltp?i={symbols[-1]}")).data

    assert told.body == {"now": f"{day}T16:00:00+05:30", "over": True}
    assert known[symbols[-1]]["last_price"] > 0
