"""Each tidy rule on a small bad sample, and on a good one beside it."""

from __future__ import annotations

import pytest

from tests.kit.tidy import (
    Source,
    broad_except,
    class_width,
    function_length,
    module_length,
    nameless_module,
    parameter_count,
)
from tests.kit.tidy_calls import BANNED, ambient_call, bare_write, float_money
from tests.kit.tidy_texts import asserting_test, banned_word, changelog_form, mirror, namesakes

ACTOR = "daemon/actors/sample.py"
DOMAIN = "daemon/domain/orders/sample.py"
TEST = "tests/test_sample.py"
LONG_BODY = "".join("    pass\n" for _ in range(50))
LONG_DOC = '    """One.\n' + "\n" * 60 + '    """\n'
METHODS = "".join(f"    def m{n}(self): ...\n" for n in range(10))

BAD = [
    (function_length, ACTOR, "def f():\n" + LONG_BODY, "1: f has 51 lines"),
    (function_length, ACTOR, "class C:\n  async def f(self):\n" + LONG_BODY, "2: f has 51 lines"),
    (module_length, ACTOR, "x = 1\n" * 351, "351: the module has 351 lines"),
    (class_width, ACTOR, f"class C:\n{METHODS}    def more(self): ...\n", "1: C has 11 public"),
    (parameter_count, ACTOR, "def f(a, b, c, d, e, g): ...", "1: f takes 6 parameters"),
    (parameter_count, ACTOR, "def f(a, /, b, *c, d, e, **g): ...", "1: f takes 6 parameters"),
    (parameter_count, ACTOR, "class C:\n  def f(self,a,b,c,d,e,g): ...", "2: f takes 6 parameters"),
    (broad_except, ACTOR, "try: f()\nexcept Exception: g()", "2: except Exception"),
    (broad_except, ACTOR, "try: f()\nexcept (KeyError, Exception): g()", "2: except Exception"),
    (broad_except, ACTOR, "try: f()\nexcept BaseException: g()", "2: except BaseException"),
    (broad_except, ACTOR, "try: f()\nexcept: g()", "2: bare except"),
    (broad_except, ACTOR, "with contextlib.suppress(Exception): f()", "1: suppress Exception"),
    (nameless_module, "daemon/actors/utils.py", "", "1: a module called utils"),
    (ambient_call, ACTOR, "import time\nnow = time.time()", "2: time.time"),
    (ambient_call, ACTOR, "from time import monotonic_ns as m\nm()", "2: time.monotonic_ns"),
    (ambient_call, ACTOR, "import time\nf(clock=time.perf_counter)", "2: time.perf_counter"),
    (ambient_call, ACTOR, "import datetime as d\nd.datetime.now()", "2: datetime.datetime.now"),
    (ambient_call, ACTOR, "from datetime import datetime\ndatetime.now(UTC)", "2: datetime.dateti"),
    (ambient_call, ACTOR, "from datetime import date\ndate.today()", "2: datetime.date.today"),
    (ambient_call, ACTOR, "import random\nrandom.choice([1])", "2: random.choice"),
    (ambient_call, ACTOR, "from random import Random\nRandom()", "2: random.Random"),
    (ambient_call, ACTOR, "import uuid\nuuid.uuid4()", "2: uuid.uuid4"),
    (ambient_call, ACTOR, "import os\nos.urandom(8)", "2: os.urandom"),
    (ambient_call, ACTOR, "import secrets\nsecrets.token_hex()", "2: secrets.token_hex"),
    (ambient_call, ACTOR, "import asyncio\nasyncio.create_task(f())", "2: asyncio.create_task"),
    (ambient_call, ACTOR, "import asyncio\nasyncio.Queue()", "2: asyncio.Queue"),
    (ambient_call, ACTOR, "import asyncio\nx: asyncio.Queue[int]", "2: asyncio.Queue"),
    (ambient_call, ACTOR, "from threading import Thread\nThread(target=f)", "2: threading.Thread"),
    (ambient_call, ACTOR, "print(1)", "1: print"),
    (ambient_call, ACTOR, "import time\ntime.time()  # sim-ok:", "2: time.time"),
    (ambient_call, ACTOR, "import time\ntime.time()\n# sim-ok: not on the line", "2: time.time"),
    (float_money, DOMAIN, "half = 0.5", "1: the literal 0.5"),
    (float_money, "daemon/messages/trading.py", "big = 1e4", "1: the literal 10000.0"),
    (float_money, "daemon/twin/book.py", "half = 0.5", "1: the literal 0.5"),
    (float_money, DOMAIN, "def f(price: float): ...", "1: float"),
    (float_money, DOMAIN, "x = float('1')", "1: float"),
    (float_money, DOMAIN, "x = a / b", "1: true division"),
    (float_money, DOMAIN, "x /= b", "1: true division"),
    (bare_write, ACTOR, "path.write_text('x')", "1: path.write_text"),
    (bare_write, ACTOR, "path.write_bytes(b'x')", "1: path.write_bytes"),
    (bare_write, ACTOR, "open(path, 'w')", "1: open for writing"),
    (bare_write, ACTOR, "path.open(mode='ab')", "1: path.open for writing"),
    (bare_write, ACTOR, "path.open('r+b')", "1: path.open for writing"),
    (bare_write, ACTOR, "tempfile.NamedTemporaryFile()", "1: tempfile.NamedTemporaryFile"),
    (bare_write, ACTOR, "os.open(path, os.O_WRONLY | os.O_TRUNC)", "1: O_TRUNC"),
    (banned_word, "README.md", "fine\nTO" + "DO: later", "2: TO" + "DO"),
    (banned_word, ACTOR, "# FIX" + "ME", "1: FIX" + "ME"),
    (banned_word, ACTOR, "# XX" + "X", "1: XX" + "X"),
    (banned_word, ACTOR, "raise NotImplemented" + "Error", "1: NotImplemented" + "Error"),
    (banned_word, "a.txt", "https://py" + "pi.org/simple", "1: py" + "pi.org"),
    (banned_word, "a.txt", "https://files.python" + "hosted.org", "1: python" + "hosted"),
    (banned_word, "a.md", "see /wo" + "rk/main", "1: /wo" + "rk/"),
    (banned_word, "a.md", "in ../shared" + "/data/x", "1: shared" + "/data"),
    (banned_word, "a.md", "see /tmp/" + "brief/x", "1: /tmp/" + "brief"),
    (asserting_test, TEST, "def test_x():\n    f()", "1: test_x asserts nothing"),
    (asserting_test, TEST, "class T:\n  async def test_x(self): await f()", "2: test_x asserts"),
    (changelog_form, "CHANGELOG.md", "## [Unreleased]", "1: no title"),
    (changelog_form, "CHANGELOG.md", "# Changelog\n## [1.0.0] - 2026-01-01", "2: no head"),
    (changelog_form, "CHANGELOG.md", "# Changelog\n## [Unreleased]\n## 1.0", "3: ## 1.0"),
    (changelog_form, "CHANGELOG.md", "# Changelog\n## [Unreleased]\n### New", "3: ### New"),
    (
        changelog_form,
        "CHANGELOG.md",
        "# Changelog\n## [Unreleased]\n## [1.0.0] - 2026-01-01\n## [1.1.0] - 2026-02-01",
        "4: a newer version below",
    ),
]

