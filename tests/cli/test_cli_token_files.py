"""The command; what a token is and how its file is kept is the web's to test."""

from __future__ import annotations

import json
import re

import pytest

from tests.kit.commands import told

FORM = r"ordo_([0-9a-f]{8})_[A-Za-z0-9_-]{43}"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30"


@pytest.fixture(autouse=True)
def _elsewhere(house):
    """No daemon is needed."""


def created(*args: str) -> str:
    done = told("token", "create", *args)
    assert done.code == 0
    return done.out.strip()


def test_a_token_is_shown_once_alone_on_stdout():
    done = told("token", "create", "--role", "viewer", "--name", "wall-screen")

    assert done.code == 0
    assert re.fullmatch(FORM + "\n", done.out)
    assert done.err == "a viewer, called wall-screen; it cannot be shown again\n"


def test_a_token_without_a_name_is_called_by_its_role():
    assert json.loads(created("--role", "trader", "--json"))["name"] == "trader"


def test_the_document_of_a_new_token_has_these_names():
    document = json.loads(created("--role", "admin", "--name", "me", "--json"))

    assert set(document) == {"name", "role", "token"}
    assert re.fullmatch(FORM, document["token"])


def test_tokens_are_listed_without_what_is_secret():
    token = created("--role", "viewer", "--name", "screen")
    prefix, secret = token.split("_")[1], token.split("_", 2)[2]
    lines = told("token", "list").out
    document = told("token", "list", "--json").out

    assert re.search(
        rf"^{prefix}  screen  viewer  \d{{4}}-\d\d-\d\d \d\d:\d\d  -  ", lines, re.MULTILINE
    )
    assert secret not in lines + document
    (shown,) = json.loads(document)["tokens"]
    assert re.fullmatch(INSTANT, shown.pop("created_at"))
    assert shown == {
        "prefix": prefix,
        "name": "screen",
        "role": "viewer",
        "last_used_at": None,
        "revoked_at": None,
    }


def test_without_tokens_that_is_said():
    assert told("token", "list").out == "no token but the operator's\n"
    assert json.loads(told("token", "list", "--json").out) == {"tokens": []}


@pytest.mark.parametrize("by", ["prefix", "name"])
def test_a_token_is_revoked_by_its_prefix_or_its_name(by):
    prefix = created("--role", "viewer", "--name", "screen").split("_")[1]
    done = told("token", "revoke", prefix if by == "prefix" else "screen")

    assert (done.code, done.out) == (0, f"screen ({prefix}), a viewer, counts no more\n")
    (shown,) = json.loads(told("token", "list", "--json").out)["tokens"]
    assert re.fullmatch(INSTANT, shown["revoked_at"])


def test_a_revoked_token_is_told_as_a_document():
    created("--role", "viewer", "--name", "screen")
    document = json.loads(told("token", "revoke", "screen", "--json").out)

    assert (document["name"], "sha256" in document) == ("screen", False)


def test_a_token_that_nobody_has_cannot_be_revoked():
    done = told("token", "revoke", "nobody")

    assert (done.code, done.out) == (1, "")
    assert done.err == "ordo: no token nobody counts; `ordo token list` shows them\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("create",), "Missing option '--role'"),
        (("create", "--role", "king"), "'king' is not one of 'viewer', 'trader', 'admin'"),
        (("create", "--role", "viewer", "--name", "a b"), "a token cannot be called 'a b'"),
        (("revoke",), "Missing argument 'TOKEN'"),
        (("rename",), "No such command 'rename'"),
    ],
)
def test_what_cannot_be_done_is_bad_usage(args, said):
    done = told("token", *args)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
