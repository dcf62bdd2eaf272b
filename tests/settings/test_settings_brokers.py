from __future__ import annotations

import pytest

from daemon.settings.brokers import ALIASES, BUILT, LATER, canonical, prices_of
from daemon.settings.faults import Wrong


@pytest.mark.parametrize("name", ["paper", "Paper", " PAPER ", "paper-trading", "Demo"])
def test_a_broker_that_is_built_has_one_name(name):
    assert canonical(name) == "paper"


def test_prices_are_told_by_a_broker_that_has_some():
    assert prices_of("Kite") == "zerodha"
    for name in ("paper", "demo", "fyers"):
        with pytest.raises(Wrong):
            prices_of(name)


REFUSED = {
    "fyers": (
        'is "fyers", which comes with a later version',
        'until then write "paper" or "zerodha"',
    ),
    "m.Stock": (
        'is "m.Stock" (mirae_mstock), which comes with a later version',
        'until then write "paper" or "zerodha"',
    ),
    "HDFC": (
        'is "HDFC", which could mean two brokers',
        'write "hdfc_sky" or "hdfc_investright"',
    ),
    "papr": ('is "papr", an unknown broker', 'did you mean "paper"?'),
    "": ('is "", an unknown broker', 'write "paper" or "zerodha"'),
}


@pytest.mark.parametrize(("name", "told"), REFUSED.items(), ids=list(REFUSED))
def test_any_other_name_is_refused_with_what_to_write(name, told):
    with pytest.raises(Wrong) as refused:
        canonical(name)

    assert (refused.value.what, refused.value.mend) == told


def test_each_alias_leads_to_a_known_broker_and_hides_none():
    known = {*BUILT, *LATER}

    assert set(ALIASES.values()) <= known
    assert not known & ALIASES.keys()
