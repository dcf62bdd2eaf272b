"""Failed attempts: each address and all of them together wait longer with every one.

Whoever holds a credential that counts is never kept waiting: the secrets are 256 bits of chance, so
nobody guesses one, and a stranger's attempts must not keep the owner from the kill switch.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import SECOND_NS

FREE = 5
FREE_OF_ALL = 50
_LONGEST_S = 300
_FORGOTTEN_NS = 900 * SECOND_NS
_ADDRESSES = 10_000
_ALL = ""


class _Failures(Struct):
    count: int = 0
    last_ns: int = 0


class Throttle:
    """Counts failed attempts, by address and in all."""

    def __init__(self) -> None:
        self._failures: dict[str, _Failures] = {_ALL: _Failures()}

    def failed(self, address: str, now_ns: int) -> int:
        """Count a failure; return how many seconds to wait, 0: none yet."""
        return max(self._count(address, now_ns, FREE), self._count(_ALL, now_ns, FREE_OF_ALL))

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(address, None)

    def _count(self, key: str, now_ns: int, free: int) -> int:
        known = self._failures.pop(key, None) or _Failures()
        if now_ns - known.last_ns > _FORGOTTEN_NS:
            known.count = 0
        known.count, known.last_ns = known.count + 1, now_ns
        self._failures[key] = known
        if len(self._failures) > _ADDRESSES:
            oldest = next(one for one in self._failures if one not in (_ALL, key))
            del self._failures[oldest]
        over = known.count - free
        return min(_LONGEST_S, 2 ** min(over, 10)) if over > 0 else 0
