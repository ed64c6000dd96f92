"""Everybody whose coupon ends tomorrow is reminded once, none in quiet hours, while processes die around it.

The platform's log is the witness: a message for each of them, or an outcome that nobody knows, never two, and
none before the quiet is over. The round is begun again and again by two beats and by hints delivered twice.
Kills count only if they landed: of the worker that writes reminders down while some are written, and of a
slot with messages in flight. Full size: `make torture`.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as wall_time
from typing import Any

import pytest
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from console.celery_app import app
from coupons.models import Coupon, CouponGrant
from merchants.partitions import BEIJING
from messaging.models import Delivery, Reminder, ReminderPolicy, SendRules
from messaging.sends import reminders
from tests import build, build_coupons
from tests.faults.stage import FULL, IN_FLIGHT_PER_SLOT, READ_SECONDS, REAPED_AFTER, Stage, wait_for
from tests.messaging.sends import reminder_scene
from tests.shop import Shop, open_shop

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("storms")]
PEOPLE = 10_000 if FULL else 2_000
NOT_YET, NO_CONSENT = PEOPLE // 20, PEOPLE // 50
QUIET_SECONDS = 12
LONGEST_SECONDS = 900 if FULL else 120
HINT = "messaging.remind_expiring"


@dataclass
class Round:
    """`struck`: processes killed while they did what the storm is about. `signals`: slots killed."""

    stage: Stage
    shop: Shop
    coupon: Coupon
    policy: ReminderPolicy
    quiet_until: datetime
    struck: int = 0
    signals: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def hint(self) -> None:
        """As beat does, twice each time; Redis may be away or forget it."""
        address = self.stage.env["REDIS_URL"].replace("unix://", "redis+socket://")
        with app.connection_for_write(address.replace("?db=", "?virtual_host=")) as broker:
            for _twice in range(2):
                app.send_task(HINT, connection=broker, retry=False)

    def written(self) -> int:
        return Reminder.objects.filter(policy=self.policy).count()

    def deliveries(self) -> Any:
        return Delivery.objects.filter(send__template=self.shop.template)

    def reach(self, count: int) -> None:
        def reached() -> bool:
            time.sleep(0.05)
            self.hint()
            return self.written() >= count

        wait_for(reached, LONGEST_SECONDS, f"{count} reminders", self.story)

    def kill_the_writer(self) -> None:
        """Of the default worker, while reminders are being written and not all are."""
        before = self.written()
        self.stage.children["default"].kill()
        if before < PEOPLE:
            self.struck += 1
        self.stage.start("default")

    def kill_a_slot(self) -> None:
        flying = self.deliveries().filter(state="sending", worker_pid__isnull=False)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            pid = flying.values_list("worker_pid", flat=True).first()
            if pid:
                os.kill(pid, signal.SIGKILL)
                self.signals += 1
                time.sleep(0.1)
                if flying.filter(worker_pid=pid).exists():
                    self.struck += 1
                    dead = Now() - REAPED_AFTER  # else it would be a quarter minute
                    flying.filter(worker_pid=pid).update(answer_by=dead)
                    return
            time.sleep(0.01)
        raise AssertionError("no slot had reminders in flight, so the storm is void")

    def drain(self) -> None:
        def drained() -> bool:
            time.sleep(0.2)
            self.hint()
            left = self.deliveries().filter(state__in=["queued", "claimed", "sending"])
            return self.written() == PEOPLE and not left.exists()

        wait_for(drained, LONGEST_SECONDS, "every reminder to have an outcome", self.story)

    def story(self) -> str:
        states = dict(self.deliveries().values_list("state").annotate(n=Count("*")).order_by())
        return f"{self.written()} of {PEOPLE} written, {states}\n{self.stage.health()}"


@pytest.fixture
def round_(stage: Stage) -> Iterator[Round]:
    stage.man({})
    stage.simulator.delete("/sim/faults")
    begun = _open(stage)
    yield begun
    stage.simulator.delete("/sim/faults")
    stage.stop(*[name for name in stage.children if name == "beat2"])
    stage.children.pop("beat2", None)


def _open(stage: Stage) -> Round:
    """Coupons of most end tomorrow, of some later; a few people took their consent back."""
    shop = open_shop(stage.simulator, people=PEOPLE + NOT_YET, rate_per_second=500)
    shop.grant(PEOPLE - NO_CONSENT)
    coupon = build_coupons.coupon(shop.app, stock=1_000_000)
    tomorrow = timezone.now() + timedelta(days=1)
    ends_at = reminder_scene.wall(tomorrow, 23)
    reminder_scene.grants(coupon, shop.people[:PEOPLE], ends_at=ends_at)
    reminder_scene.grants(coupon, shop.people[PEOPLE:], ends_at=ends_at + timedelta(days=1))
    now = timezone.now().astimezone(BEIJING)
    until = now + timedelta(seconds=QUIET_SECONDS)
    SendRules.objects.create(
        merchant=shop.app.merchant, quiet_from=(now - timedelta(hours=1)).time(), quiet_to=until.time()
    )
    policy = reminder_scene.policy(shop.template, build.user(), of=coupon, hour=wall_time(0))
    return Round(stage, shop, coupon, policy, until)


def test_each_is_reminded_once_and_none_in_quiet_hours(round_: Round) -> None:
    stage = round_.stage
    stage.start("beat2")
    round_.reach(PEOPLE // 10)
    round_.kill_the_writer()
    stage.redis().flushall()
    round_.reach(PEOPLE // 2)
    round_.kill_the_writer()
    assert round_.struck, "nothing was being written when the worker was killed, so the storm is void"
    while timezone.now() < round_.quiet_until - timedelta(seconds=1):
        assert not round_.shop.summary()["accepted_messages"], "somebody was reminded in quiet hours"
        time.sleep(0.3)
    round_.kill_a_slot()
    stage.children["beat"].kill()
    stage.start("beat")
    stage.redis().flushall()
    round_.drain()
    assert not reminders.remind_due(at=timezone.now()), "the round is over"
    print(", ".join(f"{name} {n}" for name, n in judge(round_).items()))


def judge(round_: Round) -> dict[str, int]:
    """Our reminders, their messages, and the platform's log."""
    ours = Reminder.objects.filter(policy=round_.policy)
    due = CouponGrant.objects.filter(coupon=round_.coupon, customer__in=round_.shop.people[:PEOPLE])
    assert set(ours.values_list("grant", flat=True)) == set(due.values_list("pk", flat=True))
    assert not ours.filter(single=None).exists()
    rows = round_.deliveries()
    assert rows.count() == rows.values("customer").distinct().count() == PEOPLE
    by_state: dict[str, set[str]] = {}
    for state, open_id in rows.values_list("state", "customer__open_id"):
        by_state.setdefault(state, set()).add(open_id)
    assert by_state.keys() <= {"accepted", "skipped", "unknown"}, by_state.keys()
    skipped = {one.open_id for one in round_.shop.people[PEOPLE - NO_CONSENT : PEOPLE]}
    assert by_state["skipped"] == skipped
    assert set(rows.filter(state="skipped").values_list("reason", flat=True)) == {"no_consent"}

    told = round_.shop.summary(people=1, late_ms=int(READ_SECONDS * 500))
    reached = set(told["accepted_open_ids"])
    accepted, unknown = by_state["accepted"], by_state.get("unknown", set())
    assert told["repeated"] == {}, "somebody was reminded twice"
    assert accepted <= reached <= accepted | unknown
    assert len(unknown) <= IN_FLIGHT_PER_SLOT * round_.signals + told["explains_unknown"]
    first = rows.filter(state="accepted").order_by("sent_at").values_list("sent_at", flat=True)[0]
    assert first >= round_.quiet_until - timedelta(seconds=1)
    return {**{state: len(who) for state, who in by_state.items()}, "struck": round_.struck}
