"""Ordo's products and Zerodha's: the word that an order is sent under, and what a word says.

Zerodha keeps the positions of a contract apart by product, and closes by itself in the afternoon
what is held under `MIS`. It has others that Ordo never trades in: what is held, or ordered, in one
of those bears the broker's word behind its symbol, `SBIN:MTF`. So it is never left out of what is
held, never taken for ours, and never ordered.

Source: Kite Connect 3, orders and portfolio.
"""

from __future__ import annotations

from daemon.domain.orders.words import Pocket, Product

INTRADAY, CARRIED, DELIVERED = "MIS", "NRML", "CNC"
_OF_SHARES = frozenset({"NSE", "BSE"})


def product_at(exchange: str, product: Product) -> str:
    """Return the word under which a product is ordered; shares that are carried are delivered.

    Args:
        exchange: where it is ordered, `NFO`.
        product: Ordo's.
    """
    if product is Product.INTRADAY:
        return INTRADAY
    return DELIVERED if exchange in _OF_SHARES else CARRIED


def pocket_of(symbol: str, exchange: str, word: str) -> Pocket:
    """Return what the broker shows under a word, as it is kept in our book.

    Args:
        symbol: what it is, by our name.
        exchange: where it is ordered.
        word: the broker's, of its product.
    """
    for product in Product:
        if product_at(exchange, product) == word:
            return Pocket(symbol, product)
    return Pocket(f"{symbol}:{word}")
