"""The fence: a file in the state folder, behind which a run that goes on sends nothing any more.

The guardian puts it up before it ends a daemon. From then on no order and no cancellation of that
run leaves, whether its ledger works or it has gone over to the emergency file; whoever takes the
folder for himself next takes it down, for by then nobody stands behind it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from daemon.storage.whole import write_whole

FENCE: Final = "fence"
SENTENCE: Final = "the guardian has taken over: this run sends and records nothing more"


def put_up(state_dir: Path, because: str) -> None:
    """Put the fence up, durably; once more changes nothing.

    Raises:
        OSError: the disk refused.
    """
    write_whole(state_dir / FENCE, f"{because}\n".encode())


def stands(state_dir: Path) -> bool:
    """Say whether it is up; asked anew for every order."""
    return os.path.lexists(state_dir / FENCE)


def take_down(state_dir: Path) -> None:
    """Take it down, if it is up.

    Raises:
        OSError: the disk refused.
    """
    (state_dir / FENCE).unlink(missing_ok=True)
