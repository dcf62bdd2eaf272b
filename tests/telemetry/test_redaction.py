"""What is secret shows itself nowhere: by its type, its key, its form, its value."""

from __future__ import annotations

import pickle
from enum import StrEnum
from pathlib import Path

import orjson
import pytest
from msgspec import Struct

from daemon.telemetry.redaction import Secret, Secrets, printable
from daemon.web.admission.sessions import OneTime, Sessions
from daemon.web.admission.tokens import Principal, Role, create_token, new_token, operator_token

HELD = Secret("a-broker's-own-key")
WHO = Principal("me", Role.ADMIN)


class Login(Struct):
    user: str
    key: Secret


class Side(StrEnum):
    SELL = "sell"


def test_a_secret_shows_itself_as_stars():
    shown = [str(HELD), repr(HELD), f"{HELD}", f"{HELD:>20}", repr(Login("me", HELD)), f"{[HELD]}"]

    assert "broker" not in "".join(shown)
    assert orjson.dumps(HELD, default=str) == b'"***"'
    assert HELD.reveal() == "a-broker's-own-key"


def test_a_secret_is_written_nowhere():
    with pytest.raises(TypeError, match="written nowhere"):
        pickle.dumps(HELD)
    with pytest.raises(TypeError):
        orjson.dumps(HELD)


def test_secrets_are_compared_by_what_they_hold():
    assert Secret(HELD.reveal()) == HELD
    assert len({HELD, Secret(HELD.reveal()), Secret("other")}) == 2
    assert HELD.reveal() != HELD


def test_a_value_that_is_known_is_taken_out_of_every_text():
    secrets = Secrets()
    for _ in range(2):
        secrets.know(HELD)
    secrets.know(Secret("a-broker's-own-key-and-more"))

    assert secrets.without(f"x{HELD.reveal()}y {HELD.reveal()}-and-more") == "x***y ***"
    assert secrets.clean({"a": [HELD.reveal(), {"b": HELD}]}) == {"a": ["***", {"b": "***"}]}


def test_a_short_value_is_left_where_it_stands():
    secrets = Secrets()
    secrets.know(Secret("1234567"))

    assert secrets.without("at_ns=1234567000") == "at_ns=1234567000"


def test_what_stands_under_a_name_of_secrets_is_not_told():
    told = Secrets().clean({"Authorization": "x", "pin": 1234, "totp": "", "user": "me"})

    assert told == {"Authorization": "***", "pin": "***", "totp": "", "user": "me"}


def handed_out(folder: Path) -> dict[str, str]:
    """Everything that lets somebody in and that Ordo makes itself."""
    return {
        "a new token": new_token()[0],
        "a kept token": create_token(folder, "page", "viewer", 0),
        "the operator's": operator_token(folder),
        "a code or a ticket": OneTime(1).issue(WHO, 0)[0],
        "a session": Sessions(folder).begin(WHO, 0),
    }


@pytest.mark.parametrize(
    "around", ["{}", "#code={}", "?ticket={}&x=1", "ordo_session={};", "Bearer {}", "'{}'", "a {}."]
)
def test_whatever_lets_somebody_in_is_known_by_its_form(tmp_path, around):
    for what, secret in handed_out(tmp_path).items():
        assert secret not in Secrets().without(around.format(secret)), what


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("authorization: Bearer wrong!", "authorization: Bearer ***"),
        ("basic dXNlcjpwYXNz", "basic ***"),
        ("postgresql://ordo:pw@host/db", "postgresql://ordo:***@host/db"),
        ("http://127.0.0.1:8787/#x", "http://127.0.0.1:8787/#x"),
        ("a" * 43, "a" * 43),
        ("0123456789abcdef" * 4, "0123456789abcdef" * 4),
        (
            "OR00000000100000A1 NIFTY-2026-11-23-24550-CE",
            "OR00000000100000A1 NIFTY-2026-11-23-24550-CE",
        ),
    ],
)
def test_only_what_looks_like_a_credential_is_taken_out(text, told):
    assert Secrets().without(text) == told


def test_values_are_told_as_plain_ones():
    given = {1: Side.SELL, "big": 2**70, "yes": True, "none": None, "part": 0.5, "path": Path("/a")}

    told = Secrets().clean(given)

    assert told == {
        "1": "sell",
        "big": str(2**70),
        "yes": True,
        "none": None,
        "part": 0.5,
        "path": "/a",
    }
    assert type(told["1"]) is str


def test_a_trace_keeps_its_lines_and_nothing_else():
    assert Secrets().clean_lines("a\x1b\nBearer abcdefgh\r\nb") == "a\\x1b\nBearer ***\nb"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain, and \u20b9 too", "plain, and \u20b9 too"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x1b[31m", "\\x00\\x1b[31m"),
        ("a\u202eb\u2066c\u200e\u061c", "a\\u202eb\\u2066c\\u200e\\u061c"),
        ("\u2028\x85", "\\u2028\\x85"),
        ("\udcff", "\\udcff"),
        ("x" * 2_001, "x" * 2_000 + "..."),
    ],
)
def test_a_text_keeps_to_its_line(text, told):
    assert printable(text) == told
