"""Strategy files with something wrong in them: valid, or refused with a place.

ORDO_FUZZ says how many mutations (1,000 unless told), ORDO_FUZZ_SEED which.
"""

from __future__ import annotations

import os
import random
import sys
import time as host
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.domain.plans.parsing import encode, from_mapping, parse
from daemon.domain.plans.risk_rules import leg_rules, strategy_rules
from daemon.errors import StrategyError
from tests.kit.plans import SHIPPED

COUNT = int(os.environ.get("ORDO_FUZZ", "1000"))
SEED = int(os.environ.get("ORDO_FUZZ_SEED", "1"))

WHOLE = """
id = "every-key"
underlying = "NIFTY"
basis = "synthetic"
product = "carry"
accounts = ["paper"]
days = ["mon", "sat"]
days_to_expiry = [0, 1]
live = true
[entry]
at = "09:20:00"
no_later_than = 14:30:00
max_spread = { percent = 5 }
legging = { timeout_ms = 4000, on_fail = "keep" }
[exit]
at = 15:20:00
[[legs]]
id = "pe"
side = "sell"
instrument = "PE"
lots = 2
expiry = { rank = 2 }
strike = { premium = 120.5, pick = "at_most" }
stop = { points = 20 }
target = { percent = 60 }
trail = { every = { points = 10 }, by = { points = 5 } }
[[legs]]
side = "buy"
instrument = "FUT"
expiry = { date = 2026-11-24 }
[risk]
combined_premium_stop = { points = 25 }
stop = { premium_percent = 40 }
target = { rupees = 9000 }
lock_and_trail = { at = 3000, lock = 1500, every = 500, by = 250 }
on_leg_stop = "all"
mark = "touch"
check_on = "tick"
[order]
buffer = { percent = 1.5 }
unfilled_after_ms = 2500
"""
FILES = [path.read_text() for path in SHIPPED] + [WHOLE]
VALUES = [
    *("0", "-1", "1", "1.5", "0.0001", "0.00001", "-0.0", "1e400", "1e-400", "1e99999999999999"),
    *("nan", "-nan", "inf", "-inf", "9" * 600, "-" + "9" * 30, "0x" + "f" * 300, "1_000", "0b1"),
    *("true", "false", '""', '"30"', '"x"', '"' + "x" * 600 + '"', '"\\u0000"', '"nan"', "'''a'''"),
    *("09:20:00", '"09:20:00"', '"09:20:00Z"', "25:00:00", "23:59:59.999999", "00:00:00"),
    *("2026-11-23", "1900-01-01", "2026-02-30", "2026-11-23T09:20:00+05:30", "9999-12-31"),
    *("[]", "{}", "[[]]", "[{}]", "[1, 2]", '["mon"]', '["mon", "mon"]', "[0]", "[-1]", "[1, 'a']"),
    *("{ percent = 30 }", "{ points = 5 }", "{ percent = 1, points = 1 }", "{ rupees = 1 }"),
    *("{ atm = 0 }", "{ exact = 24550 }", "{ premium = 50 }", "{ rank = 1 }", "{ delta = 0.3 }"),
    *('"weekly"', '"monthly"', '"sell"', '"buy"', '"CE"', '"EQ"', '"INDEX"', '"any"', '"touch"'),
    *("[" * 400 + "]" * 400, "{ a = " * 100 + "1" + " }" * 100, "", "=", "#", "\u0967", "\ufeff"),
]
KEYS = [
    *("id", "underlying", "legs", "entry", "exit", "risk", "order", "at", "side", "stop", "lots"),
    *("strike", "expiry", "trail", "wait", "on_stop", "reenter", "resident_stop", "delta", "pick"),
    *("check_on", "signal", "first_check", "percent", "points", "every", "by", "lock", "a.b.c"),
    *('""', '"a b"', "''", "stop.percent", "legs.id", "PERCENT", "lot", "x" * 200, '"\\u0130"'),
]
Mutation = Callable[[random.Random, str], str]


def flip_bytes(rng: random.Random, text: str) -> str:
    raw = bytearray(text.encode(errors="surrogatepass"))
    for _ in range(rng.randint(1, 4)):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return raw.decode(errors="surrogateescape" if rng.random() < 0.2 else "replace")


def insert_character(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("\0\r\n\t\"'[]{}=,.#-0\u0967\u202e\U0001f4c8\ud800") + text[at:]


def cut(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text))
    return text[:start] + text[start + rng.randint(1, 60) :]


def move_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def double_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return "\n".join(lines)


def remove_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    lines.pop(rng.randrange(len(lines)))
    return "\n".join(lines)


def change_value(rng: random.Random, text: str) -> str:
    """Put another value behind one of the equals signs, inside inline tables too."""
    start = rng.choice([at for at, sign in enumerate(text) if sign == "="] or [0]) + 1
    ends = [at for sign in ",}\n" if (at := text.find(sign, start)) > 0]
    return f"{text[:start]} {rng.choice(VALUES)} {text[min(ends, default=len(text)) :]}"


