"""The watch: looks a few times a second, counts its looks without a beat, and does what follows.

Looks are counted, and no clock is asked, as the daemon does itself: who was stopped meanwhile, or
slept with the machine, has looked as seldom as it could have heard.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from daemon import kill
from daemon.errors import OrdoError, StoreError
from daemon.guardian.decision import Daemon, Deed, Exposure, Patience, Seen, decide
from daemon.guardian.known import Known
from daemon.guardian.listening import Heard, Listener
from daemon.guardian.sight import sight_of
from daemon.guardian.taking_over import Takeover, is_ours
from daemon.guardian.telling import ALERT, Teller
from daemon.guardian.vault_watch import VaultWatch
from daemon.guardian.ways import Ways, at_brokers
from daemon.settings import Settings
from daemon.settings.guardian import LOCK, SOCKET
from daemon.storage.exclusive import DAEMON, Holder

LOOK_S: Final = 0.25
_REMOVED: Final = (
    f"somebody removed {SOCKET} or {LOCK} from the state folder, so no beat could be heard: the "
    "guardian listens anew, and waits for a beat as long as ever; let nothing clean that folder"
)
_READINGS_IN_VAIN: Final = 8
"""So often in a row it cannot be read before that counts: files are moved, or held by a copy."""
_NEWER: Final = "ledger_newer"
_OLD_S: Final = 30
"""A guardian that cannot read what is recorded ends once it is as old as that; so whoever starts it
again, and has no other code, does not do so each second."""
_STARTS: Final = 3
"""So often a daemon that starts, and ends before its first beat, is waited for once more."""


class Watch:
    """Watches one state folder.

    Args:
        settings: everything that was set.
        listener: hears beats.
        teller: tells people.
        ways: to the accounts at brokers, which then are watched alone; None: all are on paper.
    """

    def __init__(
        self, settings: Settings, listener: Listener, teller: Teller, ways: Ways | None = None
    ) -> None:
        guardian, self._settings = settings.guardian, settings
        self._state_dir = settings.daemon.state_dir
        self._patience = Patience(guardian.silence_s, guardian.stopped_s)
        self._listener = listener
        self._teller = teller
        self._sight = sight_of(settings, ways, teller.lives)
        self._vault = None if ways is None else VaultWatch(settings, ways.vault, listener, teller)
        self._known = Known(self._state_dir)
        self._takeover = Takeover(settings, teller, ways, self._known)
        accounts = settings.accounts if ways is None else at_brokers(settings)
        self._accounts = tuple(each.id for each in accounts)
        self._exposure = Exposure.UNSEEN
        self._silent = self._read = self._starts = self._in_vain = self._borne = self._looks = 0
        self._because: dict[tuple[Daemon, Exposure, bool], str] = {}
        self._over = False  # nothing more can be closed before the next beat
        self._was_flat = False  # what a stopped daemon left open, as far as it was seen, is nothing
        self._holder = _holder_in(self._known)

    async def keep(self) -> None:
        """Watch, for ever.

        Raises:
            StoreError: what is recorded is not known to the code that runs; what was installed
                since may know it, and is started by whoever starts this anew.
        """
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._sight.let_go()

    async def look(self) -> Deed:
        """Look once, and do what follows; return what that was.

        Raises:
            StoreError: only other code can go on.
        """
        self._looks += 1
        self._teller.lives()
        if self._vault is not None:
            await self._vault.look()
        heard = self._hear()
        if heard is Heard.BEAT:
            return await self._beaten()
        self._silent += 1
        self._see_start()  # what was silent before it is not borne with
        if heard is Heard.READS:
            self._bear()
        if self._silent - self._read >= self._sight.looks and not self._over:
            self._exposure = Exposure.UNSEEN
        seen, silent = self._seen(), self._holder
        deed = decide(seen, self._patience)
        if deed is Deed.LOOK:
            self._exposure, self._read = await self._shown(), self._silent
            heard = self._hear()
            if heard is Heard.BEAT:  # it came back while a broker was being read
                return await self._beaten()
            self._see_start()  # or one began
            if heard is Heard.READS:
                self._bear()
            self._see_opened()
            seen = self._seen()
            deed = decide(seen, self._patience)
        match deed:
            case Deed.WARN:
                self._warn()
            case Deed.TAKE_OVER:
                is_silent = seen.daemon is Daemon.THERE and self._holder == silent
                await self._take_over(seen, ends=is_silent)
        return deed

    def _hear(self) -> Heard:
        """Hear what has come; what could not be heard is no silence, so that begins anew."""
        if self._listener.bound_anew():
            self._wait_anew(Exposure.UNSEEN)
            self._teller.say(f"ALERT {_REMOVED}")
        return self._listener.heard()

    def _seen(self) -> Seen:
        latches = kill.standing(self._state_dir)
        return Seen(
            daemon=_daemon(_holder_in(self._known)),
            silent_s=self._silent * LOOK_S,
            exposure=self._exposure,
            unfinished=any(map(is_ours, latches)),
            killed=all(any(_kills(each, name) for each in latches) for name in self._accounts),
            was_flat=self._was_flat,
        )

    async def _beaten(self) -> Deed:
        """Take in that a daemon lives, and which it is while it is named."""
        self._holder = _holder_in(self._known)
        self._wait_anew(Exposure.UNSEEN)
        self._starts = self._borne = 0
        self._teller.once("open", "")
        self._teller.say_once("reads", "")
        self._teller.guarded_again()
        self._taken_over()
        await self._sight.let_go()
        return Deed.WAIT

    async def _shown(self) -> Exposure:
        """Read the broker's book; one that could not be read just now counts as not looked at."""
        found = await self._sight.look()
        self._in_vain = self._in_vain + 1 if found is Exposure.UNREAD else 0
        return Exposure.UNSEEN if 0 < self._in_vain < _READINGS_IN_VAIN else found

    def _see_start(self) -> None:
        """Give a daemon that was started again the whole time once more, so often and no more."""
        holder, before = _holder_in(self._known), self._holder
        self._holder = holder
        if holder is None or holder == before or holder.what != DAEMON or not holder.is_alive():
            return
        if self._starts < _STARTS:
            self._starts += 1
            self._wait_anew(Exposure.UNSEEN)

    def _see_opened(self) -> None:
        """Let the time after an orderly end run from where something is seen, if nothing was open.

        A person opened it, by hand and after he stopped the daemon: he is told first.
        """
        if _daemon(self._holder) is not Daemon.STOPPED:
            self._was_flat = False
        elif self._exposure is Exposure.FLAT:
            self._was_flat = True
            self._teller.once("open", "")
        elif self._was_flat and self._exposure in (Exposure.OPEN, Exposure.WAITING):
            self._was_flat = False
            self._silent = self._read = 0

    def _bear(self) -> None:
        """Bear with a daemon that reads a long record: as long as with one that was stopped."""
        bound_s = self._patience.stopped_s
        if self._borne * LOOK_S >= bound_s:
            return
        self._borne += min(self._silent, int(self._patience.silence_s / LOOK_S))
        self._wait_anew(Exposure.UNSEEN)
        if self._borne * LOOK_S >= self._patience.silence_s:
            self._teller.say_once(
                "reads",
                f"a daemon starts, and waits for its record or reads it; until its first beat "
                f"{bound_s:.0f} s are borne in all",
            )

    def _taken_over(self) -> None:
        """Have the next taking over told anew."""
        self._because.clear()
        self._teller.say_once("takes over", "")

    def _wait_anew(self, exposure: Exposure) -> None:
        self._silent = self._read = 0
        self._exposure, self._over = exposure, False
        self._was_flat = exposure is Exposure.FLAT

    def _warn(self) -> None:
        if self._exposure is Exposure.HIDDEN:
            self._warn_unseen()
            return
        stopped_s = f"{self._patience.stopped_s:.0f} s"
        then = f"it is closed {stopped_s} after the end, or after it was opened since"
        then = f"{then}, unless one comes back"
        if self._exposure is Exposure.WAITING:
            then = "the exchange does not trade now; it is closed when it does"
        if self._exposure is Exposure.UNREAD and self._was_flat:
            then = "it showed nothing open when it was last read, so nothing is done"
        if self._over:
            then = f"the guardian cannot close it, and {ALERT} says why"
        what = "cannot be read" if self._exposure is Exposure.UNREAD else "shows something open"
        self._teller.once("open", f"no daemon guards, and the broker's book {what}; {then}")

    def _warn_unseen(self) -> None:
        """Tell that nobody sees what is open; while it can be traded a word is left as well."""
        text = f"no daemon guards, and {self._sight.why}"
        if self._sight.rests:
            self._teller.once("open", text)
        else:
            self._teller.alert([text])

    async def _take_over(self, seen: Seen, *, ends: bool) -> None:
        so = f"the daemon gave no beat for {seen.silent_s:.0f} s"
        if seen.killed and seen.daemon is Daemon.STOPPED:
            so = "a kill stands, and no daemon is there to close"
        because = f"{so}, and the broker shows what is open"
        if seen.exposure is Exposure.UNREAD:
            because = f"{so}; the broker cannot be read"
        # A try that is hindered follows another: the seconds that pass meanwhile are no news.
        because = self._because.setdefault((seen.daemon, seen.exposure, seen.killed), because)
        try:
            flat = await self._takeover.run(because, ends=ends)
        except (OrdoError, OSError) as error:
            self._exposure = Exposure.UNSEEN
            if not ends and isinstance(error, OrdoError) and error.code == "already_running":
                self._teller.once("hindered", f"{error}; it is tried again")
                return
            if isinstance(error, StoreError) and error.code == _NEWER:
                self._teller.alert(_too_old(seen.exposure, error))
                await self._grow_old()
                raise
            self._teller.alert(_not_closed(seen.exposure, error))
            return
        self._teller.once("hindered", "")
        self._taken_over()
        self._wait_anew(Exposure.FLAT if flat else Exposure.WAITING)
        self._over = not flat and not self._sight.returns

    async def _grow_old(self) -> None:
        """Wait until this guardian may end."""
        while self._looks * LOOK_S < _OLD_S:
            self._looks += 1
            self._teller.lives()
            await asyncio.sleep(LOOK_S)