GOOD = [
    (function_length, ACTOR, "def f():\n" + LONG_DOC + LONG_BODY[9:]),
    (module_length, ACTOR, "x = 1\n" * 350),
    (class_width, ACTOR, f"class C:\n{METHODS}    def _own(self): ...\n"),
    (parameter_count, ACTOR, "class C:\n  def f(self, a, b, c, d, e): ..."),
    (parameter_count, ACTOR, "class C:\n  @staticmethod\n  def f(a, b, c, d, e): ..."),
    (broad_except, ACTOR, "try: f()\nexcept (KeyError, OSError): g()"),
    (broad_except, "daemon/runtime/supervisor.py", "try: f()\nexcept Exception: g()"),
    (nameless_module, "daemon/actors/order_router.py", ""),
    (ambient_call, ACTOR, "import time\nt = time.time()  # sim-ok: the bench's own clock"),
    (ambient_call, ACTOR, "from datetime import time\nwall = time(9, 15)"),
    (ambient_call, ACTOR, "def f(r: random.Random): ...\nimport random\nrandom.Random(7)"),
    (ambient_call, ACTOR, "x.time()\nself.print()\nnow.today()"),
    (ambient_call, "daemon/runtime/tasks.py", "import asyncio\nasyncio.Queue()"),
    (ambient_call, "daemon/cli/sample.py", "print(1)"),
    (bare_write, ACTOR, "path.open()\nopen(path, 'rb')\npath.open('r')"),
    (bare_write, ACTOR, "os.open(lock, os.O_RDWR | os.O_CREAT)"),
    (bare_write, "daemon/kill.py", "os.open(path, os.O_TRUNC)"),
    (bare_write, "daemon/storage/whole.py", "tempfile.mkstemp()"),
    (bare_write, "tests/kit/pages.py", "path.write_text('x')"),
    (float_money, DOMAIN, "x = a // b\ny = 10_000"),
    (float_money, "daemon/domain/market/options.py", "x = 0.5 / 2"),
    (float_money, "daemon/bench/sample.py", "x = 0.5 / 2"),
    (float_money, "daemon/twin/generator/board.py", "x = 0.5 / 2"),
    (banned_word, "a.md", "the net" + "work/disk; python.org"),
    (asserting_test, TEST, "def test_x():\n    assert f() == 1"),
    (asserting_test, TEST, "def test_x():\n    with pytest.raises(ValueError): f()"),
    (asserting_test, TEST, "def test_x():\n    assert_flat(f())"),
    (asserting_test, TEST, "def helper():\n    f()"),
    (
        changelog_form,
        "CHANGELOG.md",
        "# Changelog\n## [Unreleased]\n### Added\n## [1.1.0] - 2026-02-01\n## [1.0.0] - 2026-01-01",
    ),
]