def rename_key(rng: random.Random, text: str) -> str:
    end = rng.choice([at for at, sign in enumerate(text) if sign == "="] or [1])
    start = max(text.rfind(sign, 0, end) for sign in ",{\n") + 1
    return f"{text[:start]} {rng.choice(KEYS)} {text[end:]}"


def add_key(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    line = f"{rng.choice(KEYS)} = {rng.choice(VALUES)}"
    lines.insert(rng.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def shuffle_tables(rng: random.Random, text: str) -> str:
    """Remove, double or move a whole table, or change its header."""
    blocks = text.split("\n[")
    at = rng.randrange(len(blocks))
    match rng.randrange(4):
        case 0:
            blocks.pop(at)
        case 1:
            blocks.insert(rng.randrange(len(blocks) + 1), blocks[at])
        case 2:
            rng.shuffle(blocks)
        case _:
            header = rng.choice(
                ["risk]", "[legs]]", "legs]", "a.b.c]", "[a]]", "entry]", "]", "'']"]
            )
            blocks.insert(at + 1, header)
    return "\n[".join(blocks)


def change_digit(rng: random.Random, text: str) -> str:
    digits = [at for at, sign in enumerate(text) if sign.isdigit()] or [0]
    at = rng.choice(digits)
    return text[:at] + rng.choice(["0", "9", "-1", "1.5", "00", "1e9"]) + text[at + 1 :]


MUTATIONS: list[Mutation] = [
    *(flip_bytes, insert_character, cut, move_line, double_line, remove_line),
    *(change_value, change_value, rename_key, add_key, shuffle_tables, change_digit, change_digit),
]


def mutated(rng: random.Random) -> str:
    text = rng.choice(FILES)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        text = rng.choice(MUTATIONS)(rng, text) or "\n"
    return text


def reflected(written: Any, made: Any) -> bool:
    """Say whether everything that was written is there in the plan, with that very value."""
    match written:
        case dict():
            fields = getattr(made, "__struct_fields__", ())
            return all(
                key in fields and reflected(value, getattr(made, key))
                for key, value in written.items()
            )
        case list():
            return len(written) == len(made) and all(map(reflected, written, made))
        case str() if isinstance(made, time):
            return time.fromisoformat(written) == made
        case str() if isinstance(made, date):
            return date.fromisoformat(written) == made
        case _:
            return bool(written == made) and isinstance(written, bool) == isinstance(made, bool)


def told(error: StrategyError) -> str:
    """Return the place of a refusal, which says where and why in a few words."""
    assert error.place.strip()
    assert error.reason.strip()
    assert len(str(error)) < 1_000
    return error.place


def outcome(text: str) -> str:
    """Return the place that a text is refused at, or "valid" after looking at the whole plan."""
    try:
        plan = parse(text)
    except StrategyError as error:
        return told(error)
    raw = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    assert reflected(raw, plan), text
    assert from_mapping(msgspec.json.decode(encode(plan))) == plan, text
    assert strategy_rules(plan), text
    assert all(leg_rules(leg) for leg in plan.legs), text
    return "valid"


@pytest.mark.untraced
@pytest.mark.timeout(1_800)
def test_a_mutated_file_is_valid_or_refused_with_its_place() -> None:
    """Never another error, never a key that is ignored."""
    rng = random.Random(SEED)
    outcomes: Counter[str] = Counter()
    start = host.perf_counter()
    for _ in range(COUNT):
        outcomes[outcome(mutated(rng))] += 1
    took = host.perf_counter() - start

    valid = outcomes["valid"]
    sys.stderr.write(f"{COUNT} mutations, {valid} valid, {COUNT / took:.0f} a second\n")
    assert valid > COUNT // 50
    assert len(outcomes) > min(COUNT // 100, 100)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 900,
        "[\n" * 30_000,
        "a = " + "[\n" * 30_000 + "]\n" * 30_000,
        "a = " + "{b=" * 300,
        "\n".join(".".join("a" * 490) + f".k{at} = 1" for at in range(60)),
        "\n".join("[[legs]]" for _ in range(7_000)),
        "\n".join(f"key{at} = 1" for at in range(5_000)),
        'id = "' + "\\u0041" * 150 + '"',
    ],
)
def test_a_bomb_is_refused(text: str) -> None:
    """Depth, width and number are bounded before they cost anything."""
    assert outcome(text) != "valid"


@pytest.mark.parametrize(
    "raw",
    [None, 3, "x", [], {1: 2}, {"legs": {}}, {"legs": [None]}, {"entry": []}, {"days": [[]]}],
)
def test_a_mapping_that_is_no_strategy_is_refused(raw: Any) -> None:
    """What comes as JSON is judged by the same rules."""
    with pytest.raises(StrategyError) as caught:
        from_mapping(raw)

    assert caught.value.place
