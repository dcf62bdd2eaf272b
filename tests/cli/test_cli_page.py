"""`ordo page`: a fresh address while the daemon runs."""

from __future__ import annotations

import json

from tests.kit.commands import told

ISSUED = {"code": "s3cret", "expires_at": "2025-11-24T21:40:00.5+05:30"}


def test_the_address_is_printed_alone_and_how_long_it_counts_beside_it(fake):
    fake.tells("/api/login-code", ISSUED, "POST")
    done = told("page")

    assert (done.code, done.out) == (0, f"http://127.0.0.1:{fake.port}/#code=s3cret\n")
    assert done.err == "it lets one browser in, once, until 21:40:00 IST\n"


def test_programs_are_told_address_and_end(fake):
    fake.tells("/api/login-code", ISSUED, "POST")
    done = told("page", "--json")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "url": f"http://127.0.0.1:{fake.port}/#code=s3cret",
        "expires_at": ISSUED["expires_at"],
    }


def test_whoever_may_not_have_one_is_refused(fake):
    fake.refuses(
        *("/api/login-code", 403, "POST"), code="forbidden", detail="this needs the role admin"
    )
    done = told("page")

    assert (done.code, done.out) == (1, "")
    assert done.err == "ordo: forbidden: this needs the role admin\n"
