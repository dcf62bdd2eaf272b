"""What a person does for a session, by broker: which page he opens, and what he brings back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from daemon.brokers.zerodha import headless, login, resuming, signing_in
from daemon.telemetry.redaction import Secret


class Step(Struct, frozen=True):
    """The step of a person at one broker.

    Attributes:
        needs: the credentials that a person puts in once.
        alone: those that an account which logs in without him needs besides.
        key: the one of them that the page is of.
        page: makes its address of that, of what the browser shows that it leads back here, and of
            the root of a stand-in; empty: the broker itself is asked.
        field: under which the vault keeps what he brings, until the next log-in takes it.
        brought: takes it out of what he pasted; raises `BrokerMisused` where it is not in it.
        warning: what an account does that logs in without him.
    """

    needs: tuple[str, ...]
    alone: tuple[str, ...]
    key: str
    page: Callable[[Secret, Secret, str], Secret]
    field: str
    brought: Callable[[Secret], Secret]
    warning: str


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "zerodha": Step(
            needs=(resuming.API_KEY, signing_in.API_SECRET),
            alone=(headless.USER_ID, headless.PASSWORD, headless.TOTP_SECRET),
            key=resuming.API_KEY,
            page=login.page,
            field=signing_in.REQUEST_TOKEN,
            brought=login.request_token,
            warning=headless.WARNING,
        )
    }
)
"""By the canonical id of the broker; at others nobody needs to do anything."""
