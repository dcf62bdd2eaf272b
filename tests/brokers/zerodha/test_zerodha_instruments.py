"""Zerodha's file of contracts: two indexes, our symbols, and whether it is today's."""

from __future__ import annotations

import gzip
import os
import random
from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.brokers.zerodha.instruments import objection_to_lot, read
from daemon.brokers.zerodha.symbols import Named, name_of, parse_name
from daemon.domain.instants import at
from daemon.domain.market.instruments import Kind
from daemon.errors import WireGarbled
from tests.kit.recordings import data_path

DAY = date(2026, 8, 18)
FETCHED = at(DAY, time(8, 31))
HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    "lot_size,instrument_type,segment,exchange"
)
LINES = [
    "256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE",
    "260105,1016,NIFTY BANK,NIFTY BANK,0.0,,0.0,0.0,0,EQ,INDICES,NSE",
    "264969,1035,INDIA VIX,INDIA VIX,0.0,,0.0,0.0,0,EQ,INDICES,NSE",
    "779521,3045,SBIN,STATE BANK OF INDIA,0.0,,0.0,0.05,1,EQ,NSE,NSE",
    '519937,2031,M&M,"MAHINDRA, AND MAHINDRA",0.0,,0.0,0.05,1,EQ,NSE,NSE',
    "128028676,500112,SBIN,STATE BANK OF INDIA,0.0,,0.0,0.05,1,EQ,BSE,BSE",
    '14866434,58072,NIFTY26AUGFUT,"NIFTY",0,2026-08-25,0,0.1,65,FUT,NFO-FUT,NFO',
    '11111170,43403,NIFTY2681824350CE,"NIFTY",0.0,2026-08-18,24350.0,0.05,65,CE,NFO-OPT,NFO',
    "11111426,43404,NIFTY26AUG24350PE,NIFTY,0.0,2026-08-25,24350,0.05,65,PE,NFO-OPT,NFO",
    "21671426,84654,ASHOKLEY26AUG172.5CE,,0.0,2026-08-25,172.5,0.01,5000,CE,NFO-OPT,NFO",
    "215555333,842013,SENSEX26O0176200CE,SENSEX,0.0,2026-10-01,76200.0,0.05,20,CE,BFO-OPT,BFO",
    "215555589,842014,SBIN26AUGFUT,SBIN,0.0,2026-08-27,0.0,0.05,750,FUT,BFO-FUT,BFO",
    "412675,1612,USDINR26AUGFUT,USDINR,0.0,2026-08-27,0.0,0.0025,1,FUT,CDS-FUT,CDS",
    "53496327,208970,GOLD26OCTFUT,GOLD,0.0,2026-10-05,0.0,1.0,1,FUT,MCX-FUT,MCX",
    "77,0,SOMETHING,SOME THING,0.0,,,,1,EQ,GLOBAL,GLOBAL",
]
SYMBOLS = {
    "NSE:NIFTY 50": "NIFTY",
    "NSE:NIFTY BANK": "BANKNIFTY",
    "NSE:INDIA VIX": "NSE:INDIA VIX",
    "NSE:SBIN": "SBIN",
    "NSE:M&M": "M&M",
    "BSE:SBIN": "BSE:SBIN",
    "NFO:NIFTY26AUGFUT": "NIFTY-2026-08-25-FUT",
    "NFO:NIFTY2681824350CE": "NIFTY-2026-08-18-24350-CE",
    "NFO:NIFTY26AUG24350PE": "NIFTY-2026-08-25-24350-PE",
    "NFO:ASHOKLEY26AUG172.5CE": "ASHOKLEY-2026-08-25-172.5-CE",
    "BFO:SENSEX26O0176200CE": "SENSEX-2026-10-01-76200-CE",
    "BFO:SBIN26AUGFUT": "BFO:SBIN26AUGFUT",
    "CDS:USDINR26AUGFUT": "CDS:USDINR26AUGFUT",
    "MCX:GOLD26OCTFUT": "MCX:GOLD26OCTFUT",
    "GLOBAL:SOMETHING": "GLOBAL:SOMETHING",
}
OPTION = "NIFTY-2026-08-18-24350-CE"
MUTATIONS = int(os.environ.get("ORDO_FUZZ", "500"))
SEED = int(os.environ.get("ORDO_FUZZ_SEED", "1"))


