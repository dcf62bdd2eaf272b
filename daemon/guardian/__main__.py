"""`ordo-guardian`: watches the daemon's beat, and closes what is open where it stays away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec

from daemon.domain.orders.arming import Mode, mode_of_all
from daemon.errors import OrdoError, SettingsError, VaultError
from daemon.guardian.decision import Exposure
from daemon.guardian.listening import listening
from daemon.guardian.sight import Sight, sight_of
from daemon.guardian.telling import Teller
from daemon.guardian.watch import Watch, daemon_of
from daemon.guardian.ways import Ways, at_brokers
from daemon.settings import FeedKind, Settings, load_with_rules
from daemon.settings.credentials import FOLDER
from daemon.storage.stood_in_for import MEND, stood_in_for, unlike, watched
from daemon.storage.unused import never_ran
from daemon.storage.vault import Place, Vault
from daemon.storage.whole import ROOT
from daemon.telemetry.notify import VARIABLE
from daemon.telemetry.printing import Printer

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
_UNITS: Final = Path("/run/credentials/ordo-guardian.service")
"""What the guardian that systemd runs was handed, for as long as it runs."""
_HUNG_UP: Final = (
    "the terminal is gone, or somebody sent SIGHUP: the guardian watches on; settings are read at "
    "a start alone, and SIGTERM ends it"
)


@click.command("ordo-guardian", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--settings", type=click.Path(path_type=Path), help="Another settings.toml.")
@click.option("--once", is_flag=True, help="Say how things stand, change nothing, and end.")
@click.option("--key", type=click.Path(path_type=Path), help="The file of the vault's keys.")
def command(settings: Path | None, key: Path | None, *, once: bool) -> int:
    """Close what is open where no daemon guards it any more."""
    loaded = load_with_rules(settings, os.environ)
    handed = os.environ.get(FOLDER, "") or (_handed_to_the_unit() if once else "")
    place = Place(loaded.daemon.state_dir, handed, key)
    ways = _ways(loaded, place)
    return _told(loaded, ways, place) if once else _watched(loaded, ways)


def _handed_to_the_unit() -> str:
    """Return the folder of what the guardian that runs was handed, which root may read."""
    return str(_UNITS) if os.geteuid() == ROOT and _UNITS.is_dir() else ""


def _ways(settings: Settings, place: Place) -> Ways | None:
    """Return the ways to the accounts at brokers; None: all are on paper.

    Args:
        settings: everything that was set.
        place: of the vault with their sessions.

    Raises:
        SettingsError: all are on paper, in a market that only the daemon hears of.
    """
    if not at_brokers(settings):
        if settings.feed.kind is FeedKind.BROKER:
            raise SettingsError(
                "every account is on paper and trades by live prices, which the daemon alone "
                "hears: there is nothing to stand in for, and no guardian is needed"
            )
        return None
    return Ways(settings, Vault(place))


def _told(settings: Settings, ways: Ways | None, place: Place) -> int:
    """Say how things stand."""
    state_dir = settings.daemon.state_dir
    listens = "watches" if watched(state_dir) else "does not watch"
    where = state_dir.absolute()
    click.echo(f"{_mode(settings).upper()}, state folder {where}: a guardian {listens}")
    if other := unlike(settings):
        click.echo(f"ALERT {other}; {MEND}")
    click.echo(f"daemon: {never_ran(state_dir) or daemon_of(state_dir)}")
    if ways is not None and not place.credentials and (why := _unkeyed(ways.vault)):
        click.echo(f"broker: not looked at: {why}")
        return 0
    sight = sight_of(settings, ways, lambda: None)
    click.echo(f"broker: {asyncio.run(_seen(sight))}")
    if sight.why:
        click.echo(f"because: {sight.why}")
    return 0


def _unkeyed(vault: Vault) -> str:
    """Say that this command lacks the key, which a guardian may have; empty: it is not that."""
    try:
        vault.check()
    except VaultError as error:
        return str(error) if error.code == "no_vault_key" else ""
    except SettingsError:  # the look tells of it
        return ""
    return ""


async def _seen(sight: Sight) -> Exposure:
    try:
        return await sight.look()
    finally:
        await sight.let_go()


def _watched(settings: Settings, ways: Ways | None) -> int:
    """Watch until somebody asks for the end."""
    state_dir, patience = settings.daemon.state_dir, settings.guardian
    words = msgspec.json.encode(stood_in_for(settings))
    with listening(state_dir, words) as listener, closing(Printer(sys.stdout, _lost)) as out:
        say = partial(_say, out)
        teller = Teller(state_dir, say, os.environ.get(VARIABLE, ""), _mode(settings))
        with _over_a_hang_up(teller):
            teller.say(
                f"watches {state_dir.absolute()}: {patience.silence_s} s without a beat, "
                f"{patience.stopped_s} s after an orderly end"
            )
            if never := never_ran(state_dir):
                teller.say(never)
            asyncio.run(Watch(settings, listener, teller, ways).keep())
    return 0


@contextmanager
def _over_a_hang_up(teller: Teller) -> Iterator[None]:
    """Go on over a SIGHUP while the block runs, and tell the first."""
    before = signal.signal(signal.SIGHUP, lambda *_: teller.say_once("hung up", _HUNG_UP))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before or signal.SIG_DFL)


def _mode(settings: Settings) -> Mode:
    return mode_of_all(each.broker for each in settings.accounts)


def _say(out: Printer, text: str) -> None:
    out.put(f"guardian: {text}")


def _lost(because: str) -> None:
    """Nobody else is told: what it does last is in the state folder as well."""


def main() -> None:
    """Run, and end with an exit code; no traceback reaches a user."""
    try:
        code = command.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except OrdoError as error:
        click.echo(f"ordo-guardian: {error}", err=True)
        code = MISUSED if error.misused else FAILED
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        # The last is an interrupt too: asyncio tells one so that comes just as its loop begins.
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
