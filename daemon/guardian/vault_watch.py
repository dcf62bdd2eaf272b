"""Whether the guardian can open the vault: looked at before anything hangs on it, and told if not.

It takes sessions out of it once the daemon is gone, when nobody is there who could mend it. And a
key that the service manager hands over is a copy from its start: after a rotation it opens nothing
any more, and the daemon that is restarted then has the new one.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from msgspec.structs import replace

from daemon.errors import SettingsError, VaultError
from daemon.guardian.listening import Listener
from daemon.guardian.telling import Teller
from daemon.guardian.ways import written
from daemon.settings import Settings
from daemon.storage.stood_in_for import SHUT, stood_in_for
from daemon.storage.vault import Vault

_AGAIN: Final = 240
"""Looks: one that does not open is tried again so often, for its key may be mended by itself."""
_NONE: Final = "no_vault"


class VaultWatch:
    """Opens the vault at the first look, and whenever it has changed since.

    Args:
        settings: everything that was set.
        vault: which.
        listener: whoever asks is told by it.
        teller: tells people.
    """

    def __init__(
        self, settings: Settings, vault: Vault, listener: Listener, teller: Teller
    ) -> None:
        self._stands = stood_in_for(settings)
        self._vault = vault
        self._listener = listener
        self._teller = teller
        self._seen: object = None
        self._shut = ""
        self._looks = 0

    async def look(self) -> None:
        """Open it where it has changed, and tell what keeps it shut."""
        self._looks += 1
        is_due = self._shut and self._looks % _AGAIN == 0
        seen = written(self._vault)
        if seen == self._seen and not is_due:
            return
        self._seen = seen
        shut = await asyncio.to_thread(_shut, self._vault)  # a passphrase takes its time
        if shut == self._shut:
            return
        self._shut = shut
        self._listener.tell(msgspec.json.encode(replace(self._stands, vault=shut)))
        self._teller.once("vault", f"the guardian {SHUT}: {shut}" if shut else "")
        if not shut:
            self._teller.say("the guardian can open the vault again")


def _shut(vault: Vault) -> str:
    """Say why a vault cannot be opened; empty: it can, or there is none yet."""
    try:
        vault.check()
    except VaultError as error:
        return "" if error.code == _NONE else str(error)
    except SettingsError as error:
        return str(error)
    return ""