def file(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


MASTER = read(file(*LINES), FETCHED)


@pytest.mark.parametrize(("name", "symbol"), SYMBOLS.items())
def test_what_is_listed_is_found_by_name_by_token_and_by_symbol(name, symbol):
    listed = MASTER.of_name(name)

    assert listed.symbol == symbol
    assert f"{listed.exchange}:{listed.name}" == name
    assert MASTER.of_token(listed.token) == MASTER.of_symbol(symbol) == listed
    assert (listed.parts is None) == (":" in symbol)


def test_what_is_held_bears_our_symbol_and_its_own_name_where_there_is_none():
    damaged = read(file(LINES[7].replace("2026-08-18", "2026-08-40"), LINES[8]), FETCHED)

    assert MASTER.symbol_of("NFO", "NIFTY2681824350CE") == "NIFTY-2026-08-18-24350-CE"
    assert MASTER.symbol_of("MCX", "GOLD26OCTFUT") == "MCX:GOLD26OCTFUT"
    assert MASTER.symbol_of("NFO", "GONE26AUGFUT") == "NFO:GONE26AUGFUT"
    assert damaged.symbol_of("NFO", "NIFTY2681824350CE") == "NFO:NIFTY2681824350CE"


def test_a_line_tells_lot_and_tick():
    listed = MASTER.of_symbol("NIFTY-2026-08-18-24350-CE")

    assert (listed.token, listed.lot, listed.tick_e4) == (11_111_170, 65, 500)


@pytest.mark.parametrize(
    ("lot", "objection"),
    [
        ("65", ""),
        ("130", "in lots of 130, and the lot is 65 by Ordo's own tables; a newer Ordo is needed"),
        ("13", "in lots of 13, and the lot is 65 by Ordo's own tables; a newer Ordo is needed"),
    ],
)
def test_a_contract_of_other_lots_than_our_tables_say_is_objected_to(lot, objection):
    """Of half the lot an order of one lot was two, and nobody was told."""
    option = next(line for line in LINES if "NIFTY2681824350CE" in line)
    named = read(file(option.replace(",65,CE,", f",{lot},CE,")), FETCHED).of_symbol(OPTION)
    assert objection in objection_to_lot(named, DAY)
    assert bool(objection_to_lot(named, DAY)) == bool(objection)


def test_of_what_our_tables_have_no_lot_of_none_is_wrong():
    assert objection_to_lot(MASTER.of_symbol("NIFTY"), DAY) == ""
    abroad = MASTER.of_name("MCX:GOLD26OCTFUT")
    assert objection_to_lot(abroad, DAY) == ""
    option = MASTER.of_symbol(OPTION)
    unknown = replace(option, parts=replace(option.parts, underlying="NOBODY"))
    assert objection_to_lot(unknown, DAY) == ""


def test_an_index_has_neither_lot_nor_tick():
    listed = MASTER.of_symbol("NIFTY")

    assert (listed.lot, listed.tick_e4) == (0, 0)


@pytest.mark.parametrize(
    "symbol", ["TCS", "NIFTY-2026-08-25-24400-CE", "FINNIFTY", "MCX:SILVER", "no symbol", ""]
)
def test_what_is_not_listed_is_none(symbol):
    assert MASTER.of_symbol(symbol) is None
    assert MASTER.of_token(1) is None


def test_a_name_of_the_month_stands_for_its_own_day_alone():
    assert MASTER.of_symbol("NIFTY-2026-08-26-24350-PE") is None


@pytest.mark.parametrize(
    ("fetched", "day", "objection"),
    [
        (FETCHED, DAY, ""),
        (FETCHED, date(2026, 8, 19), "those of 2026-08-18, and not of 2026-08-19"),
        (at(DAY, time(8, 29)), DAY, "fetched before 08:30"),
        (at(date(2026, 8, 19), time(9)), date(2026, 8, 19), "some expired on 2026-08-18"),
    ],
)
def test_a_file_that_is_not_today_s_is_told(fetched, day, objection):
    told = read(file(*LINES), fetched).objection(day)

    assert objection in told
    assert bool(told) == bool(objection)


@pytest.mark.parametrize(
    "old",
    [LINES[13].replace("2026-10-05", "2026-08-17"), LINES[12].replace("2026-08-27", "2026-08-17"),
     LINES[14].replace("0.0,,", "0.0,0001-01-01,")],
)  # fmt: skip
def test_what_has_expired_where_nothing_of_ours_is_traded_gives_no_file_away(old):
    assert read(file(*LINES, old), FETCHED).objection(DAY) == ""


def test_where_nothing_expires_the_day_of_fetching_counts_alone():
    assert read(file(LINES[0]), FETCHED).objection(DAY) == ""


@pytest.mark.parametrize(
    "text",
    ["", "\n", "<html>502 Bad Gateway</html>", HEADER, HEADER + "\n", "a,b,c\n1,2,3\n",
     file(LINES[0], LINES[6])[:-60], file(LINES[0], LINES[6])[:-3], file(LINES[0], LINES[6])[:-1]],
)  # fmt: skip
def test_what_is_no_whole_file_of_contracts_is_refused(text):
    with pytest.raises(WireGarbled, match="file of contracts"):
        read(text, FETCHED)


def test_a_file_of_which_no_derivative_is_understood_is_refused():
    with pytest.raises(WireGarbled, match=r"no future in .* '14866434.*<NIFTY>"):
        read(file(LINES[0], LINES[6].replace('"NIFTY"', "<NIFTY>")), FETCHED)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(",65,", ",65.0,"), ("2026-08-25", "25-Aug-2026"), ("2026-08-25", "2026-08-25 00:00:00"),
     (",0.05,", ",5E-2,"), (",24350,", ",0.0,"), (",PE,", ",PUT,")],
)  # fmt: skip
@pytest.mark.parametrize("others", [(), (LINES[6],)], ids=["alone", "beside a future"])
def test_a_file_of_which_no_option_can_be_read_is_refused(right, wrong, others):
    with pytest.raises(WireGarbled, match=r"no option in .* '11111426"):
        read(file(*others, LINES[8].replace(right, wrong)), FETCHED)


