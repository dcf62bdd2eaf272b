from collections.abc import Iterator

import pytest

from tests.kit import browser


@pytest.fixture(scope="session", autouse=True)
def _one_browser() -> Iterator[None]:
    yield
    browser.end()
