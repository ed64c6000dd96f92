"""A batch issue of coupons while the platform, the workers and Redis fail, and people claim for themselves.

The platform's vouchers and its log are the witness: it sets no limit per person here, so that whoever is
asked for twice under two numbers has two. Everybody on the list has one outcome, what is claimed here is what
was sent there, and pushes come in any order with our own answers. The processes are those of `make demo`; a
kill counts only if it landed while a call was in flight, and a storm without one is void. STORM_SEED=n runs
that one again. Full size: `make torture`.
"""

import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

from coupons import claims, giving, runs
from coupons.models import Coupon, CouponCount, CouponDay, CouponGrant, CouponRun, GrantEntry
from coupons.models.grant import GrantState, Source
from merchants import secrets
from merchants.models import GatewayCall, MiniProgram, Notice
from tests import build, build_coupons, build_messaging
from tests.faults.stage import FULL, Stage, wait_for
from tests.simulator.coupon_counter import Counter as Till
from tests.simulator.coupon_counter import opened

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("storms")]
PEOPLE = 100_000 if FULL else 2_000
CLAIMANTS, STRANGERS = PEOPLE // 20, PEOPLE // 100
SEED = int(os.environ.get("STORM_SEED") or 0)
DRAIN_SECONDS = 7_200 if FULL else 240
PATIENCE_SECONDS = 20
HOLD_SECONDS = 1.2
FAULTS: dict[str, dict[str, Any]] = {
    "down": {"kind": "down", "method": "*"},
    "slow": {"kind": "delay", "value": 0.3},
    "http_500": {"kind": "http_500", "rate": 0.3},
    "silent": {"kind": "timeout_after_success", "rate": 0.3, "value": 3},
}
BLOWS = (*FAULTS, "kill", "kill", "kill_all", "kill_beat", "empty_redis")
METHOD = giving.METHODS[0]
Vouchers = list[dict[str, Any]]


@dataclass
class Storm:
    """`struck`: calls in flight whose process was killed."""

    stage: Stage
    till: Till
    app: MiniProgram
    coupon: Coupon
    open_ids: list[str]
    run: CouponRun
    struck: int = 0

    def blow(self, kind: str) -> None:
        if kind == "kill":
            self.fault("slow")
            self.kill()
        elif kind == "kill_all":
            self.stage.children["default"].kill()
            self.stage.start("default")
            _end_leases()
        elif kind == "kill_beat":
            self.stage.children["beat"].kill()
            self.stage.start("beat")
        elif kind == "empty_redis":
            self.stage.redis().flushall()
        else:
            self.fault(kind)
            time.sleep(HOLD_SECONDS)
        self.stage.simulator.delete("/sim/faults")

    def fault(self, kind: str) -> None:
        self.stage.simulator.post("/sim/faults", {"method": METHOD, "rate": 1} | FAULTS[kind])

    def kill(self) -> None:
        """A worker that has a call in flight, by the pid in its lease."""
        flying = GatewayCall.objects.filter(method=METHOD, state="claimed", started_at__isnull=False)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = flying.first()
            if found is not None and found.worker_pid:
                os.kill(found.worker_pid, signal.SIGKILL)
                time.sleep(0.1)
                left = flying.filter(pk=found.pk, worker_pid=found.worker_pid, token=found.token)
                if left.update(lease_until=Now()):  # else it would be thirty seconds
                    self.struck += 1
                    return
            time.sleep(0.01)

    def reach(self, share: float) -> None:
        """Waits until that share of the list has an outcome."""
        rows = CouponGrant.objects.filter(run=self.run).exclude(state=GrantState.SENDING)

        def reached() -> bool:
            time.sleep(0.2)
            hasten()
            return rows.count() >= share * PEOPLE

        wait_for(reached, DRAIN_SECONDS, f"{share:.0%} outcomes", self.story)

    def drain(self) -> None:
        """By itself; only that calls which failed and questions need not wait out their minutes."""

        def drained() -> bool:
            time.sleep(0.3)
            hasten()
            self.run.refresh_from_db()
            unknown = CouponGrant.objects.filter(run=self.run, state=GrantState.UNKNOWN)
            waiting = Notice.objects.filter(mini_program=self.app, handled_at=None)
            return self.run.state == "finished" and not unknown.exists() and not waiting.exists()

        wait_for(drained, DRAIN_SECONDS, "the run to finish", self.story)
        self.till.settle()
        wait_for(drained, DRAIN_SECONDS, "the last pushes", self.story)

    def story(self) -> str:
        states = Counter(CouponGrant.objects.filter(run=self.run).values_list("state", "refusal"))
        waiting = Notice.objects.filter(mini_program=self.app, handled_at=None).count()
        said = f"{self.run.state} {self.run.paused_because}, {dict(states)}, {waiting} pushes wait"
        return f"{said}\n{self.stage.health()}"

    def vouchers(self) -> Vouchers:
        """What the platform gave, oldest first."""
        found: Vouchers = []
        while True:
            asked = f"/sim/vouchers?app_id={self.app.app_id}&after={len(found)}&limit=1000"
            page = self.stage.simulator.get(asked)["vouchers"]
            found += page
            if not page:
                return found

    def log(self) -> Iterator[dict[str, Any]]:
        """Each call that should have given one, oldest first."""
        after = 0
        while True:
            asked = f"/sim/log?app_id={self.app.app_id}&method={METHOD}&after={after}&limit=5000"
            page = self.stage.simulator.get(asked)
            if not page["entries"]:
                return
            yield from page["entries"]
            after = page["next_after"]


