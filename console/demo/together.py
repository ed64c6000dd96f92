"""Parts of the story that need not wait for one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


def at_once(parts: Sequence[Callable[[], object]]) -> None:
    """While one part waits, another computes. What fails first is raised."""

    def run(part: Callable[[], object]) -> None:
        try:
            part()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(parts)) as pool:
        for done in [pool.submit(run, part) for part in parts]:
            done.result()
