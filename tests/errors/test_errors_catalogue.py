from __future__ import annotations

import os
import re
from http import HTTPStatus

import pytest

from daemon.domain.orders.view import Control
from daemon.errors import access, answers, house, trading
from daemon.errors.catalogue import CATALOGUE, CATEGORIES, REFUSED, SEVERITIES, entry_of
from tests.kit import error_codes
from tests.kit.error_pages import PATH, WRITE, document

_TABLES = (access.ACCESS, answers.ANSWERS, trading.TRADING, house.HOUSE)


@pytest.mark.untraced
def test_every_code_that_is_given_to_an_error_is_in_the_catalogue():
    unknown = [each for each in error_codes.given() if each.code and each.code not in CATALOGUE]

    assert not unknown


def test_a_code_that_is_no_text_where_an_error_is_made_comes_from_a_known_place():
    strange = [
        each
        for each in error_codes.given()
        if not each.code and each.written not in error_codes.PASSED_ON
    ]

    assert not strange


def test_what_a_control_objects_to_is_in_the_catalogue():
    assert {control.value for control in Control} <= CATALOGUE.keys()


@pytest.mark.untraced
def test_no_code_is_in_the_catalogue_that_nothing_gives():
    held = {control.value for control in Control}
    given = {each.code for each in error_codes.given()} | error_codes.texts()

    assert not CATALOGUE.keys() - held - given - {"refused"}


def test_no_code_stands_in_two_tables():
    assert sum(map(len, _TABLES)) == len(CATALOGUE)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_page_says_what_it_is_how_grave_and_what_to_do(code):
    entry = CATALOGUE[code]

    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert entry.title[0].isupper()
    assert entry.mend[0].islower() or entry.mend.startswith("`")
    assert entry.title[-1].isalnum()
    assert entry.mend[-1] not in ".;, "
    assert entry.category in CATEGORIES
    assert entry.severity in SEVERITIES
    assert HTTPStatus(entry.status) >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_what_says_when_to_try_again_can_be_tried_again(code):
    entry = CATALOGUE[code]

    assert entry.retry_after_s is None or (entry.recoverable and entry.retry_after_s > 0)


def test_a_code_that_nobody_has_entered_is_a_plain_refusal():
    assert entry_of("no_such_code") is REFUSED
    assert REFUSED.status == HTTPStatus.CONFLICT


def test_the_pages_are_printed_from_the_catalogue():
    if os.environ.get(WRITE):
        PATH.write_text(document(), encoding="utf-8")

    assert PATH.read_text(encoding="utf-8") == document(), f"{WRITE}=1 prints it anew"