@pytest.mark.parametrize(("rule", "path", "text", "told"), BAD)
def test_a_rule_finds_its_bad_sample_and_says_where(rule, path, text, told):
    found = [str(finding) for finding in rule(Source(path, text))]

    assert len(found) == 1
    assert found[0].startswith(f"{path}:{told}")
    assert " -> " in found[0]


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_a_rule_passes_what_is_fine(rule, path, text):
    assert list(rule(Source(path, text))) == []


@pytest.mark.parametrize("banned", [name for name in BANNED if "." in name])
def test_every_banned_call_is_found_under_its_own_name(banned):
    module = banned.split(".")[0]
    found = [f.what for f in ambient_call(Source(ACTOR, f"import {module}\n{banned}()"))]

    assert found == [banned]


@pytest.mark.parametrize(
    ("test", "enough"),
    [
        ("tests/domain/risk/test_words.py", True),
        ("tests/domain/risk/test_risk_words.py", True),
        ("tests/domain/risk/test_words_of_stops.py", True),
        ("tests/domain/orders/test_words.py", False),
        ("tests/domain/risk/test_swords.py", False),
    ],
)
def test_a_module_needs_a_test_file_in_the_mirrored_folder(test, enough):
    found = list(mirror(["daemon/domain/risk/__init__.py", "daemon/domain/risk/words.py", test]))

    assert (found == []) == enough


def test_two_test_files_of_one_name_are_told_apart_and_other_files_may_share_one():
    shared = ["daemon/app/test_one.py", "tests/app/conftest.py", "tests/web/conftest.py"]
    found = list(namesakes([*shared, "tests/app/test_one.py", "tests/web/test_one.py"]))

    assert [(f.path, f.what) for f in found] == [
        ("tests/web/test_one.py", "the name of tests/app/test_one.py")
    ]


def test_a_missing_test_file_is_named():
    found = list(mirror(["daemon/runtime/inbox.py", "daemon/app.py"]))

    assert [(f.path, f.instead) for f in found] == [
        ("daemon/runtime/inbox.py", "tests/runtime/test_inbox.py")
    ]
