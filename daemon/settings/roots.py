"""Where a broker is spoken to: its own addresses, or those of a stand-in on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from daemon.settings.faults import Wrong, shown

API_ROOT = 'the address of a stand-in on this machine, such as "http://127.0.0.1:8080"'
WS_ROOT = 'the address of the ticker of a stand-in, such as "ws://127.0.0.1:8080"'


def api_root(written: str) -> str:
    """Return where a stand-in is asked.

    Raises:
        Wrong: that is no such address, or not on this machine, which credentials would leave.
    """
    return _root(written, "http", API_ROOT)


def ws_root(written: str) -> str:
    """Return where the ticker of a stand-in is.

    Raises:
        Wrong: that is no such address, or not on this machine.
    """
    return _root(written, "ws", WS_ROOT)


def _root(written: str, scheme: str, expected: str) -> str:
    try:
        parts = urlsplit(written.strip())
        is_here = bool(parts.port) and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_here = False
    if not is_here or parts.scheme != scheme or parts.path not in ("", "/"):
        raise Wrong(f"is {shown(written)}", f"write {expected}")
    return f"{scheme}://{parts.netloc}"
