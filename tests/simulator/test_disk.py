"""Rows reach the disk whatever happens to the flush that carries them."""

import asyncio
import threading
from pathlib import Path

from simulator.disk import Disk


def test_a_flush_that_is_cancelled_before_it_was_begun_loses_nothing() -> None:
    """As when the process is told to stop while its store's thread is still busy."""
    busy = threading.Event()

    async def run() -> list[tuple[str, str]]:
        disk = Disk(Path(":memory:"))
        disk._thread.submit(busy.wait, 10)
        disk.put("meta", "a", ("a", "older"))
        disk.put("meta", "b", ("b", "kept"))
        flushing = asyncio.create_task(disk.flush())
        await asyncio.sleep(0)
        disk.put("meta", "a", ("a", "newer"))
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
        busy.set()
        rows = await disk.read("SELECT key, value FROM meta ORDER BY key")
        await disk.close()
        return rows

    assert asyncio.run(run()) == [("a", "newer"), ("b", "kept")]
