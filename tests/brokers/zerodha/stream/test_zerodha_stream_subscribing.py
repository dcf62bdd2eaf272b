"""What is said to the ticker leads from any set to any other, in messages of bounded size."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from daemon.brokers.zerodha.packets import Mode
from daemon.brokers.zerodha.stream.subscribing import AT_ONCE, changes

SETS = st.dictionaries(st.integers(0, 600), st.sampled_from(Mode), max_size=450)


def follow(shown: dict[int, str], said: list[str]) -> dict[int, str]:
    """Do what a ticker does that is told so."""
    for each in map(json.loads, said):
        what, of = each["a"], each["v"]
        if what == "mode":
            mode, tokens = of
            assert set(tokens) <= shown.keys(), "a mode is set of what is subscribed"
            shown |= dict.fromkeys(tokens, mode)
        else:
            tokens = of
            if what == "subscribe":
                shown |= {token: "quote" for token in tokens if token not in shown}
            else:
                shown = {token: mode for token, mode in shown.items() if token not in tokens}
        assert 0 < len(tokens) <= AT_ONCE
    return shown


@given(SETS, SETS)
def test_from_any_set_to_any_other(before, after):
    shown = {token: mode.value for token, mode in before.items()}

    assert follow(shown, changes(before, after)) == {t: mode.value for t, mode in after.items()}


@given(SETS)
def test_nothing_is_said_where_nothing_changes(modes):
    assert changes(modes, dict(modes)) == []


def test_three_thousand_instruments_are_thirty_messages():
    assert len(changes({}, dict.fromkeys(range(3_000), Mode.FULL))) == 30
