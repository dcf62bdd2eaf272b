"""What `ordo check` looks at besides: prices, sinks, tokens, and who has the port."""

from __future__ import annotations

import errno
import socket
import stat
from contextlib import closing
from datetime import date
from pathlib import Path

from daemon.app.machine.host import this_host
from daemon.cli.client import Client, read_document, read_token
from daemon.errors import DaemonUnreachable, DataError, OrdoError, SettingsError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import open_recording
from daemon.feeds.sample import sample_path
from daemon.jobs.preflight.findings import Finding, fail, ok, warn, worst
from daemon.runtime.clock import WallClock
from daemon.settings import FeedKind, Settings
from daemon.sinks.factory import sink_of
from daemon.storage.whole import owner_in
from daemon.telemetry.redaction import Secrets
from daemon.web.admission.sessions import Sessions
from daemon.web.admission.tokens import require_usable
from daemon.worlds import front_expiry

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def feed(settings: Settings, today: date) -> tuple[Finding, date]:
    """Say what prices come from, and return the first day that will be traded."""
    check = "feed"
    if settings.feed.kind is FeedKind.BROKER:
        return ok(check, "the prices of a broker, as they are"), today
    if settings.feed.kind is not FeedKind.REPLAY:
        day = settings.feed.first_day
        told = f"{settings.feed.kind}, from {day} on"
        if settings.feed.path is not None:
            mend = 'write kind = "replay", or take path out: a replay alone plays it'
            return warn(check, f"{told}; {settings.feed.path} is not played", mend), day
        return ok(check, told), day
    path = settings.feed.path or sample_path()
    try:
        with closing(open_recording(path, ReplayOptions(front=front_expiry))) as recording:
            days = recording.days()
    except DataError as error:
        mend = "let [feed] path name a recording, or leave it out for Ordo's own"
        return fail(check, str(error), mend), today
    return ok(check, f"{path}: {len(days)} recorded, {days[0]} to {days[-1]}"), days[0]


def sinks(settings: Settings) -> Finding:
    """Say whether every sink can be told; nobody is spoken to."""
    check, found, named = "sinks", [], []
    for each in settings.sinks:
        try:
            sink = sink_of(each, this_host().credentials, WallClock(), Secrets().know)
        except SettingsError as error:
            found.append(fail(check, str(error), "see to that file"))
        else:
            named.append(f"{each.id} at {sink.name}")
    return worst(check, found, ", ".join(named) or "nobody outside is told of anything")


def secrets(settings: Settings, token_path: Path) -> Finding:
    """Say whether the files of tokens are for the user that the daemon runs as, and him alone.

    A start refuses those that it cannot understand, and sessions of browsers likewise.
    """
    check, found = "tokens", []
    paths = [token_path, settings.daemon.state_dir / "tokens.json"]
    there = [path for path in paths if path.exists()]
    for path in there:
        about, owner = path.stat(), owner_in(path.parent)
        mode = stat.S_IMODE(about.st_mode)
        if about.st_uid != owner:
            mend = f"chown it to user {owner}, as whom the daemon reads it"
            found.append(fail(check, f"{path} belongs to user {about.st_uid}", mend))
        elif mode & _OTHERS:
            mend = f"chmod 600 {path}, and make new tokens: somebody may have read it"
            found.append(fail(check, f"{path} is open to others (mode {mode:04o})", mend))
    if token_path in there and not found:
        try:
            read_token(token_path)
        except OrdoError as error:
            found.append(fail(check, str(error), "see to that file"))
    if settings.web.enabled and not found:
        try:
            require_usable(settings.daemon.state_dir)
            Sessions(settings.daemon.state_dir)
        except SettingsError as error:
            found.append(fail(check, str(error), "do that: else a start is refused"))
    if not there and not found:
        return ok(check, f"none yet at {token_path}; the first run makes it")
    return worst(check, found, f"{', '.join(map(str, there))}: private")


def port(client: Client) -> Finding:
    """Say whether the port is free, or our own daemon answers on it."""
    check, address = "port", client.address
    if not address.port:
        return ok(check, "any that is free is taken")
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                mend = "let [web] host and port name one that this user may listen on"
                return fail(check, f"{address.url} cannot be had: {error.strerror}", mend)
        else:
            return ok(check, f"{address.url} is free")
    return _answering(client)


def _answering(client: Client) -> Finding:
    check, url = "port", client.address.url
    try:
        found = read_document(client.get("/api/status"))
    except DaemonUnreachable as error:
        # What the client says besides is to ask this check, which has just been done.
        mend = "stop what listens there, or let [web] port name another"
        return fail(check, f"{url} is taken: {error}", mend)
    except OrdoError as error:
        notes = "; ".join(getattr(error, "__notes__", ()))
        mend = notes or "stop what listens there, or let [web] port name another"
        return fail(check, f"{url} is taken: {error}", mend)
    return ok(check, f"our daemon answers at {url}: {found.get('mode')}, {found.get('state')}")
