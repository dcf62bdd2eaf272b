"""`ordo alerts` and `ordo acknowledge`."""

from __future__ import annotations

from tests.kit.commands import told

ALERT = {
    "alert_id": "alert-1",
    "severity": "critical",
    "code": "books_differ",
    "sentence": "they \x1bdiffer",
    "account": "paper",
    "strategy_id": "",
    "at": "2025-11-23T09:30:51+05:30",
    "level": 2,
    "acknowledged_by": None,
    "acknowledged_at": None,
    "cleared_at": None,
}


def test_the_alerts_whose_condition_holds_are_shown_with_what_to_do(fake):
    fake.tells("/api/alerts", {"alerts": [ALERT, {**ALERT, "cleared_at": "later"}]})
    head, row, gap, what = told("alerts").out.splitlines()

    assert head.split() == [
        *("alert", "severity", "code", "account", "since", "level", "acknowledged", "by"),
        *("what", "is", "wrong"),
    ]
    whose = ["alert-1", "critical", "books_differ", "paper"]
    assert row.split() == [*whose, "09:30:51", "2", "-", "they", "?differ"]
    assert (gap, what) == ("", "say that you have seen one with `ordo acknowledge ALERT`")


def test_nothing_is_asked_for_where_all_were_seen(fake):
    fake.tells("/api/alerts", {"alerts": [{**ALERT, "acknowledged_by": "ann"}]})
    lines = told("alerts").out.splitlines()

    assert len(lines) == 2
    assert "ann" in lines[1]


def test_it_is_said_where_nothing_is_wrong(fake):
    fake.tells("/api/alerts", {"alerts": []})

    assert told("alerts").out == "nothing is wrong that is known\n"


def test_the_documents_are_the_daemons_own(fake):
    body = fake.tells("/api/alerts", {"alerts": [ALERT]})
    assert told("alerts", "--json").out.encode() == body + b"\n"

    body = fake.tells("/api/alerts/alert-1/acknowledge", {"ok": True, "text": "so"}, "POST")
    assert told("acknowledge", "alert-1", "--json").out.encode() == body + b"\n"


def test_an_alert_is_acknowledged_in_the_daemons_words_or_ours(fake):
    fake.tells("/api/alerts/alert-1/acknowledge", {"ok": True, "text": "it is so"}, "POST")
    assert told("acknowledge", "alert-1").out == "it is so\n"

    fake.tells("/api/alerts/alert-1/acknowledge", {"ok": True, "text": ""}, "POST")
    assert told("acknowledge", "alert-1").out == "alert-1 is acknowledged\n"


def test_an_alert_that_is_not_known_is_refused(fake):
    fake.refuses(
        *("/api/alerts/alert-7/acknowledge", 404, "POST"),
        code="unknown_alert",
        detail="no alert alert-7 is known",
    )
    done = told("acknowledge", "alert-7")

    assert (done.code, done.err) == (1, "ordo: unknown_alert: no alert alert-7 is known\n")