def _not_closed(shown: Exposure, error: Exception) -> list[str]:
    """Return what a person is to know where a try to close has failed."""
    what = "the ledger" if isinstance(error, StoreError) else "what hinders the guardian"
    return [
        _open(shown),
        f"{error}; it is tried again and again",
        f"close it at the broker's own page, or mend {what}",
    ]


def _too_old(shown: Exposure, error: StoreError) -> list[str]:
    """Return what a person is to know where this guardian cannot read what is recorded."""
    ends = "this guardian ends with exit code 1, so that its manager starts what is installed"
    return [
        _open(shown),
        f"{error}; {ends}; where nothing starts it again, start it",
        "close it at the broker's own page, or install the version that wrote the ledger",
    ]


def _open(shown: Exposure) -> str:
    shows = "cannot be read" if shown is Exposure.UNREAD else "shows something open"
    return f"NOT closed, and nobody guards: the broker's book {shows}"


def _kills(latch: kill.Latch, account: str) -> bool:
    """Say whether a latch is a kill of all of an account; one that nobody can read is none here."""
    is_whole = latch.kind == kill.KILL and latch.scope != kill.STRATEGY
    return is_whole and latch.by != kill.UNREAD and latch.reaches(account)


def daemon_of(state_dir: Path) -> Daemon:
    """Return what is known of a state folder's daemon; what cannot be read was not in order."""
    return _daemon(_holder_in(Known(state_dir)))


def _daemon(holder: Holder | None) -> Daemon:
    if holder is None:
        return Daemon.STOPPED
    return Daemon.THERE if holder.is_alive() else Daemon.GONE


def _holder_in(known: Known) -> Holder | None:
    """Return who held the state folder last; of a lock that cannot be read, nobody known."""
    try:
        return known.holder()
    except OSError:
        return Holder("nobody known", 0, 0)
