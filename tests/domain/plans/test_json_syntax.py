"""A strategy as JSON: read exactly, judged as a file is, refused with its place."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from msgspec.structs import replace

from daemon.domain.plans.parsing import (
    TEXT_MOST,
    encode,
    from_json,
    from_mapping,
    json_of,
    parse,
)
from daemon.domain.plans.schema import Expiry
from daemon.errors import StrategyError
from tests.domain.plans.test_parsing import EVERY_KEY, RECORDED_DAY
from tests.kit.plans import SHIPPED


def test_a_plan_is_the_same_whether_it_came_as_toml_or_as_json():
    """Its decimals are exact either way, and every key stands in one structure."""
    for text_ in (EVERY_KEY, *(file.read_text() for file in SHIPPED)):
        plan = parse(text_)
        assert from_json(encode(plan)) == plan
        assert from_json(encode(plan).decode()) == plan


def test_a_plan_that_was_recorded_with_few_milliseconds_is_read_and_a_new_one_refused():
    """It was declared before so few were refused, and is not to be lost for that."""
    written = EVERY_KEY.replace("timeout_ms = 4000", "timeout_ms = 100")
    plan = parse(written.replace("after_ms = 2500", "after_ms = 100"))
    legging = replace(plan.entry.legging, timeout_ms=5)
    hasty = replace(
        plan,
        entry=replace(plan.entry, legging=legging),
        order=replace(plan.order, unfilled_after_ms=10),
    )
    assert from_json(encode(hasty)) == hasty
    with pytest.raises(StrategyError) as error:
        from_mapping(json_of(encode(hasty)))
    assert error.value.sentences == (
        "entry.legging.timeout_ms: 5 is 5 milliseconds; write 100 or more, 5000 for 5 seconds",
        "order.unfilled_after_ms: 10 is 10 milliseconds; write 100 or more, 5000 for 5 seconds",
    )


def test_a_plan_that_was_recorded_with_a_stop_at_the_broker_beyond_no_other_is_read():
    """None rests for that leg; a new one is refused."""
    plan = parse(EVERY_KEY)
    bare = replace(plan, legs=(replace(plan.legs[0], stop=None, trail=None), *plan.legs[1:]))
    assert from_json(encode(bare)) == bare
    with pytest.raises(StrategyError) as error:
        from_mapping(json_of(encode(bare)))
    assert error.value.place == "order.resident_stop"


def test_of_a_plan_whose_tables_are_at_fault_it_is_not_asked_how_many_milliseconds_they_have():
    with pytest.raises(StrategyError) as error:
        from_mapping({"entry": {"legging": {"timeout_ms": 5, "wait": 1}}, "order": {"wait": 1}})
    assert not any("milliseconds" in sentence for sentence in error.value.sentences)


def test_numbers_of_json_are_exact():
    """None of them ever is a float."""
    assert json_of("[0.1, 1e-4, 25]") == [Decimal("0.1"), Decimal("0.0001"), 25]
    assert [type(each) for each in json_of("[1.0, 1]")] == [Decimal, int]


def test_dates_and_times_of_json_are_texts():
    """As in a file, where they may be either."""
    assert parse(RECORDED_DAY.replace("2025-09-02", '"2025-09-02"')) == parse(RECORDED_DAY)
    plan = from_json(encode(parse(RECORDED_DAY)))
    assert (plan.entry.at, plan.legs[0].expiry) == (time(9, 30, 30), Expiry(date=date(2025, 9, 2)))


@pytest.mark.parametrize(
    ("text_", "said"),
    [
        ("", "line 1: Expecting value"),
        ('{"id":\n x}', "line 2: Expecting value"),
        ('{"id": 1, "id": 2}', "body: the key 'id' stands twice in one table"),
        ('{"legs": [{"id": 1, "id": 1}]}', "body: the key 'id' stands twice in one table"),
        ('{"lots": NaN}', "body: NaN is no number of JSON"),
        ('{"lots": -Infinity}', "body: -Infinity is no number of JSON"),
        ("[" * 50_000, "body: its lists or tables are nested too deeply"),
        (b'{"id": "\xff"}', "line 1: is not UTF-8"),
        (" " * (TEXT_MOST + 1), f"file: is longer than {TEXT_MOST} characters"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text_, said):
    """Nothing but a plan or a refusal leaves."""
    with pytest.raises(StrategyError) as error:
        from_json(text_)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("lots", "9" * 60_000, "legs[0].lots: expected whole lots from 1 to 10000"),
        ("lots", "1.0", "legs[0].lots: expected whole lots from 1 to 10000"),
        ("stop", '{"percent": "30"}', "legs[0].stop.percent: expected a percentage above 0"),
        ("stop", '{"percent": 1e999999999999999999999}', "legs[0].stop.percent: expected"),
        ("stop", "null", "legs[0].stop: expected a table"),
        ("wait", "{}", "legs[0].wait: `wait` comes in a later version (D)"),
        ("stopp", "{}", "legs[0].stopp: unknown key; did you mean `stop`?"),
        ("id", '"\\ud800"', "legs[0].id: expected letters, digits"),
    ],
)
def test_values_of_json_are_judged_as_those_of_a_file(key, value, said):
    """By the same rules, with the same words."""
    leg = {"side": '"sell"', "instrument": '"CE"', "strike": '{"atm":0}', key: value}
    written = ",".join(f'"{name}":{each}' for name, each in leg.items())
    hours = '"entry":{"at":"09:20:00"},"exit":{"at":"15:20:00"}'
    guard = '"risk":{"stop":{"rupees":6000}}'
    with pytest.raises(StrategyError) as error:
        from_json(f'{{"id":"s","underlying":"NIFTY",{hours},"legs":[{{{written}}}],{guard}}}')
    assert str(error.value).startswith(said)
