"""What is written in one turn of the event loop goes out in one write, and nothing is lost."""

import asyncio
from typing import cast

from burnrate.telemetry.server.joined_writes import JoinedWrites


class FakeTransport:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def get_extra_info(self, name: str) -> str:
        """Return something that tells what was asked for."""
        return f"the {name}"

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self.is_closed

    def writelines(self, data: list[bytes]) -> None:
        """Write."""
        self.written.append(b"".join(data))

    def close(self) -> None:
        """Close."""
        self.is_closed = True

    def pause_reading(self) -> None:
        """Stand for all that is passed on."""
        self.written.append(b"paused")


def _joined(fake: FakeTransport) -> JoinedWrites:
    return JoinedWrites(cast("asyncio.Transport", fake), asyncio.get_running_loop())


async def _turn() -> None:
    await asyncio.sleep(0)


def test_head_and_body_are_one_write() -> None:
    """The next answer is the next one."""

    async def example() -> None:
        fake = FakeTransport()
        joined = _joined(fake)
        for answer in (b"first", b"second"):
            joined.write(b"head ")
            joined.write(answer)
            assert answer not in b"".join(fake.written)
            await _turn()
        assert fake.written == [b"head first", b"head second"]

    asyncio.run(example())


def test_large_part_does_not_wait() -> None:
    """Or the transport could not say that its client does not keep up."""

    async def example() -> None:
        fake = FakeTransport()
        joined = _joined(fake)
        joined.write(b"head ")
        joined.write(bytes(65_536))
        joined.write(b"more")
        assert fake.written == [b"head " + bytes(65_536)]
        await _turn()
        assert fake.written[1:] == [b"more"]

    asyncio.run(example())


def test_close_comes_after_what_was_written() -> None:
    """And whatever is written to a connection that is gone is lost in silence."""

    async def example() -> None:
        fake = FakeTransport()
        joined = _joined(fake)
        joined.write(b"last")
        joined.close()
        assert joined.is_closing()
        assert fake.written == [b"last"]
        joined.write(b"too late")
        await _turn()
        assert fake.written == [b"last"]

    asyncio.run(example())


def test_all_else_is_the_transports() -> None:
    """Whatever the server asks for."""

    async def example() -> None:
        fake = FakeTransport()
        joined = _joined(fake)
        assert joined.get_extra_info("peername") == "the peername"
        joined.pause_reading()
        assert fake.written == [b"paused"]

    asyncio.run(example())
