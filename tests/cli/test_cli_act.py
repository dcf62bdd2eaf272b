from __future__ import annotations

import json

import pytest

from tests.kit.commands import told

VERBS = {
    ("start", "s"): ("start", b""),
    ("stop", "s"): ("stop", b""),
    ("exit", "s"): ("exit", b""),
    ("exit", "s", "--leg", "ce"): ("exit", b'{"leg_id":"ce"}'),
    ("exit", "s", "--leg", "ce", "--lots", "2"): ("exit", b'{"leg_id":"ce","lots":2}'),
    ("exit", "s", "--reason", "the news"): ("exit", b'{"reason":"the news"}'),
    ("adjust", "s", "--leg", "ce", "--stop", "114.85"): (
        *("adjust", b'{"stop":114.85,"loosen":false,"leg_id":"ce"}'),
    ),
    ("adjust", "s", "--stop", "6000", "--yes"): ("adjust", b'{"stop":6000.0,"loosen":true}'),
}


@pytest.mark.parametrize(
    ("command", "sent"), VERBS.items(), ids=[" ".join(command) for command in VERBS]
)
def test_a_verb_is_sent_with_what_was_given(fake, command, sent):
    verb, body = sent
    fake.tells(f"/api/strategies/s/{verb}", {}, "POST")
    done = told(*command)
    (asked,) = fake.asked

    assert done.code == 0
    assert (asked.method, asked.path, asked.body) == ("POST", f"/api/strategies/s/{verb}", body)
    assert asked.headers.get("Content-Type") == ("application/json" if body else None)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("start", "s"), "s takes entries"),
        (("stop", "s"), "s takes no more entries; what it holds stays guarded"),
        (("exit", "s"), "s leaves all it holds"),
        (("exit", "s", "--leg", "ce"), "s leaves ce"),
        (("adjust", "s", "--stop", "6000"), "the stop of s stands at 6000"),
        (("adjust", "s", "--leg", "ce", "--stop", "114.85"), "the stop of s ce stands at 114.85"),
    ],
)
def test_what_was_done_is_told_in_the_daemons_words_or_ours(fake, command, said):
    path = f"/api/strategies/s/{command[0]}"
    fake.tells(path, {"text": ""}, "POST")
    assert told(*command).out == said + "\n"

    fake.tells(path, {"text": "done, \x1b[1mreally"}, "POST")
    assert told(*command).out == "done, ?[1mreally\n"


@pytest.mark.parametrize("command", [["start"], ["stop"], ["exit"], ["adjust", "--stop", "5"]])
def test_the_document_is_the_daemons_own(fake, command):
    verb, *rest = command
    body = fake.tells(f"/api/strategies/s/{verb}", b'{"text" : "as it \\u0061nswered"}', "POST")
    done = told(verb, "s", *rest, "--json")

    assert (done.code, done.out) == (0, body.decode() + "\n")


def test_an_id_is_sent_as_one_segment_of_the_path(fake):
    told("start", "../kill")

    assert fake.asked[0].path == "/api/strategies/..%2Fkill/start"


def test_a_stop_that_would_loosen_is_refused_without_yes(fake):
    fake.refuses(
        *("/api/strategies/s/adjust", 409, "POST"),
        code="loosens",
        detail="that moves the stop away from the market",
    )
    done = told("adjust", "s", "--leg", "ce", "--stop", "250", "--json")

    assert (done.code, json.loads(done.out)["error"]["code"]) == (1, "loosens")
    assert done.err == "ordo: loosens: that moves the stop away from the market\n"
    assert json.loads(fake.asked[0].body)["loosen"] is False


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("start",), "Missing argument 'STRATEGY'"),
        (("exit", "s", "--lots", "0"), "0 is not in the range x>=1"),
        (("exit", "s", "--lots", "half"), "'half' is not a valid integer"),
        (("adjust", "s"), "Missing option '--stop'"),
        *(
            (("adjust", "s", f"--stop={price}"), f"'{price}' is no amount above zero with at most")
            for price in ("0", "-1", "fast", "nan", "inf", "1.00005")
        ),
    ],
)
def test_bad_usage_reaches_no_daemon(fake, command, said):
    done = told(*command)

    assert (done.code, done.out, fake.asked) == (2, "", [])
    assert said in done.err


def test_where_accounts_differ_each_is_told_and_the_command_has_failed(fake):
    outcomes = [
        {"account": "alpha", "ok": True, "text": "leaving ce", "code": ""},
        {"account": "beta", "ok": False, "text": "wait until it is done", "code": "leaving"},
    ]
    document = {"ok": False, "text": "both", "results": outcomes}
    fake.tells("/api/strategies/s/exit", document, "POST")
    done = told("exit", "s")

    assert (done.code, done.out) == (1, "alpha: leaving ce\nbeta: wait until it is done\n")


@pytest.mark.parametrize(("ok", "code"), [(True, 3), (False, 1)])
def test_an_exit_of_which_no_order_leaves_yet_ends_with_a_code_of_its_own(fake, ok, code):
    document = {"ok": ok, "text": "leaving", "owed": "no session"}
    fake.tells("/api/strategies/s/exit", document, "POST")

    assert told("exit", "s").code == code


def test_a_strategy_in_one_account_is_named_with_it(fake):
    fake.tells("/api/strategies/s%40beta/exit", {"ok": True, "text": "leaving ce"}, "POST")

    assert told("exit", "s@beta").code == 0
