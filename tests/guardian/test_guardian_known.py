"""Who has the folder, where somebody removed the file that says so."""

from __future__ import annotations

from daemon.guardian.known import Known
from daemon.storage.exclusive import LOCK, exclusively, last_holder
from tests.storage.test_storage_exclusive import holder


def test_who_was_named_is_known_while_he_holds_the_folder_though_the_file_is_gone(tmp_path):
    known, process = Known(tmp_path), holder(tmp_path)
    named = last_holder(tmp_path)
    assert known.holder() == named
    (tmp_path / LOCK).unlink()
    assert (last_holder(tmp_path), known.holder()) == (None, named)
    process.kill()
    process.communicate()
    assert known.holder() is None


def test_who_ended_in_order_is_known_no_more(tmp_path):
    known = Known(tmp_path)
    assert known.holder() is None
    with exclusively(tmp_path):
        assert known.holder() is not None
    assert known.holder() is None
    (tmp_path / LOCK).unlink()
    assert known.holder() is None


def test_who_lives_and_holds_nothing_any_more_is_known_no_more(tmp_path):
    known = Known(tmp_path)
    with exclusively(tmp_path):
        assert known.holder() is not None
        left = (tmp_path / LOCK).read_text()
    (tmp_path / LOCK).write_text(left)
    assert known.holder().is_alive()
    (tmp_path / LOCK).unlink()
    assert known.holder() is None
