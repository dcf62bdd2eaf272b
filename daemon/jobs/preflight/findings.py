"""What a check found."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


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
