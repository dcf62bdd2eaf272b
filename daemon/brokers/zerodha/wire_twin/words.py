"""What the twin answers: numbers as Zerodha writes them, and its refusals in its own words.

Source: Kite Connect 3, response structure and exceptions; the broker's own sample answers;
tradingqna 160065 (freeze).
"""

from __future__ import annotations

from decimal import Decimal
from hmac import compare_digest
from typing import Any

import msgspec

from daemon.domain.instants import moment_of
from daemon.domain.market.instruments import Instrument
from daemon.domain.money import divide_half_even, units
from daemon.twin.words import Reason, Refused

Data = dict[str, Any]
"""An object of JSON."""
_PAISE = 100
_JSON = msgspec.json.Encoder(decimal_format="number")


class Denied(Exception):
    """A request is answered with a no.

    Attributes:
        status: of HTTP.
        kind: Zerodha's name for the error.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def same(brought: str, secret: str) -> bool:
    """Say whether a secret was brought, in as long for one that is nearly right."""
    return compare_digest(brought.encode("utf-8", "surrogatepass"), secret.encode())


def wrong(message: str) -> Denied:
    """Return the answer to a request that cannot be."""
    return Denied(400, "InputException", message)


def not_found(what: str) -> Denied:
    """Return the answer to a question after what is not there, by the word of the path."""
    return Denied(404, "DataException", f"Couldn't find that `{what}`.")


def dead_session() -> Denied:
    """Return the answer to who has no session."""
    return Denied(403, "TokenException", "Incorrect `api_key` or `access_token`.")


def too_many() -> Denied:
    """Return the answer to who asks too often."""
    return Denied(429, "NetworkException", "Too many requests")


def envelope(data: object) -> bytes:
    """Return the body of an answer."""
    return _JSON.encode({"status": "success", "data": data})


def denial(denied: Denied) -> bytes:
    """Return the body of a refusal."""
    told = {"status": "error", "message": str(denied), "data": None, "error_type": denied.kind}
    return _JSON.encode(told)


def text_of(data: object) -> str:
    """Return JSON as text."""
    return _JSON.encode(data).decode()


def rupees(amount_e4: int) -> Decimal:
    """Return an amount as it is written: to the paisa, and finer only where it is."""
    if amount_e4 % _PAISE:
        return units(amount_e4)
    return Decimal(amount_e4 // _PAISE).scaleb(-2)


def average(value_e4: int, quantity: int) -> Decimal:
    """Return what a unit cost; 0 where there is none."""
    return rupees(divide_half_even(value_e4, quantity)) if quantity else Decimal(0)


def stamp(at_ns: int) -> str:
    """Return an instant as Zerodha writes it: Indian time to the second, without an offset."""
    return f"{moment_of(at_ns):%Y-%m-%d %H:%M:%S}"


def clock(at_ns: int) -> str:
    """Return the time of an instant alone."""
    return f"{moment_of(at_ns):%H:%M:%S}"


def refused(answer: Refused, contract: Instrument, quantity: int) -> Denied:
    """Return a refusal of the exchange in Zerodha's words.

    Args:
        answer: of the exchange; its own sentence names the figures.
        contract: that was to be traded.
        quantity: units that were asked.
    """
    text = answer.text
    match answer.reason:
        case Reason.MARGIN:
            return Denied(400, "MarginException", f"Insufficient funds: {text}.")
        case Reason.RATE:
            return too_many()
        case Reason.FREEZE:
            most, lot = contract.freeze_quantity, contract.lot
            return wrong(
                f"The order quantity {quantity} ({quantity // lot} lots) is higher than the "
                f"maximum quantity of {most} ({most // lot} lots) allowed by the exchanges. "
                "Please reduce the order quantity or use iceberg orders."
            )
        case Reason.LOT:
            return wrong(f"Invalid quantity. It should be in multiples of lot size {contract.lot}.")
        case Reason.TICK:
            tick = rupees(contract.tick_e4)
            return wrong(
                f"Tick size for this script is {tick}. Enter the price in multiples of it."
            )
        case Reason.BAND:
            return wrong(f"The price is beyond the circuit limits: {text}.")
        case Reason.CLOSED:
            return wrong("Markets are closed right now. Place an order in market hours.")
        case Reason.INSTRUMENT:
            return wrong("The instrument you are placing an order for has expired or is unknown.")
        case Reason.OTHER:
            return wrong(f"Your order could not be processed: {text}.")
