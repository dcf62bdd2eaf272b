from __future__ import annotations

import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings import SettingsRefused
from daemon.settings.document import BYTES_MOST, LINE_MOST, LINES_MOST, Document, read_document
from tests.kit.settings_file import refusals

TEXT = '''\
# a comment
[daemon]
state_dir = """
[feed]
"""      # 3
"mode" = 'x'

[[accounts]] # 8
id = "a"
profit_lock.at = 1
[accounts.profit_lock.deep]
x = 1
[[accounts]]
profit_lock = { at = 1, lock = 2 }
list = [
  # 15: [feed]
  { a = 1 },
  { a = 2 },
]
[brokers."odd ] name"]
x = 1
'''

LINES = {
    ("daemon",): 2,
    ("daemon", "state_dir"): 3,
    ("daemon", "mode"): 6,
    ("daemon", "absent"): 2,
    ("accounts",): 8,
    ("accounts", 0): 8,
    ("accounts", 0, "id"): 9,
    ("accounts", 0, "profit_lock", "at"): 10,
    ("accounts", 0, "profit_lock", "deep", "x"): 12,
    ("accounts", 1): 13,
    ("accounts", 1, "profit_lock", "lock"): 14,
    ("accounts", 1, "list", 1, "a"): 15,
    ("brokers",): 20,
    ("brokers", "odd ] name", "x"): 21,
    ("absent",): None,
}


@pytest.mark.parametrize(("key", "line"), LINES.items())
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_has_the_line_that_its_statement_begins_on(key, line, end):
    document = Document("s.toml", TEXT.replace("\n", end))

    assert document.where(key) == ("s.toml" if line is None else f"s.toml, line {line}")


KEY = st.lists(st.sampled_from(["a", "b", '"c ]"', "d"]), min_size=1, max_size=3).map(".".join)
VALUE = st.sampled_from(["1", '"""\n[x]\n"""', "[\n1, # ]\n2]", "{ a = 1, b.c = [1] }", "'#'"])
STATEMENT = (
    st.builds("{} = {}".format, KEY, VALUE)
    | KEY.map("[{}]".format)
    | KEY.map("[[{}]]".format)
    | st.just("# [x]")
    | st.just("")
)


@given(st.lists(STATEMENT, max_size=10))
def test_every_key_of_any_document_has_a_line_and_no_line_comes_too_late(statements):
    """Up to the end of the statement on the line that is told, the file holds the key."""
    text = "\n".join(statements)
    try:
        document = Document("s", text)
    except SettingsRefused:
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(text)
        return
    starts = [
        1 + "\n".join(statements[:at]).count("\n") + (at > 0) for at in range(len(statements))
    ]
    for key in keys_of(document.raw):
        line = int(document.where(key).rpartition(" ")[2])
        at = starts.index(line)
        before, after = (tomllib.loads("\n".join(statements[:end])) for end in (at, at + 1))
        assert not holds(before, key)
        assert holds(after, key)


def keys_of(raw: object, key: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the keys of all sections, without those inside a list of values."""
    found = []
    items = (
        raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    )
    for name, value in items:
        inside = (*key, name)
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            found.append(inside)
        found += keys_of(value, inside)
    return found


def holds(raw: object, key: tuple[str | int, ...]) -> bool:
    for part in key:
        try:
            raw = raw[part]
        except (LookupError, TypeError):
            return False
    return True


def test_what_stands_after_an_endless_list_is_told_without_a_line():
    told = refusals("[auth]\nb = [\n" + "[],\n" * 300 + "]\n[nobody]\nc.d = 1")

    assert told[0] == (
        "settings.toml, line 1: [auth] is unknown here, or of another version; take it out"
    )
    assert told[1].startswith("settings.toml: [nobody] is unknown; ")
    assert len(told) == 2


BROKEN = {
    "no value": (
        "[risk]\nmax_order_lots =\n",
        (
            "settings.toml, line 2: is not TOML: Invalid value; mend that line: "
            "texts stand in quotes, lists in brackets, each key once"
        ),
    ),
    "an open string": (
        'a = """x\n\n',
        (
            "settings.toml, line 3: is not TOML: Unterminated string; mend that line: "
            "texts stand in quotes, lists in brackets, each key once"
        ),
    ),
    "a key twice": (
        "[feed]\nseed = 1\nseed = 2",
        (
            "settings.toml, line 3: is not TOML: Cannot overwrite a value; mend that line: "
            "texts stand in quotes, lists in brackets, each key once"
        ),
    ),
    "another encoding": (
        b"\n# \xe9\n",
        "settings.toml, line 2: is not UTF-8; save it as UTF-8",
    ),
    "too deep": (
        "a = " + "[" * 900,
        "settings.toml: is nested too deeply; write plain sections and keys",
    ),
    "a long line": (
        "\n#" + "x" * LINE_MOST,
        "settings.toml, line 2: is longer than 1,000 characters; break the line",
    ),
    "many lines": ("\n" * LINES_MOST, "settings.toml: has more than 1,500 lines; shorten it"),
    "many bytes": (
        "x" * (BYTES_MOST + 1),
        "settings.toml: is longer than 65,536 bytes; shorten it",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_toml_is_refused_with_its_line(text, sentence):
    assert refusals(text) == [sentence]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsRefused, match=r"none\.toml: cannot be read: No such file"):
        read_document(tmp_path / "none.toml")


def test_a_path_that_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(SettingsRefused, match="cannot be read: embedded null byte"):
        read_document(tmp_path / "a\0b")


def test_a_byte_order_mark_is_passed_over():
    assert Document("s", "\ufeff[feed]\nseed = 1").raw == {"feed": {"seed": 1}}


def test_lines_are_found_in_little_room_or_not_at_all():
    """Where the stack has no room left for a statement, its section's place is told."""
    document = Document("s", "[a]\nb = " + "[" * 90 + "]" * 90)

    def deep(left: int) -> str:
        return deep(left - 1) if left else document.where(("a", "b"))

    assert deep(sys.getrecursionlimit() - 200 - depth()) in {"s, line 1", "s, line 2"}


def depth() -> int:
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count
