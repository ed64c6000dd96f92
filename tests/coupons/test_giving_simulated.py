"""Coupons given on the simulated platform, which is the witness: both families, refused, lost, asked for."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from coupons import answers, claims, giving, held_answers, held_questions, runs
from coupons.models import Coupon, CouponCount, CouponGrant, CouponRun
from gateway import loop
from merchants import calls, rate, secrets
from merchants.models import GatewayCall, MiniProgram, Notice, User
from tests import build, build_coupons, build_messaging
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
SETTLED: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(giving.METHODS, answers.settle_gift),
    held_questions.WHOSE: held_answers.settle_whose,
    held_questions.HELD: held_answers.settle_held,
}
Shelf = tuple[Counter, MiniProgram]


@pytest.fixture
def shelf(simulator: SimulatorProcess, no_faults: None, settings: Any) -> Iterator[Shelf]:
    counter = opened(simulator)
    texts = counter.merchant.texts
    app = build.mini_program(
        build.merchant(),
        app_id=texts["app_id"],
        app_private_key_sealed=secrets.encrypt(texts["app_private_key"]),
        alipay_public_key=texts["alipay_public_key"],
    )
    settings.GATEWAY_URLS = {"simulated": simulator.gateway_url}
    settings.COUPON_UNDO_SECONDS = 0
    rate.connection().flushdb()
    yield counter, app
    loop.close()


def live(shelf: Shelf, family: str, *, per_user: int = 0) -> Coupon:
    """The same coupon on both sides; here no limit per person, so that the platform's is met."""
    counter, app = shelf
    make = counter.made if family == "pay" else counter.made_for_orders
    activity_id = make(per_user=per_user, quantity=50)
    return build_coupons.coupon(app, family=family, activity_id=activity_id, stock=50)


def give(coupon: Coupon, open_id: str) -> CouponGrant:
    [person] = build_messaging.people(coupon.mini_program, 1, open_ids=[open_id])
    return giving.give(coupon, person, by=None, form_token=uuid.uuid4(), at=timezone.now())


def send(*, attempts: int = 0) -> None:
    for call in GatewayCall.objects.filter(state="waiting").order_by("pk"):
        due = {"due_at": timezone.now() - timedelta(seconds=1)}
        GatewayCall.objects.filter(pk=call.pk).update(**due, **({"attempts": attempts} if attempts else {}))
        calls.send_call(call.pk, merchant_id=call.merchant_id)
    for call in GatewayCall.objects.filter(settled_at=None, finished_at__isnull=False).order_by("pk"):
        SETTLED[call.method](call.pk, merchant_id=call.merchant_id)


def take_pushes(counter: Counter) -> None:
    """What the platform has pushed by now, the newest first, and all of it twice."""
    counter.settle()
    for notice in [*Notice.objects.order_by("-pk"), *Notice.objects.order_by("pk")]:
        claims.take_received(notice.pk, merchant_id=notice.merchant_id, at=timezone.now())


