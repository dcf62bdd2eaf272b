"""The keys of the vault seal as the published vectors of Fernet say."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from cryptography.fernet import InvalidToken

from daemon.domain.instants import SECOND_NS
from daemon.storage.vault_keys import KeyRing, new_key
from tests.kit.recordings import data_path

TIMELESS = {"far-future TS (unacceptable clock skew)", "expired TTL"}
"""Faults of time alone: a credential does not grow old."""


def cases(name: str) -> list[dict[str, str]]:
    return json.loads(data_path(f"fernet_spec/{name}").read_text())


def test_what_others_have_sealed_is_opened():
    for case in cases("verify.json"):
        assert KeyRing([case["secret"].encode()]).open(case["token"]) == case["src"].encode()


def test_what_is_not_as_it_was_sealed_is_not_opened():
    for case in cases("invalid.json"):
        ring = KeyRing([case["secret"].encode()])
        if case["desc"] in TIMELESS:
            assert ring.open(case["token"]) is not None
        else:
            with pytest.raises(InvalidToken):
                ring.open(case["token"])


def test_what_is_sealed_has_the_form_and_the_instant_of_the_vectors():
    for case in cases("generate.json"):
        ring = KeyRing([case["secret"].encode()])
        at_ns = int(datetime.fromisoformat(case["now"]).timestamp()) * SECOND_NS
        sealed = ring.seal(case["src"].encode(), at_ns)

        assert len(sealed) == len(case["token"])
        assert sealed[:12] == case["token"][:12]  # version and instant; the rest hangs on chance
        assert ring.open(sealed) == case["src"].encode()


def test_each_key_of_a_ring_opens_and_the_first_one_seals():
    old, new = new_key(), new_key()
    sealed = KeyRing([old]).seal(b"x", 0)
    both = KeyRing([new, old])

    assert both.open(sealed) == b"x"
    assert both.newest == KeyRing([new]).newest != KeyRing([old]).newest
    assert KeyRing([new]).open(both.seal(b"y", 0)) == b"y"
    assert KeyRing([new]).open(both.seal_again(sealed)) == b"x"
    with pytest.raises(InvalidToken):
        KeyRing([new]).open(sealed)
