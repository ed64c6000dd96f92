"""Timed sends: how late the first message of each is at the platform, and in which order they begin."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from messaging.models import SendControl
from tests import build_messaging
from tests.bench.engine_stage import PATIENCE_SECONDS, EngineStage
from tests.bench.harness import FULL, Figure, in_full_size, tell
from tests.faults.stage import wait_for

SENDS = 1_000 if FULL else 20
PEOPLE = 10
WITHIN_SECONDS = 60 if FULL else 4  # over which the due times are spread
FREEZE_SECONDS = 0.1  # at most, of one such send
LATE_BAR, AT_ONCE_BAR = 1.0, 15.0


def seconds_late(stage: EngineStage, due: Sequence[float]) -> list[float]:
    """How late the first message of each send was; `due` in seconds from a common beginning, ascending."""
    shop = stage.shop(len(due) * PEOPLE)
    begin = time.time() + 5 + FREEZE_SECONDS * len(due)
    number_of, ids = {}, []
    for number, second in enumerate(due):
        people = shop.people[number * PEOPLE : (number + 1) * PEOPLE]
        to = build_messaging.people_list(shop.app, people)
        at = datetime.fromtimestamp(begin + second, UTC)
        ids.append(build_messaging.send(shop.app, shop.template, to, state="ready", due_at=at).pk)
        number_of.update({who.open_id: number for who in people})
    assert time.time() < begin, "freezing took longer than it may"
    left = SendControl.objects.filter(pk__in=ids).exclude(state="finished")
    wait_for(lambda: not left.exists(), PATIENCE_SECONDS, "all sends to finish")
    first: dict[int, float] = {}
    for received_at, open_id in stage.received(shop):
        first.setdefault(number_of[open_id], received_at)
    assert sorted(first) == list(range(len(due))), "a send without a message"
    return [first[number] - begin - second for number, second in enumerate(due)]


def inversions(starts: Sequence[float], *, slack_seconds: float) -> int:
    """Sends that began after one that is due later by more than the slack between two slots."""
    latest, found = float("inf"), 0
    for start in reversed(starts):
        found += start > latest + slack_seconds
        latest = min(latest, start)
    return found


@in_full_size
def test_timed_sends_begin_when_they_are_due_and_in_their_order(stage: EngineStage) -> None:
    stage.slots(2)
    spread = sorted(seconds_late(stage, [WITHIN_SECONDS * n / SENDS for n in range(SENDS)]))
    together = seconds_late(stage, [n / 1_000_000 for n in range(SENDS)])
    ninety_ninth = spread[int(len(spread) * 0.99) - 1]
    assert min(spread + together) > 0, "a message left before its time"
    paths = tell(
        [
            Figure("p99 late of timed sends", ninety_ninth, 1.0, "s", LATE_BAR),
            Figure("last start of sends due at once", max(together), 1.0, "s", AT_ONCE_BAR),
        ],
        notes=[
            f"{SENDS:,} sends of {PEOPLE} over {WITHIN_SECONDS} s: median {spread[len(spread) // 2]:.2f} s, "
            f"worst {spread[-1]:.2f} s late",
            f"due at once: {inversions(together, slack_seconds=0.5)} began over 0.5 s out of their order",
        ],
    )
    assert all(json.loads(path.read_text("utf-8"))["ours"] > 0 for path in paths)
