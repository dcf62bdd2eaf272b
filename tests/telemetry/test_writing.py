"""Lines are written in a thread of their own; nothing of it is waited for, or raised."""

from __future__ import annotations

import io
import json
from threading import Event, Semaphore

from daemon.telemetry.writing import StreamSink, Writer


class Kept:
    """A sink that keeps what it is given; it can be made to refuse."""

    def __init__(self) -> None:
        self.events = []
        self.closed = False
        self.refuses: Exception | None = None

    def write(self, event):
        if self.refuses is not None:
            raise self.refuses
        self.events.append(event)

    def close(self):
        self.closed = True


class Stuck(Kept):
    """A pipe that nobody reads, until a test does."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = Event(), Event()

    def write(self, event):
        self.reached.set()
        assert self.go_on.wait(30), "the test never read"
        super().write(event)


class Told(Kept):
    """A sink that says when it was told so often of another's failure."""

    def __init__(self, count: int = 1) -> None:
        super().__init__()
        self.told, self._left = Event(), count

    def write(self, event):
        super().write(event)
        self._left -= "because" in event
        if not self._left:
            self.told.set()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def events(*sinks, given, most=10_000):
    writer = Writer(sinks, lambda: "now", most)
    for what in given:
        writer.put({"event": what})
    writer.close()
    return writer


def test_every_sink_is_given_every_line_in_order():
    one, other = Kept(), Kept()
    writer = events(one, other, given="abc")

    assert [each["event"] for each in one.events] == ["a", "b", "c"]
    assert (one.events, writer.lost) == (other.events, 0)
    assert one.closed
    assert other.closed


def test_whoever_tells_waits_for_no_pipe_and_what_does_not_fit_is_counted():
    stuck = Stuck()
    writer = Writer([stuck], lambda: "now", most=2)
    writer.put({"event": "a"})
    assert stuck.reached.wait(30)
    for what in "bcde":
        writer.put({"event": what})
    stuck.go_on.set()
    writer.close()

    assert [each["event"] for each in stuck.events] == ["a", "b", "c"]
    assert writer.lost == 2


def test_a_sink_that_takes_nothing_any_more_is_told_once_by_the_others():
    stuck, good, took = Stuck(), Kept(), Semaphore(0)
    keep = good.write
    good.write = lambda event: (keep(event), took.release())
    writer = Writer([stuck, good], lambda: "now", most=2)
    writer.put({"event": "a"})
    assert stuck.reached.wait(30)
    for what in "bcde":
        assert took.acquire(timeout=30)  # so that no line is lost there
        writer.put({"event": what})
    stuck.go_on.set()
    writer.close()

    told = [each["because"] for each in good.events if "because" in each]
    assert told == ["2 lines wait, and nobody takes one"]


def test_a_sink_that_hangs_holds_up_no_other():
    stuck, good = Stuck(), Kept()
    done = Event()
    keep = good.write

    def write(event):
        keep(event)
        if event["event"] == "c":
            done.set()

    good.write = write
    writer = Writer([stuck, good], lambda: "now")
    for what in "abc":
        writer.put({"event": what})
    assert done.wait(30), "the other sink was held up"
    stuck.go_on.set()
    writer.close()

    assert [each["event"] for each in stuck.events] == ["a", "b", "c"]


def test_a_sink_that_refuses_is_told_once_by_the_others_and_hinders_nobody():
    bad, good = Kept(), Told()
    bad.refuses = OSError("disk full")
    writer = Writer((bad, good), lambda: "now")
    for what in "ab":
        writer.put({"event": what})
    assert good.told.wait(30), "nobody said that one cannot write"
    writer.close()

    said = {"at": "now", "level": "error", "event": "log not written", "because": "disk full"}
    assert [each for each in good.events if each["event"] in "ab"] == [
        {"event": "a"},
        {"event": "b"},
    ]
    assert good.events.count(said) == 1
    assert writer.lost == 2


def test_a_sink_that_works_again_may_fail_again():
    flaky, good = Kept(), Told(count=2)
    keep, answers = flaky.write, iter([ValueError(), None, OSError("gone")])

    def write(event):
        flaky.refuses = next(answers)
        keep(event)

    flaky.write = write
    writer = Writer([flaky, good], lambda: "now")
    for what in "abc":
        writer.put({"event": what})
    assert good.told.wait(30), "it was not told twice"
    writer.close()

    assert [each["because"] for each in good.events if "because" in each] == ["ValueError", "gone"]


def test_a_stream_takes_json_and_a_terminal_sentences():
    stream, terminal = io.StringIO(), Terminal()
    for to in (stream, terminal):
        sink = StreamSink(to, {})
        sink.write({"at": "now", "level": "info", "event": "it", "user": "me"})
        sink.write({"event": "DayEnded", "fact": {}})
        sink.close()

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == [
        "it",
        "DayEnded",
    ]
    assert terminal.getvalue() == "now info it user=me\n"
