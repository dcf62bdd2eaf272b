"""What costs most is not traced for coverage, in a worker of many too."""

from __future__ import annotations

import pytest
from coverage import Coverage


@pytest.mark.untraced
def test_nothing_measures_what_is_marked_untraced():
    assert Coverage.current() is None


def test_whatever_else_is_measured_where_coverage_is_asked_for(pytestconfig):
    asked = pytestconfig.pluginmanager.hasplugin("_cov")

    assert (Coverage.current() is not None) == asked
