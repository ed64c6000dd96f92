"""Pause, speed and the stop switch at full speed: how long after the commit the last message still left."""

import json
import time

from django.utils import timezone

from messaging.engine import control as engine
from messaging.models import Delivery, SendControl
from tests import build, build_messaging
from tests.bench.engine_stage import EngineStage
from tests.bench.harness import FULL, Figure, in_full_size, tell
from tests.faults.stage import wait_for
from tests.shop import Shop

PEOPLE = 20_000 if FULL else 1_500
ROUNDS = 5 if FULL else 1
BAR = 2.0
WATCH_SECONDS = 3.0
SLOW = 20  # messages a second


def under_way(control: SendControl, more: int) -> None:
    """Waits until so many more have left."""
    sent = Delivery.objects.filter(send=control, sent_at__isnull=False)
    before = sent.count()
    wait_for(lambda: sent.count() >= before + more, 60, f"{more} more messages")


def last_after(stage: EngineStage, shop: Shop, commit: float, until: float) -> float:
    """Seconds from the commit to the last message that reached the platform before `until`."""
    times = [at for at, _open_id in stage.received(shop) if commit < at < until]
    return max(times, default=commit) - commit


@in_full_size
def test_after_a_brake_hardly_anything_leaves(stage: EngineStage) -> None:
    stage.slots(2)
    shop = stage.shop(PEOPLE)
    by = build.user(display_name="李想")
    to = build_messaging.people_list(shop.app, shop.people)
    control = build_messaging.send(shop.app, shop.template, to)
    pauses, stops, surplus = [], [], []
    for _round in range(ROUNDS):
        under_way(control, 100)
        control.refresh_from_db()
        engine.pause(control, by=by)
        commit = time.time()
        time.sleep(WATCH_SECONDS)
        pauses.append(last_after(stage, shop, commit, time.time()))
        engine.resume(control, by=by)
        under_way(control, 100)
        engine.stop_mini_program(shop.app, by=by, at=timezone.now())
        commit = time.time()
        time.sleep(WATCH_SECONDS)
        stops.append(last_after(stage, shop, commit, time.time()))
        engine.release_mini_program(shop.app, by=by)
        under_way(control, 100)
        engine.set_speed(control, by=by, rate_per_second=SLOW)
        commit = time.time()
        time.sleep(WATCH_SECONDS)
        late = [at for at, _ in stage.received(shop) if commit + BAR < at < commit + WATCH_SECONDS]
        surplus.append(len(late) / (SLOW * (WATCH_SECONDS - BAR)))
        engine.set_speed(control, by=by, rate_per_second=None)
    engine.cancel(control, by=by, why="bench")
    commit = time.time()
    time.sleep(WATCH_SECONDS)
    cancel = last_after(stage, shop, commit, time.time())
    paths = tell(
        [
            Figure("last message after a pause", max(pauses) or 0.001, 1.0, "s", BAR),
            Figure("last message after a stop", max(stops) or 0.001, 1.0, "s", BAR),
            Figure("last message after a cancel", cancel or 0.001, 1.0, "s", BAR),
            Figure("speed 2 s after it was lowered", max(surplus), 1.0, "of the new speed", 1.5),
        ],
        notes=[f"{ROUNDS} rounds of each, two slots at full speed, {PEOPLE:,} people"],
    )
    assert json.loads(paths[0].read_text("utf-8"))["bar"] == BAR
