"""Cards stand in modules of their own; what they assert is told as that of a test is."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.contract.{name}" for name in ("asking", "placing", "doubt", "resting"))
)
