"""What a record that cannot be read tells all the same, each of its fields by itself."""

from __future__ import annotations

from contextlib import suppress

from msgspec import Raw

from daemon.brokers.zerodha.wire import parsed
from daemon.errors import WireGarbled


def fields(record: Raw) -> dict[str, object]:
    """Return the fields of a record that can be read; none of what is no record."""
    text = bytes(record).decode(errors="replace")
    told: dict[str, object] = {}
    with suppress(WireGarbled):
        for name, value in parsed(text, dict[str, Raw]).items():
            with suppress(WireGarbled):
                told[name] = parsed(value, object)
    return told
