"""What a check found."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import ParamSpec

from msgspec import Struct

P = ParamSpec("P")


class Verdict(StrEnum):
    """Whether a start would be hindered."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct, frozen=True):
    """One line of a preflight.

    Attributes:
        check: what was looked at.
        verdict: how it is.
        evidence: what was seen.
        mend: what to do about it; empty where nothing is.
    """

    check: str
    verdict: Verdict
    evidence: str
    mend: str = ""


def ok(check: str, evidence: str) -> Finding:
    """Return that all is well."""
    return Finding(check, Verdict.OK, evidence)


def warn(check: str, evidence: str, mend: str) -> Finding:
    """Return that something is to be known, and hinders nothing yet."""
    return Finding(check, Verdict.WARN, evidence, mend)


def fail(check: str, evidence: str, mend: str) -> Finding:
    """Return that something must be mended first."""
    return Finding(check, Verdict.FAIL, evidence, mend)


def worst(check: str, found: list[Finding], evidence: str) -> Finding:
    """Return the gravest of several findings; that all is well where there is none.

    Args:
        check: what was looked at.
        found: what is amiss.
        evidence: of all being well.
    """
    if not found:
        return ok(check, evidence)
    gravest = [each for each in found if each.verdict is Verdict.FAIL] or found
    said = "; ".join(each.evidence for each in gravest)
    mends = dict.fromkeys(each.mend for each in gravest)
    return Finding(check, gravest[0].verdict, said, "; ".join(mends))


def looked(check: str, look: Callable[P, Finding], *args: P.args, **options: P.kwargs) -> Finding:
    """Return what a check finds; where the system lets it not look, that is what it found."""
    try:
        return look(*args, **options)
    except OSError as error:
        mend = "look as the user whose daemon it is, or as root"
        return fail(check, f"this user cannot look: {error}", mend)