def hasten() -> None:
    """Calls that wait for another try, and pushes that wait for an answer, come to their due date now."""
    earlier = Now() - timedelta(minutes=1)
    GatewayCall.objects.filter(state="waiting", due_at__gt=Now()).update(due_at=Now(), hinted_at=earlier)
    Notice.objects.filter(handled_at=None, hinted_at__gt=Now()).update(hinted_at=earlier)


def _end_leases() -> None:
    """Of workers that are dead, which would be thirty seconds."""
    GatewayCall.objects.filter(method=METHOD, state="claimed").update(lease_until=Now())


@pytest.fixture
def storm(stage: Stage, web: str) -> Iterator[Storm]:
    stage.man({})
    stage.simulator.delete("/sim/faults")
    yield _open(stage, web)
    stage.simulator.delete("/sim/faults")


def _open(stage: Stage, web: str) -> Storm:
    """A coupon that is live on both sides, everybody known on both but a few, and a run that begins now."""
    till = opened(stage.simulator)
    texts = till.merchant.texts
    app = build.mini_program(
        build.merchant(),
        app_id=texts["app_id"],
        app_private_key_sealed=secrets.encrypt(texts["app_private_key"]),
        alipay_public_key=texts["alipay_public_key"],
        rate_per_second=500,
    )
    till.listen(f"{web}/inbox/", claims.RECEIVED)
    quantity = PEOPLE + CLAIMANTS
    coupon = build_coupons.coupon(app, activity_id=till.made(quantity=quantity), stock=quantity)
    known = till.merchant.people(PEOPLE - STRANGERS, seed=7)
    strangers = [f"stranger{n:08d}" for n in range(STRANGERS)]
    everybody = known + strangers
    random.Random(SEED).shuffle(everybody)
    made = build_messaging.people(app, 0, open_ids=everybody)
    to = build_messaging.people_list(app, made)
    run = runs.start(coupon, to, by=build.user(), form_token=uuid.uuid4(), at=timezone.now())
    CouponRun.objects.filter(pk=run.pk).update(created_at=Now() - timedelta(minutes=1))
    return Storm(stage, till, app, coupon, known, run)


