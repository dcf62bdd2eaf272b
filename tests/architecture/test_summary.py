"""The summary of `make test`: coverage held per package, and how the tests ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData

from tests.kit.summary import (
    Covered,
    counts,
    main,
    measured,
    missing,
    package_of,
    read,
    verdicts,
)

WHOLE = Covered("daemon/domain/money.py", 40, 40)
GAP = Covered("daemon/domain/orders/book.py", 98, 100, (7, 8, 12), ((3, 5), (6, -1), (6, 7)))
NINETY = Covered("daemon/feeds/replay.py", 90, 100, tuple(range(1, 11)))
LESS = Covered("daemon/feeds/candles.py", 89, 100, (4,))
REPORT = {
    "files": {
        "daemon/domain/money.py": {
            "summary": {
                "covered_lines": 3,
                "num_statements": 4,
                "covered_branches": 1,
                "num_branches": 2,
            },
            "missing_lines": [9],
            "missing_branches": [[2, 9]],
        }
    }
}
JUNIT = '<testsuites><testsuite tests="9" failures="{}" errors="0" skipped="2" time="1.5"/>'
JUNIT += "</testsuites>"


@pytest.mark.parametrize(
    ("files", "holds"),
    [
        ([WHOLE], True),
        ([WHOLE, GAP], False),
        ([NINETY], True),
        ([LESS], False),
        ([LESS, NINETY, Covered("daemon/feeds/bars.py", 10, 10)], True),
        ([Covered("daemon/web/__init__.py", 0, 0)], True),
    ],
)
def test_domain_and_runtime_are_covered_whole_and_the_rest_by_ninety_percent(files, holds):
    assert verdicts(files)[1] == holds


def test_what_falls_short_is_named_with_its_lines_and_branches():
    lines, _ = verdicts([WHOLE, GAP])

    assert lines == [
        "daemon/domain           98.5 % of   140, asked 100 %  BELOW",
        "  daemon/domain/orders/book.py: 7-8, 12, 3->5, 6->exit",
    ]


def test_a_covered_file_has_nothing_missing():
    assert missing(WHOLE) == ""


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("daemon/app.py", "daemon"),
        ("daemon/domain/orders/book.py", "daemon/domain"),
        ("strategies/__init__.py", "strategies"),
    ],
)
def test_files_are_counted_by_package(path, package):
    assert package_of(path) == package


def test_lines_and_branches_are_counted_together():
    assert read(REPORT) == [Covered("daemon/domain/money.py", 4, 6, (9,), ((2, 9),))]


@pytest.mark.parametrize(
    ("failures", "told"),
    [(0, "7 passed, 2 skipped in 1.5 s"), (1, "1 failed, 6 passed, 2 skipped in 1.5 s")],
)
def test_the_last_line_tells_how_the_tests_ended(failures, told):
    assert counts(JUNIT.format(failures)) == told


def data_of(folder, **covered):
    """A file of data in which modules of two lines were gone through so far."""
    data = CoverageData(folder / "coverage")
    for name, lines in covered.items():
        module = folder / f"{name}.py"
        module.write_text("a = 1\nb = 2\n")
        data.add_arcs({str(module): [(-1, 1), (1, 2), (2, -1)][:lines]})
        data.touch_file(str(module))
    data.write()


def test_every_file_that_was_measured_is_counted(tmp_path):
    data_of(tmp_path, one=3, two=1, three=3)

    found = {Path(each.path).stem: each.missing_lines for each in measured(tmp_path / "coverage")}

    assert found == {"one": (), "three": (), "two": (2,)}


@pytest.mark.parametrize(
    ("lines", "junit", "status", "ended"),
    [
        (3, JUNIT.format(0), 0, 0),
        (3, JUNIT.format(1), 1, 1),
        (1, JUNIT.format(0), 0, 1),
        (None, JUNIT.format(0), 0, 1),
        (3, None, 0, 1),
        (None, None, 3, 3),
    ],
)
def test_the_whole_fails_with_either(tmp_path, capsys, lines, junit, status, ended):
    if lines is not None:
        data_of(tmp_path, one=lines)
    if junit is not None:
        (tmp_path / "junit.xml").write_text(junit)

    assert main(tmp_path, status) == ended
    assert capsys.readouterr().out.strip() == (tmp_path / "summary.txt").read_text().strip()
