"""Tokens and the files of secrets: for their owner alone, whole or not at all."""

from __future__ import annotations

import stat
from hashlib import sha256

import msgspec
import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.errors import OrdoError, SettingsError
from daemon.storage.secret_file import locked, read_secret, write_secret
from daemon.web.admission import tokens
from daemon.web.admission.sessions import LONGEST_NS, SESSION_NS, OneTime, Sessions
from daemon.web.admission.throttle import FREE_OF_ALL, Throttle
from daemon.web.admission.tokens import (
    Principal,
    Role,
    TokenRefused,
    Tokens,
    create_token,
    digest,
    list_tokens,
    operator_token,
    revoke_token,
)

NOW = 1_764_000_000_000_000_000


def test_the_operators_token_is_made_once_for_its_owner_alone(tmp_path):
    folder = tmp_path / "state"
    token = operator_token(folder)

    assert operator_token(folder) == token
    assert stat.S_IMODE((folder / "operator.token").stat().st_mode) == 0o600
    prefix = token.split("_")[1]
    assert Tokens(folder).who(token) == Principal("operator", Role.ADMIN, prefix)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
@pytest.mark.parametrize("name", ["operator.token", "tokens.json", "sessions.json"])
def test_a_file_of_secrets_that_is_open_to_others_is_refused(tmp_path, name, mode):
    operator_token(tmp_path)
    create_token(tmp_path, "desk", "viewer", NOW)
    Sessions(tmp_path).keep(b"{}")
    (tmp_path / name).chmod(mode)

    with pytest.raises(SettingsError, match=f"{name} is open to others .mode {mode:04o}."):
        (Tokens(tmp_path), Sessions(tmp_path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("operator.token", "secret"),
        ("tokens.json", "{"),
        ("tokens.json", '[{"name": "a"}]'),
        (
            "tokens.json",
            '[{"name":"a","role":"king","prefix":"b","sha256":"c","created_ns":1}]',
        ),
        ("sessions.json", "[]"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_by_its_name(tmp_path, name, text):
    write_secret(tmp_path / name, text.encode())

    with pytest.raises(SettingsError, match=name):
        (Tokens(tmp_path), Sessions(tmp_path))


def test_a_secret_is_not_read_through_a_link(tmp_path):
    write_secret(tmp_path / "elsewhere", b"x")
    (tmp_path / "operator.token").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SettingsError, match="cannot be read"):
        operator_token(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "state").write_text("in the way")

    with pytest.raises(SettingsError, match="cannot be opened"):
        operator_token(tmp_path / "state")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_secret(tmp_path / "state" / "x", b"")


def test_a_file_is_locked_against_others_until_it_is_written(tmp_path):
    path = tmp_path / "tokens.json"
    with locked(path):
        write_secret(path, b"[]")
    with locked(path):
        assert read_secret(path) == b"[]"


def test_a_token_is_kept_as_its_digest_alone(tmp_path):
    token = create_token(tmp_path, "desk", "trader", NOW)

    (kept,) = list_tokens(tmp_path)
    assert (kept.name, kept.role, kept.created_ns) == ("desk", "trader", NOW)
    assert kept.prefix == token.split("_")[1]
    assert token.split("_", 2)[2] not in (tmp_path / "tokens.json").read_text()
    assert len(token.split("_", 2)[2]) == 43  # 256 bits
    assert Tokens(tmp_path).who(token) == Principal("desk", Role.TRADER, kept.prefix)


@pytest.mark.parametrize("by", ["desk", "prefix"])
def test_a_token_is_revoked_by_its_name_or_prefix_and_stays_in_the_list(tmp_path, by):
    token = create_token(tmp_path, "desk", "viewer", NOW)
    gone = revoke_token(tmp_path, token.split("_")[1] if by == "prefix" else by, NOW + 1)

    assert list_tokens(tmp_path) == (gone,)
    assert gone.revoked_ns == NOW + 1
    assert Tokens(tmp_path).who(token) is None
    assert create_token(tmp_path, "desk", "viewer", NOW) != token


def test_somebody_stands_by_his_own_token_and_not_by_another_of_his_name(tmp_path):
    known = Tokens(tmp_path)
    ann = known.who(create_token(tmp_path, "ann", "admin", NOW))
    before = known.stands(ann)
    revoke_token(tmp_path, "ann", NOW + 1)
    again = known.who(create_token(tmp_path, "ann", "admin", NOW + 2))

    assert (before, known.stands(ann), known.stands(again)) == (True, False, True)
    assert not known.stands(Principal("ann", Role.ADMIN))
    assert not known.stands(replace(again, role=Role.TRADER))


def whose(sessions, secret, at_ns):
    """Return whose session it is, without which one it is."""
    who = sessions.who(secret, at_ns)
    return who and replace(who, session="")


def test_sessions_that_name_no_token_are_dropped(tmp_path):
    """A version that knew whose they were by the name alone wrote them."""
    sessions, ann = Sessions(tmp_path), Principal("ann", Role.ADMIN, "0a1b2c3d")
    old, new = (sessions.begin(ann, NOW) for _ in range(2))
    kept = msgspec.json.decode(sessions.written())
    del kept[sha256(old.encode()).hexdigest()]["prefix"]
    sessions.keep(msgspec.json.encode(kept))

    assert [whose(Sessions(tmp_path), secret, NOW) for secret in (old, new)] == [None, ann]


def test_a_session_goes_on_from_its_last_use_for_seven_days_at_the_longest(tmp_path):
    sessions, ann = Sessions(tmp_path), Principal("ann", Role.ADMIN, "0a1b2c3d")
    secret, at_ns = sessions.begin(ann, NOW), NOW
    while sessions.who(secret, at_ns):
        sessions.used(digest(secret), at_ns)
        last_ns, at_ns = at_ns, at_ns + SESSION_NS - 1
    over_ns = NOW + LONGEST_NS

    assert last_ns < over_ns
    assert [whose(sessions, secret, over_ns + after_ns) for after_ns in (-1, 0)] == [ann, None]


def test_it_is_time_to_keep_sessions_once_an_hour(tmp_path):
    sessions, ann = Sessions(tmp_path), Principal("ann", Role.ADMIN, "0a1b2c3d")
    secret = sessions.begin(ann, NOW)
    sessions.keep(sessions.written())
    due = [sessions.used(digest(secret), NOW + minute * 60 * SECOND_NS) for minute in range(121)]
    sessions.keep(sessions.written())
    ends_ns = NOW + 120 * 60 * SECOND_NS + SESSION_NS

    assert [minute for minute, is_due in enumerate(due) if is_due] == [60, 120]
    again = Sessions(tmp_path)
    assert [whose(again, secret, ends_ns + after_ns) for after_ns in (-1, 0)] == [ann, None]


def test_a_session_is_over_no_earlier_because_it_was_used(tmp_path):
    """A clock that was set back, and a file of a version that renewed none."""
    sessions, ann = Sessions(tmp_path), Principal("ann", Role.ADMIN, "0a1b2c3d")
    secret = sessions.begin(ann, NOW)
    sessions.used(digest(secret), NOW - SESSION_NS)

    assert whose(sessions, secret, NOW + SESSION_NS - 1) == ann


def test_a_token_that_cannot_be_is_refused(tmp_path, monkeypatch):
    create_token(tmp_path, "desk", "viewer", NOW)

    with pytest.raises(TokenRefused, match="no role 'king'; there are: viewer, trader, admin"):
        create_token(tmp_path, "other", "king", NOW)
    with pytest.raises(TokenRefused, match="cannot be called"):
        create_token(tmp_path, "a b", "viewer", NOW)
    for ours in ("guardian", "signal", "operator"):
        with pytest.raises(TokenRefused, match=f"{ours} is what Ordo calls .*; name the token"):
            create_token(tmp_path, ours, "viewer", NOW)
    with pytest.raises(TokenRefused, match="there is a token called desk"):
        create_token(tmp_path, "desk", "viewer", NOW)
    with pytest.raises(OrdoError, match="no token other counts"):
        revoke_token(tmp_path, "other", NOW)
    monkeypatch.setattr(tokens, "MOST", 1)
    with pytest.raises(TokenRefused, match="1 tokens are kept at most"):
        create_token(tmp_path, "other", "viewer", NOW)


def test_an_unknown_token_costs_the_same_comparison_as_a_known_one(tmp_path, monkeypatch):
    known = Tokens(tmp_path)
    compared = []
    monkeypatch.setattr(
        tokens.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or False
    )

    for token in (operator_token(tmp_path), "ordo_00000000_" + "a" * 43, "", "x" * 10_000):
        assert known.who(token) is None
    assert len(compared) == 4
    assert {len(one) for pair in compared for one in pair} == {64}


def test_only_so_many_codes_stand_and_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr("daemon.web.admission.sessions._MOST", 2)
    codes, who = OneTime(10), Principal("me", Role.VIEWER)
    first, second, third = (codes.issue(who, NOW)[0] for _ in range(3))

    assert [codes.take(code, NOW) for code in (first, second, third)] == [None, who, who]


def test_what_is_over_makes_room():
    codes, who = OneTime(10), Principal("me", Role.VIEWER)
    old, _ = codes.issue(who, NOW)
    codes.issue(who, NOW + 10)

    assert codes.take(old, NOW) is None


def test_all_addresses_together_wait_too():
    throttle = Throttle()
    waits = [throttle.failed(f"10.0.0.{number}", NOW) for number in range(FREE_OF_ALL + 2)]

    assert waits == [0] * FREE_OF_ALL + [2, 4]


def test_who_came_in_waits_no_more_and_only_so_many_addresses_are_kept(monkeypatch):
    monkeypatch.setattr("daemon.web.admission.throttle._ADDRESSES", 2)
    throttle = Throttle()
    for _ in range(6):
        throttle.failed("10.0.0.1", NOW)
    throttle.succeeded("10.0.0.1")

    assert throttle.failed("10.0.0.1", NOW) == 0
    for _ in range(6):
        throttle.failed("10.0.0.2", NOW)
    throttle.failed("10.0.0.3", NOW)
    assert throttle.failed("10.0.0.2", NOW) == 0