def test_a_batch_issue_gives_everybody_one_and_nobody_two(storm: Storm) -> None:
    chance = random.Random(SEED)
    blows = chance.sample(BLOWS, len(BLOWS))
    moments = sorted(chance.uniform(0.02, 0.85) for _blow in blows)
    claimants = chance.sample(storm.open_ids, CLAIMANTS)
    print(f"\nseed {SEED}: {PEOPLE} people; {', '.join(blows)}")
    for number, (kind, share) in enumerate(zip(blows, moments, strict=True)):
        storm.reach(share)
        some = claimants[number :: len(blows)]
        body = {"app_id": storm.app.app_id, "activity_id": storm.coupon.activity_id, "open_ids": some}
        assert storm.stage.simulator.post("/sim/claims", body)["claimed"] == len(some)
        storm.blow(kind)
    storm.drain()
    assert storm.struck, "no call was in flight when its worker was killed, so the storm is void"
    figures = judge(storm, claimants)
    print(f"seed {SEED}: " + ", ".join(f"{name} {n}" for name, n in figures.items()))


def judge(storm: Storm, claimants: list[str]) -> dict[str, int]:
    """Everything against everything: our rows, the ledger, the figures, the platform's vouchers and log."""
    vouchers = storm.vouchers()
    sent = [one for one in vouchers if one["through"] == "send"]
    own = [one for one in vouchers if one["through"] != "send"]
    got = Counter(one["open_id"] for one in sent)
    assert set(got.values()) <= {1}, f"got two: {[who for who, n in got.items() if n > 1]}"
    assert Counter(one["open_id"] for one in own) == Counter(claimants)

    mine = CouponGrant.objects.filter(run=storm.run)
    states = Counter(mine.values_list("state", flat=True))
    assert set(states) <= {"claimed", "refused"}, states
    assert mine.values("customer").distinct().count() == mine.count() == PEOPLE
    believed = dict(mine.filter(state="claimed").values_list("customer__open_id", "voucher_id"))
    assert believed == {one["open_id"]: one["voucher_id"] for one in sent}
    assert set(got) == set(storm.open_ids), "who is known to the platform has one"
    refused = Counter(mine.filter(state="refused").values_list("refusal", flat=True))
    assert refused == {"INVALID_PARAMETER": STRANGERS}

    claimed = CouponGrant.objects.filter(coupon=storm.coupon, source=Source.CLAIM)
    assert set(claimed.values_list("voucher_id", flat=True)) == {one["voucher_id"] for one in own}
    check_log(storm, sent)
    check_figures(storm.coupon, len(vouchers))
    repeats = sum(one["coupon_effect"] == "repeated" for one in storm.log())
    told = {"own": len(own), "repeated": repeats, "struck": storm.struck}
    return {**{str(state): n for state, n in states.items()}, **told}


def check_log(storm: Storm, sent: Vouchers) -> None:
    """Each voucher was given by one call, under the number of its person."""
    done = [one for one in storm.log() if one["coupon_effect"] == "done"]
    assert Counter(one["voucher_id"] for one in done) == Counter(one["voucher_id"] for one in sent)
    numbers = dict(CouponGrant.objects.filter(run=storm.run).values_list("customer__open_id", "out_biz_no"))
    assert {one["to"]: one["out_biz_no"] for one in done} == {one["to"]: numbers[one["to"]] for one in done}
    under: dict[str, set[str]] = {}
    for one in storm.log():
        under.setdefault(one["to"], set()).add(one["out_biz_no"])
    assert all(len(found) == 1 for found in under.values()), "somebody was asked for under two numbers"


def check_figures(coupon: Coupon, vouchers: int) -> None:
    count = CouponCount.objects.get(coupon=coupon)
    assert (count.claimed, count.taken) == (vouchers, vouchers)
    assert CouponDay.objects.filter(coupon=coupon).aggregate(n=Sum("claimed"))["n"] == vouchers
    entries = GrantEntry.objects.filter(grant__coupon=coupon, kind="claimed")
    assert entries.count() == entries.values("grant").distinct().count() == vouchers
