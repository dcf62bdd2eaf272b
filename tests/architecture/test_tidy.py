from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.kit.tidy import (
    BROAD_EXCEPT_IN,
    SHAPE_RULES,
    Finding,
    Rule,
    Source,
    broad_excepts,
    module_length,
    nameless_module,
    read_source,
    repository_files,
)
from tests.kit.tidy_calls import CALL_RULES
from tests.kit.tidy_texts import TEST_RULES, TEXT_RULES, changelog_form, mirror, namesakes

pytestmark = pytest.mark.untraced

FILES = repository_files()
TEXTS = [source for path in FILES if (source := read_source(path)) is not None]
CODE = [s for s in TEXTS if s.path.startswith(("daemon/", "strategies/")) and s.path[-3:] == ".py"]
TESTS = [
    s
    for s in TEXTS
    if s.path.startswith("tests/") and Path(s.path).match("test_*.py") and s.path[-3:] == ".py"
]
PAGE = [s for s in TEXTS if s.path.startswith("daemon/web/page/")]


def judged(rule: Rule, sources: Iterable[Source]) -> list[Finding]:
    return [found for source in sources for found in rule(source)]


def assert_tidy(findings: Iterable[Finding]) -> None:
    told = "".join(f"\n{found}" for found in findings)

    assert not told, told  # as the message, since a comparison's text is cut short


def test_there_is_something_to_judge():
    assert {"daemon/errors/__init__.py", "daemon/domain/money.py"} <= {
        source.path for source in CODE
    }
    assert "tests/architecture/test_tidy.py" in {source.path for source in TESTS}
    assert {"daemon/web/page/page.css", "daemon/web/page/page.js"} <= {
        source.path for source in PAGE
    }


@pytest.mark.parametrize("rule", [*SHAPE_RULES, *CALL_RULES], ids=lambda rule: rule.__name__)
def test_the_code_is_tidy(rule):
    assert_tidy(judged(rule, CODE))


@pytest.mark.parametrize("rule", [module_length, nameless_module], ids=lambda rule: rule.__name__)
def test_the_files_of_the_page_are_tidy(rule):
    assert_tidy(judged(rule, PAGE))


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.__name__)
def test_no_text_holds_what_must_not_stand_here(rule):
    assert_tidy(judged(rule, TEXTS))


@pytest.mark.parametrize("rule", TEST_RULES, ids=lambda rule: rule.__name__)
def test_the_tests_are_tidy(rule):
    assert_tidy(judged(rule, TESTS))


def test_each_module_of_domain_and_runtime_has_its_own_test_file():
    assert_tidy(mirror(FILES))


def test_no_two_test_files_have_one_name():
    assert_tidy(namesakes(FILES))


def test_the_changelog_keeps_its_form():
    changelog = [source for source in TEXTS if source.path == "CHANGELOG.md"]

    assert len(changelog) == 1
    assert_tidy(judged(changelog_form, changelog))


def test_every_kind_of_error_is_caught_in_three_files_at_most_and_in_none_idly():
    catching = {source.path for source in CODE if any(broad_excepts(source))}

    assert catching == BROAD_EXCEPT_IN
    assert len(BROAD_EXCEPT_IN) <= 3
