"""Periodic jobs end with the process, whatever they are doing."""

import asyncio

from alerting.inbox.watch import running


def test_a_job_that_loses_a_cancellation_ends_all_the_same() -> None:
    """As wait_for did before Python 3.12: an inbox that was asked to end went on for ever."""
    lost: list[int] = []
    begun = asyncio.Event()

    async def lose_the_first() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.append(1)
            if len(lost) > 1:
                raise

    async def run() -> None:
        async with running((0.0, lose_the_first)):
            await begun.wait()
        assert len(lost) > 1  # here, since asyncio.run cancels what is left over

    asyncio.run(run())
