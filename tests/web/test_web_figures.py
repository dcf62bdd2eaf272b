import pytest
from msgspec.structs import replace

from daemon.messages.modes import Modes
from daemon.web.told import figures
from daemon.web.told.telling import day_told, profit_told, watch_told
from tests.kit.acting import CE
from tests.kit.watched import LEG, price, risk, watch

PAPER = Modes({"paper": "paper"})


def test_profit_and_loss_is_told_in_rupees_with_every_name_of_the_contract():
    locked = watch(lock="LOCKED", current_sl_e4=15_000_000, basket_id="straddle:2025-09-01")

    assert figures.pnl(risk(locked), PAPER) == {
        "market_time": "2025-09-01T10:00:00+05:30",
        "date": "2025-09-01",
        "feed": {"alive": True, "asked": False},
        "strategies": [
            {
                "strategy_id": "straddle",
                "account": "paper",
                "basket_id": "straddle:2025-09-01",
                "mode": "paper",
                "pnl": 776.25,
                "today": 776.25,
                "realised": 0.0,
                "unrealised": 776.25,
                "charges": 41.2,
                "status": "open",
                "risk": {"status": "LOCKED", "current_sl": 1500.0},
                "legs": [
                    {
                        "leg_id": "ce",
                        "account": "paper",
                        "symbol": CE,
                        "side": "sell",
                        "quantity": -75,
                        "entry": 112.35,
                        "ltp": 102.0,
                        "age_ms": 400,
                        "pnl": 776.25,
                        "stop": 146.05,
                        "target": None,
                        "guarded": True,
                    }
                ],
            }
        ],
        "accounts": [
            {
                "account": "paper",
                "mode": "paper",
                "pnl": 776.25,
                "today": 776.25,
                "realised": 0.0,
                "unrealised": 776.25,
                "charges": 41.2,
            }
        ],
    }


def test_what_is_not_there_is_null():
    bare = replace(LEG, age_ms=-1, ltp_e4=0, unguarded_because=("no_price", "link_dead"))
    told = figures.pnl(risk(watch(current_sl_e4=0, charges_e4=None, legs=(bare,))), PAPER)

    strategy = told["strategies"][0]
    leg = strategy["legs"][0]
    assert (strategy["risk"]["current_sl"], strategy["charges"]) == (None, None)
    assert (leg["age_ms"], leg["ltp"], leg["guarded"]) == (None, None, False)
    assert leg["unguarded_because"] == ["no_price", "link_dead"]


def test_a_profit_that_nobody_knows_is_null_and_so_is_the_sum_that_it_is_part_of():
    leg = replace(LEG, realised_e4=10_000, unrealised_e4=None)
    unknown = {"pnl_e4": None, "unrealised_e4": None, "today_e4": None}
    seen = watch("b", legs=(leg,), realised_e4=10_000, **unknown)
    document = figures.pnl(risk(watch("a"), seen), PAPER)

    strategy = document["strategies"][1]
    (account,) = document["accounts"]
    assert strategy["legs"][0]["pnl"] is None
    for told in (strategy, account):
        assert (told["pnl"], told["unrealised"], told["today"]) == (None, None, None)
        assert told["realised"] == 1.0
    looked_at, summed = watch_told(seen, "paper", "paper"), profit_told("paper", [seen], "paper")
    assert looked_at.legs[0].pnl is None
    for each in (looked_at, summed):
        assert (each.pnl, each.unrealised, each.realised) == (None, None, 1.0)
    assert day_told(summed).since_entry is None


@pytest.mark.parametrize(("lock", "told"), [("LOCKED", 0.0), ("NONE", None)])
def test_a_floor_at_break_even_is_a_floor(lock, told):
    seen = watch(lock=lock, current_sl_e4=0)

    (streamed,) = figures.pnl(risk(seen), PAPER)["strategies"]
    assert streamed["risk"] == {"status": lock, "current_sl": told}
    looked_at = watch_told(seen, "paper", "paper").risk
    assert (looked_at.status, looked_at.current_sl) == (lock, told)


@pytest.mark.parametrize(("charges_e4", "told"), [((10_000, 20_000), 3.0), ((10_000, None), None)])
def test_an_account_is_the_sum_of_its_strategies_and_knows_its_charges_where_all_do(
    charges_e4, told
):
    watches = [watch(name, charges_e4=each) for name, each in zip("ab", charges_e4, strict=True)]
    document = figures.pnl(risk(*watches), Modes({"paper": "paper", "other": "paper"}))

    paper, other = document["accounts"]
    assert (paper["account"], paper["pnl"], paper["charges"]) == ("paper", 1552.5, told)
    assert (other["account"], other["pnl"]) == ("other", 0.0)


def test_a_strategy_has_a_row_in_each_account_that_it_trades_in():
    """What was traded by hand is a row of its account as well."""
    seen = risk(watch(), watch(account="beta"), watch("manual", account="beta"))
    document = figures.pnl(seen, Modes({"paper": "paper", "beta": "live"}))

    rows = [(each["strategy_id"], each["account"], each["mode"]) for each in document["strategies"]]
    assert rows == [
        ("straddle", "paper", "paper"),
        ("straddle", "beta", "live"),
        ("manual", "beta", "live"),
    ]
    assert [each["mode"] for each in document["accounts"]] == ["paper", "live"]
    assert [(each["account"], each["pnl"]) for each in document["accounts"]] == [
        ("paper", 776.25),
        ("beta", 1552.5),
    ]


def test_a_price_grows_older_with_market_time():
    assert figures.tick(price(), 600_000_000) == {
        "symbol": CE,
        "ltp": 102.0,
        "bid": 101.95,
        "ask": 102.05,
        "age_ms": 1000,
        "stale": False,
    }
    assert figures.tick(price(age_ms=-1), 600_000_000)["age_ms"] is None
