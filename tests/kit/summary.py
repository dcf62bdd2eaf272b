"""The last lines of `make test`: coverage held per package, then how many tests passed.

Run as `python tests/kit/summary.py FOLDER STATUS`, with the folder that holds `coverage` and
`junit.xml`, and pytest's exit status. Ends with 1 where coverage is below its threshold, else with
pytest's status. The lines are kept in `FOLDER/summary.txt`.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coverage import Coverage

WHOLE = ("daemon/domain", "daemon/runtime")
"""Packages of which every line and every branch is covered."""
REST_PERCENT = 90
_PROCESSES = 2
"""To take apart every file of the house takes one of them half a minute."""


@dataclass(frozen=True)
class Covered:
    """How much of a file's lines and branches the tests went through."""

    path: str
    done: int
    total: int
    missing_lines: tuple[int, ...] = ()
    missing_branches: tuple[tuple[int, int], ...] = ()


def read(report: dict[str, Any]) -> list[Covered]:
    """Return the files of coverage's JSON report."""
    return [
        Covered(
            path=Path(path).as_posix(),
            done=file["summary"]["covered_lines"] + file["summary"].get("covered_branches", 0),
            total=file["summary"]["num_statements"] + file["summary"].get("num_branches", 0),
            missing_lines=tuple(file["missing_lines"]),
            missing_branches=tuple((a, b) for a, b in file.get("missing_branches", ())),
        )
        for path, file in report["files"].items()
    ]


def measured(data: Path) -> list[Covered]:
    """Return the files that were measured, by coverage's own file of data."""
    known = Coverage(data_file=data)
    known.load()
    files = sorted(known.get_data().measured_files())
    shares = [files[n::_PROCESSES] for n in range(min(_PROCESSES, len(files)))]
    with ProcessPoolExecutor(_PROCESSES) as processes:
        found = processes.map(_measured, [data] * len(shares), shares)
        return sorted((each for share in found for each in share), key=lambda file: file.path)


def _measured(data: Path, files: list[str]) -> list[Covered]:
    known = Coverage(data_file=data)
    known.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        known.json_report(files, outfile=str(report))
        return read(json.loads(report.read_text("utf-8")))


def package_of(path: str) -> str:
    """Return the package that a file's coverage is counted in, such as `daemon/domain`."""
    parts = path.split("/")
    return "/".join(parts[: 2 if len(parts) > 2 else 1])


def verdicts(files: list[Covered]) -> tuple[list[str], bool]:
    """Return a line per package, with what is missing where it falls short, and if all hold."""
    packages: defaultdict[str, list[Covered]] = defaultdict(list)
    for file in files:
        if file.total:
            packages[package_of(file.path)].append(file)
    lines: list[str] = []
    short = False
    for package, members in sorted(packages.items()):
        asked = 100 if package in WHOLE else REST_PERCENT
        done, total = sum(f.done for f in members), sum(f.total for f in members)
        holds = 100 * done >= asked * total
        percent = f"{1000 * done // total / 10:.1f}"
        lines.append(
            f"{package:<22} {percent:>5} % of {total:>5}, asked {asked:>3} %"
            + ("" if holds else "  BELOW")
        )
        if not holds:
            short = True
            lines += [f"  {told}" for told in map(missing, members) if told]
    return lines, not short


def missing(file: Covered) -> str:
    """Return which lines and branches of a file no test went through; empty where none."""
    gaps = [*_spans(file.missing_lines)]
    gaps += [
        f"{start}->{'exit' if end < 0 else end}"
        for start, end in file.missing_branches
        if start not in file.missing_lines and end not in file.missing_lines
    ]
    return f"{file.path}: {', '.join(gaps)}" if gaps else ""


def _spans(numbers: tuple[int, ...]) -> list[str]:
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(a) if a == b else f"{a}-{b}" for a, b in spans]


def counts(junit: str) -> str:
    """Return how the tests ended, from pytest's JUnit report."""
    suite = ET.fromstring(junit).find("testsuite")
    assert suite is not None, "the report holds a suite"
    failed, errors, skipped = (int(suite.get(k, "0")) for k in ("failures", "errors", "skipped"))
    passed = int(suite.get("tests", "0")) - failed - errors - skipped
    told = [f"{n} {word}" for n, word in ((failed, "failed"), (errors, "errors")) if n]
    told.append(f"{passed} passed")
    told += [f"{skipped} skipped"] if skipped else []
    return f"{', '.join(told)} in {suite.get('time', '?')} s"


def main(folder: Path, status: int) -> int:
    """Print and keep the summary; return the exit status for the whole."""
    data = folder / "coverage"
    lines, held = verdicts(measured(data)) if data.exists() else (["coverage: not measured"], False)
    lines.append("coverage holds" if held else "coverage does NOT hold")
    junit = folder / "junit.xml"
    lines.append(counts(junit.read_text("utf-8")) if junit.exists() else "the tests did not end")
    text = "\n".join(lines)
    (folder / "summary.txt").write_text(text + "\n", "utf-8")
    print(f"\n{text}")
    return status or int(not held or not junit.exists())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
