from __future__ import annotations

import pytest

from daemon.jobs.preflight.findings import Finding, Verdict, fail, ok, warn, worst


@pytest.mark.parametrize(
    ("found", "gravest"),
    [
        ([], ok("x", "all well")),
        ([warn("x", "a", "do a")], warn("x", "a", "do a")),
        ([warn("x", "a", "do a"), fail("x", "b", "do b")], fail("x", "b", "do b")),
        (
            [fail("x", "a", "do"), fail("x", "b", "do")],
            Finding("x", Verdict.FAIL, "a; b", "do"),
        ),
    ],
)
def test_the_gravest_of_several_findings_is_told(found, gravest):
    assert worst("x", found, "all well") == gravest
