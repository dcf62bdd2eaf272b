"""What a start says of a guardian that watches, and stands in for something else than it runs."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.app.given.assignment import Assignment
from daemon.storage import stood_in_for


def unlike(given: Assignment) -> Iterator[str]:
    """Yield an alert where it does; days of a replay are not guarded.

    Args:
        given: what the daemon runs.
    """
    is_guarded = given.folder == given.state_dir
    if is_guarded and (other := stood_in_for.unlike(given.settings)):
        yield f"ALERT {other}; {stood_in_for.MEND}"
