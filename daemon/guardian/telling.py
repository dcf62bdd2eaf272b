"""What a guardian tells people: lines on standard output, and a file that the next look finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from daemon.domain.orders.arming import PAPER, Mode
from daemon.storage.whole import write_whole
from daemon.telemetry.notify import Notifier

ALERT: Final = "guardian.alert"
"""In the state folder: what the guardian did last, and what it left; for a person to remove."""

_GUARDED: Final = "since then a daemon guards again: ask it what is held, `ordo positions`"


class Teller:
    """Tells each thing once for as long as it stays the same.

    Args:
        state_dir: where the alert lies.
        write: takes a line.
        manager: the address of the service manager's socket; empty: there is none.
        mode: whose money is traded with, which each line says.
    """

    def __init__(
        self,
        state_dir: Path,
        write: Callable[[str], None],
        manager: str = "",
        mode: Mode = PAPER,
    ) -> None:
        self._mode = mode.upper()
        self._path = state_dir / ALERT
        self._write = write
        self._notifier = Notifier(manager, write)
        self._told: dict[str, str] = {}
        self._left: tuple[str, ...] = ()

    def lives(self) -> None:
        """Tell the service manager that the guardian does not hang itself."""
        self._notifier.send("READY=1", "WATCHDOG=1")

    def say(self, text: str) -> None:
        """Tell something."""
        self._write(f"{self._mode}  {text}")

    def once(self, of: str, text: str) -> None:
        """Alert to how something is, unless that was told of it last; empty: no more."""
        if self._is_news(of, text):
            self.say(f"ALERT {text}")

    def say_once(self, of: str, text: str) -> None:
        """Tell how something is, unless that was told of it last; empty: no more."""
        if self._is_news(of, text):
            self.say(text)

    def alert(self, lines: Sequence[str]) -> None:
        """Leave word in the state folder, and tell it."""
        text = "; ".join(lines)
        if self._told.get("alert") == text:
            return
        self.once("alert", text)
        self._left = tuple(lines)
        self._leave(lines)

    def guarded_again(self) -> None:
        """Add to the word that was left since a daemon lived last that one lives again."""
        self._left, lines = (), self._left
        self.once("alert", "")
        if lines and self._path.exists():  # a person may have removed it
            self._leave([*lines, _GUARDED])

    def _leave(self, lines: Sequence[str]) -> None:
        try:
            write_whole(self._path, "".join(f"{self._mode}  {e}\n" for e in lines).encode())
        except OSError as error:
            self.once("file", f"{self._path} cannot be written: {error.strerror}")

    def _is_news(self, of: str, text: str) -> bool:
        """Note what is told of something; say whether it is another text than the last one."""
        before, self._told[of] = self._told.get(of, ""), text
        return text not in ("", before)