def books(coupon: Coupon) -> tuple[int, int]:
    count = CouponCount.objects.get(coupon=coupon)
    return count.taken, count.claimed


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_what_was_given_is_what_the_person_holds(shelf: Shelf, family: str) -> None:
    counter, _app = shelf
    coupon, who = live(shelf, family), counter.person()
    grant = give(coupon, who)
    send()
    [held] = counter.vouchers(open_id=who)
    grant.refresh_from_db()
    assert grant.state == "claimed"
    if family == "pay":
        assert grant.voucher_id == held["voucher_id"]
    else:
        assert (grant.voucher_id, grant.code) == ("", held["code"])
    assert books(coupon) == (1, 1)


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_the_platforms_limit_is_a_refusal_of_this_person(shelf: Shelf, family: str) -> None:
    counter, _app = shelf
    coupon, who = live(shelf, family, per_user=1), counter.person()
    counter.act(who, "claim", activity_id=coupon.activity_id)
    grant = give(coupon, who)
    send()
    grant.refresh_from_db()
    refusal = "COUNT_OVER_LIMIT" if family == "pay" else "BIZ_ERROR"
    assert (grant.state, grant.refusal, grant.words) == ("refused", refusal, "用户领取次数超过限制")
    assert books(coupon) == (0, 0)


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_a_lost_answer_gives_no_second_one(shelf: Shelf, family: str) -> None:
    counter, _app = shelf
    coupon, who = live(shelf, family), counter.person()
    grant = give(coupon, who)
    counter.simulator.post("/sim/faults", {"method": "*", "kind": "http_500", "rate": 1, "count": 1})
    send()
    send()
    grant.refresh_from_db()
    assert grant.state == "claimed"
    assert len(counter.vouchers(open_id=who)) == 1
    assert books(coupon) == (1, 1)


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_where_nobody_knows_the_platforms_list_tells(shelf: Shelf, family: str) -> None:
    counter, _app = shelf
    coupon, who = live(shelf, family), counter.person()
    grant = give(coupon, who)
    method = giving.SENDS[family].method
    counter.simulator.post("/sim/faults", {"method": method, "kind": "http_500", "rate": 1})
    send(attempts=calls.MAX_ATTEMPTS - 1)
    counter.simulator.delete("/sim/faults")
    grant.refresh_from_db()
    assert grant.state == "unknown"
    for _question in range(2):
        send()
    held = counter.vouchers(open_id=who)
    grant.refresh_from_db()
    if held:
        assert (grant.state, grant.voucher_id) == ("claimed", held[0]["voucher_id"])
    else:
        assert grant.state == "unknown"
        assert held_answers.give_again(grant, by=build.user())
        send()
        grant.refresh_from_db()
        assert grant.state == "claimed"
    assert len(counter.vouchers(open_id=who)) == 1
    assert books(coupon) == (1, 1)


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_pushes_of_ours_and_of_what_people_claim_are_each_counted_once(
    shelf: Shelf, family: str, live_server: Any
) -> None:
    counter, _app = shelf
    coupon, ours, own = live(shelf, family), counter.person(), counter.person()
    counter.listen(f"{live_server.url}/inbox/", claims.RECEIVED)
    give(coupon, ours)
    send()
    counter.act(own, "claim", activity_id=coupon.activity_id)
    take_pushes(counter)
    assert Notice.objects.exclude(handled_at=None).count() == 2
    grants = CouponGrant.objects.filter(coupon=coupon)
    believed = {(one.voucher_id, one.code, one.source) for one in grants}
    told = counter.vouchers(activity_id=coupon.activity_id)
    through = {"send": "direct", "api": "direct"}
    assert believed == {
        (one["voucher_id"], one["code"], through.get(one["through"], "claim")) for one in told
    }
    assert books(coupon) == (2, 2)


def test_a_run_of_a_merchant_coupon_gives_everybody_a_code(shelf: Shelf) -> None:
    counter, app = shelf
    coupon = live(shelf, "merchant")
    open_ids = counter.merchant.people(12, seed=77)
    people = build_messaging.people(app, 0, open_ids=[*open_ids, "stranger00000001"])
    by: User = build.user()
    to = build_messaging.people_list(app, people)
    run = runs.start(coupon, to, by=by, form_token=uuid.uuid4(), at=timezone.now())
    for _look in range(3):
        runs.issue_due(at=timezone.now())
        send()
    assert CouponRun.objects.get(pk=run.pk).state == "finished"
    mine = CouponGrant.objects.filter(run=run)
    got = dict(mine.filter(state="claimed").values_list("customer__open_id", "code"))
    assert got == {one["open_id"]: one["code"] for one in counter.vouchers(activity_id=coupon.activity_id)}
    assert set(got) == set(open_ids)
    assert mine.get(state="refused").refusal == "INVALID_PARAMETER"
    assert books(coupon) == (12, 12)
