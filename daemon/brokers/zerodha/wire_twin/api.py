"""Zerodha's REST interface as a table: method, path, which limit counts, and what is done.

Source: Kite Connect 3, user, orders, portfolio, GTT, market quotes, historical and margins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from daemon.brokers.zerodha.wire_twin import amo, margins, slices, tape
from daemon.brokers.zerodha.wire_twin import asked as forms
from daemon.brokers.zerodha.wire_twin.amo import AfterMarket
from daemon.brokers.zerodha.wire_twin.asked import AT_MARKET, STOPS, Asked, Form
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.gtt import Triggers
from daemon.brokers.zerodha.wire_twin.limits import Bucket
from daemon.brokers.zerodha.wire_twin.mischief import On
from daemon.brokers.zerodha.wire_twin.session import Session, profile
from daemon.brokers.zerodha.wire_twin.website import Website
from daemon.brokers.zerodha.wire_twin.words import Data, Denied, rupees, wrong
from daemon.domain.instants import IST, SECOND_NS, instant, moment_of

_MINUTE_NS = 60 * SECOND_NS
_CANDLES = {
    "minute": 1,
    "3minute": 3,
    "5minute": 5,
    "10minute": 10,
    "15minute": 15,
    "30minute": 30,
    "60minute": 60,
    "day": 1_440,
}
_MOST_ASKED = {"": 500, "ohlc": 1_000, "ltp": 1_000}
"""Of how many instruments quotes can be asked for at once."""


class Call(Struct, frozen=True):
    """A request that was let in.

    Attributes:
        path: the words that the path of its row has in braces.
        query: its first values by name.
        form: the body of a form.
        instruments: all values of `i`.
        body: of JSON.
    """

    path: Mapping[str, str]
    query: Form
    form: Form
    instruments: Sequence[str] = ()
    body: Any = None


class House(Struct, frozen=True):
    """What answers are given from."""

    desk: Desk
    amo: AfterMarket
    triggers: Triggers
    session: Session
    website: Website


class Text(Struct, frozen=True):
    """An answer that is no JSON: a file."""

    text: str


class Row(Struct, frozen=True):
    """One thing that can be asked.

    Attributes:
        method: of HTTP.
        path: words in braces stand for any.
        bucket: which limit counts it.
        answer: what is done, and what is said.
        on: what a fault calls it.
        session: it needs one.
    """

    method: str
    path: str
    bucket: Bucket
    answer: Callable[[House, Call], object]
    on: On = On.READ
    session: bool = True


def _log_in(house: House, call: Call) -> Data:
    return house.session.log_in(dict(call.form), house.desk.now_ns)


def _log_out(house: House, call: Call) -> bool:
    key, token = (call.query.get(name, "") for name in ("api_key", "access_token"))
    house.session.check(key, token, house.desk.now_ns)
    house.session.log_out()
    return True


def _renew(*_: object) -> None:
    raise Denied(403, "PermissionException", "Sessions of this `api_key` cannot be renewed.")


def _funds(house: House, call: Call) -> Data:
    funds = margins.funds(house.desk)
    segment = call.path.get("segment")
    if segment is None:
        return funds
    if segment not in funds:
        raise wrong("Invalid `segment`.")
    return funds[segment]


def _place(house: House, call: Call) -> Data:
    order = forms.placement(call.path["variety"], call.form, house.desk.contracts)
    if order.variety == amo.VARIETY:
        return {"order_id": house.amo.place(order)}
    if call.form.get("autoslice", "").lower() == "true":
        return slices.placed(house.desk, order)
    return {"order_id": house.desk.place(order)}


def _modify(house: House, call: Call) -> Data:
    variety, order_id = call.path["variety"], call.path["order_id"]
    asked = changed(house.desk.books.order(order_id, variety).asked, call.form)
    if house.amo.waits(order_id):
        return {"order_id": house.amo.modify(order_id, asked)}
    return {"order_id": house.desk.modify(order_id, variety, asked)}


def changed(before: Asked, form: Form) -> Asked:
    """Return an order as it is asked for once it is changed.

    Raises:
        Denied: a field cannot be, or a limit order cannot become that.
    """
    order_type = form.get("order_type") or before.order_type
    if order_type not in (*AT_MARKET, "LIMIT", "SL"):
        raise wrong("Invalid `order_type`.")
    if order_type in STOPS and before.order_type not in STOPS:
        raise wrong("A limit order cannot be modified to a stop order.")
    protection = before.protection
    if form.get("market_protection") or before.order_type not in AT_MARKET:
        protection = forms.protection_of(form, order_type)
    return msgspec.structs.replace(
        before,
        order_type=order_type,
        quantity=forms.count(form, "quantity") or before.quantity,
        price_e4=forms.amount(form, "price", at_least=0) or before.price_e4,
        trigger_e4=forms.amount(form, "trigger_price", at_least=0) or before.trigger_e4,
        disclosed_quantity=forms.count(form, "disclosed_quantity") or before.disclosed_quantity,
        protection=protection,
    )


def _cancel(house: House, call: Call) -> Data:
    variety, order_id = call.path["variety"], call.path["order_id"]
    if house.amo.waits(order_id):
        return {"order_id": house.amo.cancel(order_id, variety)}
    return {"order_id": house.desk.cancel(order_id, variety)}


def _orders(house: House, _: Call) -> list[Data]:
    return [kept.newest for kept in house.desk.books.orders()]


def _history(house: House, call: Call) -> list[Data]:
    return house.desk.books.order(call.path["order_id"]).states


def _order_trades(house: House, call: Call) -> list[Data]:
    return house.desk.books.trades(house.desk.books.order(call.path["order_id"]).order_id)


def _convert(house: House, call: Call) -> bool:
    desk, form = house.desk, call.form
    symbol = forms.listed(form, desk.contracts).contract.symbol
    key, quantity = (symbol, form.get("old_product", "")), forms.count(form, "quantity", 1)
    product = forms.one_of(form, "new_product", forms.PRODUCTS)
    desk.books.portfolio.convert(key, product, quantity, desk.now_ns)
    return True


def _instruments(house: House, call: Call) -> Text:
    return Text(house.desk.contracts.file(call.path.get("exchange", "")))


def _quotes(house: House, call: Call) -> Data:
    which = call.path.get("which", "")
    if which not in _MOST_ASKED:
        raise Denied(404, "GeneralException", "Route not found")
    if len(call.instruments) > _MOST_ASKED[which]:
        raise wrong("Too many instruments.")
    desk, told = house.desk, {}
    for key, price, listing in tape.listed_prices(desk.tape, desk.contracts, call.instruments):
        match which:
            case "ltp":
                told[key] = tape.last_of(price, listing)
            case "ohlc":
                told[key] = tape.ohlc_of(price, listing)
            case _:
                band = desk.exchange.band_of(listing.contract.symbol)
                told[key] = tape.quote_of(price, listing, band)
    return told


def _candles(house: House, call: Call) -> Data:
    minutes = _CANDLES.get(call.path["interval"])
    token = call.path["token"]
    listing = house.desk.contracts.of_token.get(int(token)) if token.isdecimal() else None
    if minutes is None or listing is None:
        raise wrong("Invalid `interval`." if listing else "invalid token")
    price = house.desk.tape.prices.get(listing.contract.symbol)
    first_ns, last_ns = (_moment_ns(call.query.get(name, "")) for name in ("from", "to"))
    rows: dict[int, list[int]] = {}
    for at_ns, candle in price.candles.items() if price else ():
        if first_ns <= at_ns <= last_ns:
            start_ns = _start_of(at_ns, minutes)
            row = rows.setdefault(start_ns, [*list(candle[:4]), 0])
            highest, lowest = max(row[1], candle[1]), min(row[2], candle[2])
            rows[start_ns] = [row[0], highest, lowest, candle[3], row[4] + candle[4]]
    lot = listing.contract.lot
    return {"candles": [_candle(at_ns, row, lot) for at_ns, row in rows.items()]}


def _candle(at_ns: int, row: list[int], lot: int) -> list[object]:
    return [f"{moment_of(at_ns):%Y-%m-%dT%H:%M:%S%z}", *map(rupees, row[:4]), row[4] * lot]


def _start_of(at_ns: int, minutes: int) -> int:
    """Return when the candle of an instant begins, counted from the open of the day, 09:15."""
    moment = moment_of(at_ns)
    if minutes == _CANDLES["day"]:
        return instant(moment.replace(hour=0, minute=0, second=0, microsecond=0))
    since = (moment.hour * 60 + moment.minute - 555) % minutes
    return at_ns - at_ns % _MINUTE_NS - since * _MINUTE_NS


def _moment_ns(text: str) -> int:
    try:
        return instant(datetime.fromisoformat(text).replace(tzinfo=IST))
    except ValueError as error:
        raise wrong("Invalid `from` or `to` date.") from error


def _basket(house: House, call: Call) -> Data:
    beside = call.query.get("consider_positions", "").lower() == "true"
    return margins.basket(house.desk, call.body, beside_positions=beside)


ROWS: tuple[Row, ...] = (
    Row("POST", "/session/token", Bucket.FREE, _log_in, session=False),
    Row("DELETE", "/session/token", Bucket.FREE, _log_out),
    Row("POST", "/session/refresh_token", Bucket.FREE, _renew, session=False),
    Row("GET", "/user/profile", Bucket.READ, lambda *_: profile()),
    Row("GET", "/user/margins", Bucket.READ, _funds),
    Row("GET", "/user/margins/{segment}", Bucket.READ, _funds),
    Row("POST", "/orders/{variety}", Bucket.WRITE, _place, On.PLACE),
    Row("PUT", "/orders/{variety}/{order_id}", Bucket.WRITE, _modify, On.MODIFY),
    Row("DELETE", "/orders/{variety}/{order_id}", Bucket.WRITE, _cancel, On.CANCEL),
    Row("GET", "/orders", Bucket.READ, _orders),
    Row("GET", "/orders/{order_id}", Bucket.READ, _history),
    Row("GET", "/orders/{order_id}/trades", Bucket.READ, _order_trades),
    Row("GET", "/trades", Bucket.READ, lambda house, _: house.desk.books.trades()),
    Row(
        *("GET", "/portfolio/positions", Bucket.READ),
        lambda house, _: house.desk.books.portfolio.positions(),
    ),
    Row("PUT", "/portfolio/positions", Bucket.READ, _convert),
    Row("GET", "/portfolio/holdings", Bucket.READ, lambda *_: []),
    Row("GET", "/portfolio/holdings/auctions", Bucket.READ, lambda *_: []),
    Row("GET", "/instruments", Bucket.READ, _instruments, session=False),
    Row("GET", "/instruments/{exchange}", Bucket.READ, _instruments, session=False),
    Row("GET", "/gtt/triggers", Bucket.READ, lambda house, _: house.triggers.records()),
    Row(
        *("POST", "/gtt/triggers", Bucket.READ),
        lambda house, call: house.triggers.place(call.form),
    ),
    Row(
        *("GET", "/gtt/triggers/{trigger_id}", Bucket.READ),
        lambda house, call: house.triggers.record(call.path["trigger_id"]),
    ),
    Row(
        *("PUT", "/gtt/triggers/{trigger_id}", Bucket.READ),
        lambda house, call: house.triggers.modify(call.path["trigger_id"], call.form),
    ),
    Row(
        *("DELETE", "/gtt/triggers/{trigger_id}", Bucket.READ),
        lambda house, call: house.triggers.delete(call.path["trigger_id"]),
    ),
    Row("GET", "/quote", Bucket.QUOTE, _quotes),
    Row("GET", "/quote/{which}", Bucket.QUOTE, _quotes),
    Row("GET", "/instruments/historical/{token}/{interval}", Bucket.HISTORY, _candles),
    Row(
        *("POST", "/margins/orders", Bucket.READ),
        lambda house, call: margins.orders(house.desk, call.body),
    ),
    Row("POST", "/margins/basket", Bucket.READ, _basket),
    Row(
        *("POST", "/charges/orders", Bucket.READ),
        lambda house, call: margins.contract_note(house.desk, call.body),
    ),
)
