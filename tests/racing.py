"""Many threads at once, each with a connection of its own."""

import threading
from collections.abc import Callable

from django.db import connection

PATIENCE_SECONDS = 120


def at_once(threads: int, work: Callable[[int], None]) -> list[Exception]:
    """What went wrong; a thread that does not end is one of them."""
    barrier, troubles = threading.Barrier(threads), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(PATIENCE_SECONDS)
    return [*troubles, *(TimeoutError(thread.name) for thread in started if thread.is_alive())]
