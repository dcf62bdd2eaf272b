"""A newer file of contracts beside earlier ones: what stays of those, and when it is none."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import date, time

import pytest

from daemon.brokers.zerodha.earlier import Listing, fetched, kept, recalled
from daemon.brokers.zerodha.instruments import HEADER
from daemon.domain.instants import at
from daemon.errors import WireGarbled
from tests.kit.recordings import data_path

DAY, NEXT, LATER = date(2026, 8, 18), date(2026, 8, 19), date(2026, 8, 26)
CALL = "NIFTY-2026-08-25-24350-CE"
INDICES = [
    "256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE",
    "265,1,SENSEX,SENSEX,0,,0,0,0,EQ,INDICES,BSE",
]
SHARES = [
    f"{number * 256 + 1},{number},SHARE{number},A SHARE,0,,0,0.05,1,EQ,NSE,NSE"
    for number in range(2_000, 2_600)
]
STRIKES = tuple(range(10_000, 40_000, 50))
MIDST = STRIKES.index(24_350)


def option(strike: int, expiry: str = "2026-08-25", named: str = "26AUG", token: int = 0) -> str:
    number = token or (strike * 100 + int(expiry[5:7]) * 31 + int(expiry[8:])) * 256 + 2
    terms = f"NIFTY,0,{expiry},{strike},0.05,65,CE,NFO-OPT,NFO"
    return f"{number},1,NIFTY{named}{strike}CE,{terms}"


OF_DAY = [option(strike, "2026-08-18", "26818") for strike in STRIKES]
OF_MONTH = [option(strike) for strike in STRIKES]
ABROAD = ["53496327,208970,GOLD26OCTFUT,GOLD,0,2026-10-05,0,1,1,FUT,MCX-FUT,MCX"]
WHOLE = [*ABROAD, *OF_DAY, *OF_MONTH, *INDICES, *SHARES]


def file(lines: Iterable[str]) -> str:
    return "\n".join([HEADER, *lines, ""])


def without(*lost: str) -> list[str]:
    return [line for line in WHOLE if line not in lost]


def morning(day: date, hour: time = time(8, 35)) -> int:
    return at(day, hour)


BEFORE = fetched(file(WHOLE), morning(DAY), None)


def after(lines: Iterable[str], day: date = NEXT, before: Listing = BEFORE) -> Listing:
    return fetched(file(lines), morning(day), before)


def test_what_a_newer_file_lacks_is_found_as_before_and_told_as_missing():
    listing = after(without(OF_MONTH[MIDST]))

    assert listing.missing == {"NFO:NIFTY26AUG24350CE"}
    assert listing.master.of_symbol(CALL) == BEFORE.master.of_symbol(CALL)
    assert listing.master.symbol_of("NFO", "NIFTY26AUG24350CE") == CALL
    assert listing.master.of_token(BEFORE.master.of_symbol(CALL).token).symbol == CALL
    assert listing.fresh(BEFORE) == ["NFO:NIFTY26AUG24350CE"]


def test_what_is_missing_stays_for_days_and_over_the_disk_until_it_expires_or_comes_back():
    first = after(without(OF_MONTH[MIDST]))
    held = recalled(kept(file(without(OF_MONTH[MIDST])), first), morning(NEXT))
    assert (held.master.lines, held.missing) == (first.master.lines, first.missing)

    second = after(without(OF_MONTH[MIDST]), date(2026, 8, 25), held)
    assert second.missing == first.missing
    assert second.fresh(held) == []
    assert after([*OF_MONTH, *INDICES, *SHARES, *ABROAD], date(2026, 8, 25), held).missing == set()

    later = [*ABROAD, *INDICES, *SHARES, option(24_350, "2026-09-29", "26SEP")]
    assert after(later, LATER, second).missing == set()


def test_what_was_kept_of_a_whole_file_is_that_file():
    assert kept(file(WHOLE), BEFORE) == file(WHOLE)
    assert recalled(file(WHOLE), morning(DAY)) == BEFORE


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (OF_MONTH, "of 600 of NFO that were listed before and have not expired it lacks 600"),
        (OF_MONTH[:200], "of 600 of NFO that were listed before and have not expired it lacks 200"),
        ([INDICES[0], *SHARES], "of 601 of NSE that were listed before and have not expired it"),
    ],
    ids=["all derivatives", "a third of them", "all of NSE"],
)
def test_a_file_that_lacks_most_of_an_exchange_is_none(lost, told):
    with pytest.raises(WireGarbled, match=f"is not whole: {told}"):
        after(without(*lost))


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ([*OF_DAY, *OF_MONTH], "it has nothing of NFO"),
        ([INDICES[0]], "it has no index of NSE"),
        ([INDICES[0], *SHARES], "it has no index of NSE"),
    ],
    ids=["no derivatives", "no index", "all of NSE"],
)
def test_a_file_that_lacks_what_every_file_has_is_none_on_a_first_start_and_beside_few(lost, why):
    few = fetched(file([INDICES[0], OF_MONTH[0]]), morning(DAY), None)
    for before in (None, few):
        with pytest.raises(WireGarbled, match=why):
            fetched(file(without(*lost)), morning(DAY), before)


def test_what_expired_is_no_loss():
    """The day after an expiry of the month lacks half of the file."""
    later = [*ABROAD, *INDICES, *SHARES, option(24_350, "2026-09-29", "26SEP")]

    assert after(later, LATER).missing == set()
    with pytest.raises(WireGarbled, match="of 600 of NFO"):
        after(later, date(2026, 8, 24))


def test_what_expires_on_the_day_may_be_gone_by_its_evening():
    evening = fetched(file(without(*OF_DAY)), morning(DAY, time(19)), BEFORE)

    assert len(evening.missing) == len(OF_DAY)


def test_a_file_that_was_made_before_the_morning_is_no_worse_than_the_one_after_it():
    early = fetched(file(without(OF_MONTH[MIDST])), morning(NEXT, time(7, 40)), None)

    listing = after(WHOLE, NEXT, early)
    assert (listing.missing, listing.fresh(early)) == (set(), [])


def test_shares_that_are_delisted_stay_and_nobody_is_told():
    listing = after(without(SHARES[0]))

    assert listing.missing == {"NSE:SHARE2000"}
    assert listing.fresh(BEFORE) == []


def test_an_exchange_where_ordo_does_not_trade_may_end_and_its_contracts_are_known_still():
    listing = after(without(*ABROAD))

    assert listing.missing == {"MCX:GOLD26OCTFUT"}
    assert listing.fresh(BEFORE) == []


def test_an_index_of_two_may_end():
    assert after(without(INDICES[1])).missing == {"BSE:SENSEX"}


def test_bills_and_loans_come_and_go():
    bills = [
        f"{number * 256 + 1},{number},364D{number}-TB,A BILL,0,,0,0.05,1,EQ,NSE,NSE"
        for number in range(3_000, 3_400)
    ]
    before = fetched(file([*WHOLE, *bills]), morning(DAY), None)

    assert len(after(WHOLE, NEXT, before).missing) == len(bills)


def test_what_ordo_has_no_symbol_for_is_not_counted():
    """Options of shares are traded by Ordo at NFO alone."""
    at_bse = [
        f"{number}4,1,SENSEX26AUG{number}CE,SENSEX,0,2026-08-27,{number},0.05,20,CE,BFO-OPT,BFO"
        for number in range(30_000, 80_000, 100)
    ]
    of_shares = [f"9{line}".replace("SENSEX", "SBIN") for line in at_bse]
    before = fetched(file([*WHOLE, *at_bse, *of_shares]), morning(DAY), None)

    assert len(after([*WHOLE, *at_bse], NEXT, before).missing) == len(of_shares)
    with pytest.raises(WireGarbled, match="of 500 of BFO that were listed before"):
        after([*WHOLE, *of_shares], NEXT, before)


def test_of_few_contracts_all_may_be_others():
    """So it is with a stand-in of another seed, and with what has not expired of an old file."""
    some = [*ABROAD, *INDICES, *SHARES[:400], *OF_MONTH[:400]]
    before = fetched(file(some), morning(DAY), None)

    assert len(after([INDICES[0], *OF_MONTH[400:]], NEXT, before).missing) == 802


def test_what_was_missing_before_is_no_loss_of_today():
    first = after(without(*OF_MONTH[:150]))
    second = after(without(*OF_MONTH[:300]), date(2026, 8, 20), first)

    assert len(second.missing) == 300
    assert len(second.fresh(first)) == 150


def test_what_is_called_otherwise_now_is_not_missing():
    """All options of a share are, once it pays out so much that its strikes are moved."""
    renamed = [
        option(strike, named="26AUG0", token=int(line.partition(",")[0]))
        for strike, line in zip(STRIKES, OF_MONTH, strict=True)
    ]
    share = SHARES[0].replace("SHARE2000", "RENAMED")
    lines = [share if line == SHARES[0] else line for line in without(*OF_MONTH)]

    listing = after([*lines, *renamed])
    assert listing.missing == set()
    assert listing.master.of_symbol(CALL) is None


def test_what_has_another_name_and_number_for_one_symbol_is_not_missing():
    again = [
        option(strike, "2026-08-25", "26825", token=number * 256 + 2)
        for number, strike in enumerate(STRIKES[MIDST : MIDST + 2], 9_000_000)
    ]
    listing = after([*without(*OF_MONTH[MIDST : MIDST + 2]), *again])

    assert listing.missing == set()
    assert listing.master.of_symbol(CALL).name == "NIFTY2682524350CE"


def test_what_cannot_be_understood_under_its_symbol_does_not_stand_for_what_is_missing():
    spoilt = option(24_350, "2026-08-25", "26825", token=7 * 256 + 2).replace(",65,", ",many,")

    assert after([*without(OF_MONTH[MIDST]), spoilt]).missing == {"NFO:NIFTY26AUG24350CE"}


def test_a_number_that_is_given_to_another_contract_is_that_of_the_newer():
    """Once a contract has expired its number may be used again."""
    token = BEFORE.master.of_symbol("NIFTY-2026-08-18-24350-CE").token
    other = option(24_350, "2026-09-29", "26SEP", token=token)

    listing = after([*without(*OF_DAY), other])
    assert listing.missing == set()
    assert listing.master.of_token(token).symbol == "NIFTY-2026-09-29-24350-CE"


def test_other_lots_and_ticks_are_those_of_the_newer_file():
    lines = [line.replace(",0.05,65,", ",0.1,75,") for line in WHOLE]

    listing = after(lines)
    named = listing.master.of_symbol(CALL)
    assert (listing.missing, named.lot, named.tick_e4) == (set(), 75, 1_000)


@pytest.fixture(scope="module")
def real():
    """The lines of a real day at NFO and BFO, with what stands for the rest of the file."""
    path = data_path("instruments/kite_nfo_bfo_instruments_2026-08-18.csv.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    return [*lines, *INDICES, *SHARES]


@pytest.mark.untraced
@pytest.mark.parametrize("day", [NEXT, date(2026, 8, 26), date(2026, 9, 30), date(2027, 1, 4)])
def test_of_a_real_file_no_expiry_is_a_loss_by_the_next_morning(real, day):
    before = fetched(file(real), morning(DAY), None)
    left = [line for line in real if not "" < line.rsplit(",", 7)[1] < day.isoformat()]

    assert len(left) < len(real)
    assert fetched(file(left), morning(day), before).missing == set()


@pytest.mark.untraced
def test_a_real_file_that_is_cut_at_the_end_of_a_line_is_none(real):
    before = fetched(file(real), morning(DAY), None)
    of_nfo = [line for line in real if line.endswith(",NFO")]
    rest = [line for line in real if not line.endswith(",NFO")]

    for share in (0, 1, 50, 66):
        some = of_nfo[: len(of_nfo) * share // 100]
        with pytest.raises(WireGarbled, match="of NFO that were listed before"):
            fetched(file([*rest, *some]), morning(NEXT), before)


@pytest.mark.untraced
def test_of_a_real_file_an_underlying_may_end_and_stays_for_what_is_held(real):
    before = fetched(file(real), morning(DAY), None)
    listing = fetched(
        file(line for line in real if ",BANKNIFTY," not in line), morning(NEXT), before
    )

    lost = [line for line in real if ",BANKNIFTY," in line]
    assert len(listing.missing) == len(lost) > 500
    assert listing.master.lines == before.master.lines
