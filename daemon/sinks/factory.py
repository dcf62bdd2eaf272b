"""Which sink a section of the settings means, and where its secret comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from daemon.errors import SettingsError
from daemon.ports.sink import Sink
from daemon.runtime.clock import Clock
from daemon.settings import SinkSettings
from daemon.settings.credentials import FOLDER, credential, secret_in
from daemon.sinks.webhook import Webhook
from daemon.telemetry.redaction import Secret


def sink_of(
    settings: SinkSettings, credentials: str, wall: Clock, know: Callable[[Secret], None]
) -> Sink:
    """Return a sink; nobody is spoken to yet.

    Args:
        settings: of it.
        credentials: the folder of files that the service manager hands over; empty: there is none.
        wall: host time.
        know: is told its secret, to keep it out of what is said.

    Raises:
        SettingsError: its secret cannot be read, or it has none and needs one.
    """
    secret = _secret(settings, {FOLDER: credentials})
    if secret is not None:
        know(secret)
    if settings.redis is not None:
        # Its client is read in only where it is needed.
        from daemon.sinks.redis_stream import RedisStream  # noqa: PLC0415

        return RedisStream(settings.redis, secret, settings.stream, settings.length)
    if secret is None:
        raise SettingsError(
            f"the sink {settings.id} has no secret to sign with: let its secret_file name a file "
            "of one line that this user alone can read, and give its receiver the same line"
        )
    return Webhook(settings.url, secret, settings.timeout_ms, wall)


def _secret(settings: SinkSettings, environ: Mapping[str, str]) -> Secret | None:
    path = settings.secret_file or credential(f"sink.{settings.id}.secret", environ)
    return secret_in(path, environ) if path is not None else None