def test_a_file_of_which_no_future_can_be_read_is_refused():
    with pytest.raises(WireGarbled, match=r"no future in .* '14866434"):
        read(file(LINES[6].replace(",65,", ",65.0,"), LINES[8]), FETCHED)


def test_a_line_that_cannot_be_understood_is_left_out_and_counted():
    strange = LINES[0].replace("256265", "none")
    master = read(file("x,y,z", *LINES, strange), FETCHED)

    assert master.unread == 2
    assert len(master.lines) == len(LINES)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("24350.0,", "high,"), ("2026-08-18", "2026-08-40"), ("0.05", "0.00001"), (",65,", ",many,"),
     (",CE,", ",XX,"), (",CE,", ",EQ,"), ("24350.0,", "0.0,"), ("24350.0", "1e999999")],
)  # fmt: skip
def test_a_line_with_a_wrong_number_fails_when_it_is_asked_for(right, wrong):
    master = read(file(LINES[7].replace(right, wrong), LINES[8]), FETCHED)

    with pytest.raises(WireGarbled, match="NIFTY2681824350CE"):
        master.of_token(11_111_170)


LIKE, PUT = LINES[8].replace("11111426", "11111427"), "26AUG24350PE"


@pytest.mark.parametrize(
    "line",
    [LIKE.replace(PUT, "2682724350PE"), LIKE.replace(PUT, "2682524350PE"),
     LIKE.replace(PUT, "26AUG24400PE"), LIKE.replace(PUT, "26AUG24400CE"),
     LIKE.replace(PUT, "26AUG24400PE").replace(",65,", ",many,")],
    ids=["another day", "a second name", "another strike", "another kind", "unreadable"],
)  # fmt: skip
def test_an_option_that_its_symbol_does_not_find_is_left_out_of_those_that_are_shown(line):
    master = read(file(*LINES, line), FETCHED)

    found, left_out = master.options("NIFTY", date(2026, 8, 25))
    assert [each.symbol for each in found] == ["NIFTY-2026-08-25-24350-PE"]
    assert left_out == (f"NFO:{line.split(',')[2]}",)


def test_a_mutated_file_is_read_or_refused_and_nothing_else():
    dice = random.Random(SEED)
    whole = file(*LINES)
    refused = 0
    for _ in range(MUTATIONS):
        letters = list(whole[: dice.randrange(len(whole))] if dice.random() < 0.2 else whole)
        for _ in range(min(len(letters), dice.randrange(1, 9))):
            letters[dice.randrange(len(letters))] = dice.choice(',\n\0"0159.-XY eé\u2028')
        try:
            master = read("".join(letters), FETCHED)
        except WireGarbled:
            refused += 1
            continue
        for name in master.lines:
            try:
                listed = master.of_name(name)
            except WireGarbled:
                refused += 1
            else:
                assert listed is not None

    assert refused > 0


@pytest.mark.untraced
def test_every_contract_of_a_real_day_bears_the_name_that_its_terms_give_it():
    """Of an underlying's expiries in a month the last is that of the month."""
    path = data_path("instruments/kite_nfo_bfo_instruments_2026-08-18.csv.gz")
    master = read(gzip.decompress(path.read_bytes()).decode(), FETCHED)
    rows = [line.split(",") for line in master.lines.values()]
    last: dict[tuple[str, str, str], str] = {}
    for row in rows:
        key = (row[11], row[3], row[5][:7])
        last[key] = max(last.get(key, ""), row[5])

    assert (master.unread, master.objection(DAY), len(rows)) == (0, "", 39_941)
    for row in rows[::7]:
        expiry, kind = date.fromisoformat(row[5]), Kind(row[9])
        is_of_month = last[row[11], row[3], row[5][:7]] == row[5]
        named = Named(
            row[3],
            expiry.year,
            expiry.month,
            0 if is_of_month else expiry.day,
            kind,
            round(float(row[6]) * 10_000) if kind.is_option else 0,
        )
        assert parse_name(row[2]) == named
        assert name_of(named) == row[2]
        listed = master.of_token(int(row[0]))
        assert master.of_symbol(listed.symbol) == listed


@pytest.mark.parametrize("name", ["instruments_all", "instruments_nse"])
def test_the_broker_s_own_samples_are_read(name):
    master = read(data_path(f"kite_mocks/{name}.csv").read_text(), FETCHED)

    assert (master.unread, len(master.names)) == (0, 99)
    assert all(master.of_token(token).token == token for token in master.names)
