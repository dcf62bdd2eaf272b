"""The brokers' names: canonical ids, what else people call them, and which are built.

Whatever a broker is called outside, inside it has one name; the mapping happens here and nowhere
else. A name that could mean two brokers is refused with both.
"""

from __future__ import annotations

import difflib
import re
from types import MappingProxyType
from typing import Final

from daemon.settings.faults import Wrong, shown
from daemon.settings.tables import Rule

BUILT: Final = ("paper", "zerodha")
LATER: Final = (
    "angel_one",
    "fyers",
    "hdfc_sky",
    "hdfc_investright",
    "mirae_mstock",
    "interactive_brokers",
)
HEADLESS: Final = ("zerodha",)
HEADLESS_LOGIN: Final = Rule(
    ("headless_login", "broker"),
    lambda headless, broker: not headless or broker in HEADLESS,
    "is true, and nobody logs in at that broker without a person",
    f"take it out; it is for accounts at {', '.join(HEADLESS)}",
)
ALIASES: Final = MappingProxyType(
    {
        "demo": "paper",
        "paper_trading": "paper",
        "kite": "zerodha",
        "kite_connect": "zerodha",
        "zerodha_kite": "zerodha",
        "angel": "angel_one",
        "angelone": "angel_one",
        "angel_broking": "angel_one",
        "smartapi": "angel_one",
        "fyers_api": "fyers",
        "hdfcsky": "hdfc_sky",
        "investright": "hdfc_investright",
        "hdfc_securities": "hdfc_investright",
        "mstock": "mirae_mstock",
        "m_stock": "mirae_mstock",
        "mirae": "mirae_mstock",
        "mirae_asset": "mirae_mstock",
        "ib": "interactive_brokers",
        "ibkr": "interactive_brokers",
        "interactivebrokers": "interactive_brokers",
    }
)
"""What else a broker is called -> its id; small letters, `_` for blanks, dots and dashes."""
_AMBIGUOUS: Final = MappingProxyType({"hdfc": ("hdfc_sky", "hdfc_investright")})
_BETWEEN = re.compile(r"[\s.\-_]+")


def prices_of(name: str) -> str:
    """Return the id of a broker that tells prices.

    Raises:
        Wrong: it is none, or the one on paper.
    """
    broker = canonical(name)
    if broker == "paper":
        raise Wrong('is "paper", which has no prices of its own', 'write "zerodha"')
    return broker


def canonical(name: str) -> str:
    """Return a broker's id.

    Raises:
        Wrong: the name is unknown, could mean two brokers, or its broker is not built yet.
    """
    plain = _BETWEEN.sub("_", name.strip().lower())
    broker = ALIASES.get(plain, plain)
    built = " or ".join(f'"{one}"' for one in BUILT)
    if broker in BUILT:
        return broker
    if broker in LATER:
        named = shown(name) if plain == broker else f"{shown(name)} ({broker})"
        raise Wrong(f"is {named}, which comes with a later version", f"until then write {built}")
    if plain in _AMBIGUOUS:
        both = " or ".join(f'"{one}"' for one in _AMBIGUOUS[plain])
        raise Wrong(f"is {shown(name)}, which could mean two brokers", f"write {both}")
    close = difflib.get_close_matches(plain[:64], [*BUILT, *LATER, *ALIASES], n=1)
    if close:
        raise Wrong(f"is {shown(name)}, an unknown broker", f'did you mean "{close[0]}"?')
    raise Wrong(f"is {shown(name)}, an unknown broker", f"write {built}")
