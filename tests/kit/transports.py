"""A transport that is written to, and how much of it the network takes."""

import asyncio

import orjson


class Wire:
    """Takes bytes; what it is told to hold back counts as unsent."""

    def __init__(self):
        self.written = []
        self.pending = 0
        self.closing = self.aborted = False
        self.told_to_go = asyncio.Event()
        self._more = asyncio.Event()

    def write(self, data):
        assert not self.closing, "written to after its end"
        self.written.append(data)
        self._more.set()
        if data[0] == 0x88:
            self.told_to_go.set()

    async def reach(self, count):
        """Wait until so many messages were written."""
        async with asyncio.timeout(5):
            while len(self.told) < count:
                self._more.clear()
                await self._more.wait()

    def get_write_buffer_size(self):
        return self.pending

    def is_closing(self):
        return self.closing

    def abort(self):
        self.closing = self.aborted = True

    def get_extra_info(self, name):
        assert name == "socket"

    @property
    def told(self):
        """The documents that were written."""
        return [orjson.loads(payload_of(each)) for each in self.written if each[0] == 0x81]

    @property
    def controls(self):
        """What else was written: (opcode, payload)."""
        return [(each[0], payload_of(each)) for each in self.written if each[0] != 0x81]


def payload_of(frame):
    """Return what a whole unmasked frame carries."""
    size, start = frame[1], 2
    if size == 126:
        size, start = int.from_bytes(frame[2:4]), 4
    elif size == 127:
        size, start = int.from_bytes(frame[2:10]), 10
    assert len(frame) == start + size
    return frame[start:]
