"""Who is spoken to: a broker, a stand-in for it on this machine, and whoever says where we are."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from daemon.settings.faults import Wrong, shown

API_ROOT = 'the address of a stand-in on this machine, such as "http://127.0.0.1:8080"'
ADDRESS_URL = 'who answers with the address of the caller, such as "https://icanhazip.com"'
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


def address_url(written: str) -> str:
    """Return who is asked which address this machine has to others.

    Raises:
        Wrong: that is no address, may hold a secret, or would be asked over an open wire.
    """
    try:
        parts = urlsplit(written)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_whole = False
    plain = written.isascii() and written.isprintable() and " " not in written
    if not (is_whole and plain) or "@" in parts.netloc or parts.query or parts.fragment:
        raise Wrong("names nobody who could be asked", f"write {ADDRESS_URL}")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise Wrong("would be asked over an open wire", f"write {ADDRESS_URL}")
    return written


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _root(written: str, scheme: str, expected: str) -> str:
    try:
        parts = urlsplit(written.strip())
        is_here = bool(parts.port) and _is_here(parts.hostname or "")
    except ValueError:
        is_here = False
    if not is_here or parts.scheme != scheme or parts.path not in ("", "/"):
        raise Wrong(f"is {shown(written)}", f"write {expected}")
    return f"{scheme}://{parts.netloc}"
