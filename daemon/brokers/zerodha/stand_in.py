"""Market time of a stand-in for Zerodha: it plays days of its own, so its clock is asked.

Only for `ordo twin zerodha` on this machine. Market time is then what it last said, so it goes in
small steps, stands where the stand-in stands, and jumps where that jumps to its next day.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from daemon.domain.instants import instant
from daemon.errors import BrokerUnavailable

_EVERY_S: Final = 0.02
_PATIENCE_S: Final = 5.0


class StandInClock:
    """The clock of a stand-in.

    Args:
        root: where it is.

    Raises:
        BrokerUnavailable: it does not say what time it is.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._connection = HTTPConnection(urlsplit(root).netloc, timeout=_PATIENCE_S)
        self._now_ns = self._asked()
        self._ended = threading.Event()
        following = threading.Thread(  # sim-ok: the clock of another process, in no simulation
            target=self._follow, name="stand-in", daemon=True
        )
        following.start()

    def now_ns(self) -> int:
        """Return what it last said, in ns."""
        return self._now_ns

    def close(self) -> None:
        """Ask no more."""
        self._ended.set()

    def _follow(self) -> None:
        """Ask for ever; while it does not answer its time stands."""
        while not self._ended.wait(_EVERY_S):
            try:
                self._now_ns = self._asked()
            except BrokerUnavailable:
                continue
        self._connection.close()

    def _asked(self) -> int:
        try:
            self._connection.request("GET", "/twin/time")
            told = json.loads(self._connection.getresponse().read())
            return instant(datetime.fromisoformat(told["now"]))
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            self._connection.close()
            sentence = f"the stand-in at {self._root} does not say what time it is: {error}"
            raise BrokerUnavailable(sentence) from error
