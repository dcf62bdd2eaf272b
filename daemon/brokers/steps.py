"""What a person does for a session, by broker: which page he opens, and what he brings back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from daemon.brokers.zerodha import headless, login, resuming, signing_in
from daemon.telemetry.redaction import Secret


class Brought(Struct, frozen=True):
    """Something that a person brings.

    Attributes:
        field: under which the vault keeps it, until the next log-in takes it.
        read: takes it out of what he says; raises `BrokerMisused` where it is not in it.
    """

    field: str
    read: Callable[[Secret], Secret]


class Step(Struct, frozen=True):
    """The step of a person at one broker.

    Attributes:
        needs: the credentials that a person puts in once.
        alone: those that an account which logs in without him needs besides.
        key: the one of them that the page is of.
        page: makes its address of that, of what the browser shows that it leads back here, and of
            the root of a stand-in; empty: the broker itself is asked.
        token: what that page leads him to.
        otp: the one-time code of an account that logs in without him but for that.
        warning: what an account does that logs in without him.
    """

    needs: tuple[str, ...]
    alone: tuple[str, ...]
    key: str
    page: Callable[[Secret, Secret, str], Secret]
    token: Brought
    otp: Brought
    warning: str


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "zerodha": Step(
            needs=(resuming.API_KEY, signing_in.API_SECRET),
            alone=(headless.USER_ID, headless.PASSWORD),
            key=resuming.API_KEY,
            page=login.page,
            token=Brought(signing_in.REQUEST_TOKEN, login.request_token),
            otp=Brought(headless.OTP, headless.one_time_code),
            warning=headless.WARNING,
        )
    }
)
"""By the canonical id of the broker; at others nobody needs to do anything."""
