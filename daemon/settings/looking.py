"""`[logs]` and `[telemetry]`: what is kept of what the daemon tells about itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from daemon.settings.kinds import Location, Whole
from daemon.settings.tables import Table


class Logs(Table, frozen=True):
    """`[logs]`: a file of JSON lines for each day, beside what goes to standard error.

    Attributes:
        folder: where they lie; None: `logs` in the state folder.
        days: how many days are kept, today included; 0: no files at all.
    """

    folder: Annotated[Path, Location()] | None = None
    days: Annotated[int, Whole(0, 3_650, "days")] = 30

    def within(self, state_dir: Path) -> Path:
        """Return the folder, for a daemon with that state folder."""
        return self.folder if self.folder is not None else state_dir / "logs"


class Telemetry(Table, frozen=True):
    """`[telemetry]`: what is watched of the daemon itself.

    Attributes:
        slow_ms: what holds up the event loop longer is told by name.
    """

    later: ClassVar[tuple[str, ...]] = ("traces",)
    slow_ms: Annotated[int, Whole(1, 10_000, "milliseconds")] = 50
