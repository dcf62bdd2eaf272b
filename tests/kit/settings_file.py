"""Settings written for one test, and what they are refused with."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from daemon.settings import Settings, SettingsRefused, load


def loaded(text: str | bytes, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that a file with that text holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, environ or {})


def refusals(text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return each fault as a sentence, the file called by its bare name."""
    with pytest.raises(SettingsRefused) as refused:
        loaded(text, environ)
    return [
        "settings.toml" + line.partition("settings.toml")[2] if "settings.toml" in line else line
        for line in str(refused.value).splitlines()
    ]
