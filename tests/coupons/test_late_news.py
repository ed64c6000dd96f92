"""What the platform refuses, tells late, twice or never, and what has no business with this coupon."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from coupons import designing, ledger, life, settling
from coupons.models import Coupon
from merchants import calls
from merchants.models import Event, GatewayCall, Notice
from tests import build_coupons
from tests.coupons.counter import Counter
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
PUSH = "alipay.marketing.activity.message."


@pytest.fixture
def counter(platform: SimulatorProcess) -> Counter:
    return Counter(platform)


@pytest.fixture
def told(platform: SimulatorProcess, live_server: Any) -> Counter:
    return Counter(platform, notify_url=f"{live_server.url}/inbox/")


def events_of(coupon: Coupon) -> list[str]:
    rows = Event.objects.filter(subject_kind="coupon", subject_id=coupon.pk).order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("family", "method", "sub_code"),
    [
        ("pay", "voucher.create", "BIZ_ERROR"),
        ("merchant", "ordervoucher.create", "DISCOUNT_AMOUNT_INSUFFICIENT"),
    ],
)
def test_a_refused_creation_is_a_draft_again_that_can_be_changed_and_handed_over_anew(
    counter: Counter, family: str, method: str, sub_code: str
) -> None:
    counter.fault(method, "sub_code", value=sub_code, count=1)
    coupon = counter.submitted(family=family)
    counter.send()
    coupon = counter.fresh(coupon)
    assert (coupon.state, coupon.refusal, coupon.activity_id) == ("draft", sub_code, "")
    coupon = designing.update_draft(coupon, {"stock": 500}, version=coupon.version, by=counter.by)
    life.submit(coupon, version=coupon.version, by=counter.by)
    counter.send()
    asked = GatewayCall.objects.filter(target_kind="coupon", target_id=coupon.pk).order_by("pk")
    assert [call.body["out_biz_no"] for call in asked] == [f"coupon-{coupon.pk}-1", f"coupon-{coupon.pk}-2"]
    coupon = counter.fresh(coupon)
    assert (coupon.refusal, counter.activity(coupon)["quantity"]) == ("", 500)


def test_a_pay_coupon_that_the_review_rejects_at_publishing_says_why(platform: SimulatorProcess) -> None:
    counter = Counter(platform, coupon_review="reject")
    coupon = counter.submitted()
    counter.send()
    life.publish(counter.fresh(coupon), by=counter.by)
    counter.send()
    counter.ask(coupon)
    coupon = counter.fresh(coupon)
    assert (coupon.state, bool(coupon.words)) == ("rejected", True)
    assert events_of(coupon)[-1] == "coupon.rejected"


def test_a_wish_that_never_left_is_taken_back_and_says_so(counter: Counter) -> None:
    coupon = counter.live()
    life.stop(coupon, reason="", by=counter.by)
    GatewayCall.objects.filter(target_kind="coupon", state="waiting").update(
        state="dead", finished_at=timezone.now(), answer={"reason": "connect"}
    )
    counter.send()
    coupon = counter.fresh(coupon)
    assert (coupon.state, coupon.refusal) == ("published", settling.NOT_REACHED)
    assert counter.activity(coupon)["status"] == "ACTIVE"


def test_a_late_push_of_an_earlier_addition_does_not_conclude_the_next_one(told: Counter) -> None:
    coupon = told.live(family="merchant")
    life.append(coupon, total=1_500, seen=1_000, by=told.by)
    told.send()
    told.ask(coupon)  # before its push was taken over
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.stock) == ("published", 1_500)

    life.append(coupon, total=2_000, seen=1_500, by=told.by)  # has not left yet
    told.pushed()

    assert Notice.objects.filter(kind=f"{PUSH}appended", handled_at__isnull=False).exists()
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.stock) == ("appending", 1_500)
    told.send()
    assert settling.ask_one(coupon.pk, merchant_id=coupon.merchant_id, at=timezone.now())
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.stock) == ("published", 2_000)
    assert events_of(coupon).count("coupon.appended") == 2


def test_pushes_doubled_and_out_of_order_leave_each_coupon_where_the_platform_has_it(told: Counter) -> None:
    about = {"app_id": told.app.app_id, "count": 100}
    told.simulator.post("/sim/faults", {"kind": "notice_duplicate", "value": 2, **about})
    told.simulator.post("/sim/faults", {"kind": "notice_shuffle", "value": 1, **about})
    live_one = told.submitted(family="merchant")
    stopped = told.live(family="merchant")
    life.stop(stopped, reason="", by=told.by)
    grown = told.live(family="merchant")
    life.append(grown, total=1_200, seen=1_000, by=told.by)
    told.send()
    told.simulator.post("/sim/clock", {"advance_seconds": 5})  # those held back come too
    told.pushed()
    assert Notice.objects.count() >= 4
    for notice in Notice.objects.order_by("-pk"):  # and all of them once more, the newest first
        Notice.objects.filter(pk=notice.pk).update(handled_at=None)
        settling.take_notice(notice.pk, merchant_id=notice.merchant_id)
    told.ask(grown)

    assert [told.fresh(one).state for one in (live_one, stopped, grown)] == [
        "published",
        "stopped",
        "published",
    ]
    assert told.fresh(grown).stock == 1_200
    assert events_of(live_one).count("coupon.live") == 1
    assert events_of(stopped).count("coupon.stopped") == 1
    assert events_of(grown).count("coupon.appended") == 1


def test_what_the_platform_stopped_while_it_was_being_extended_is_stopped(counter: Counter) -> None:
    coupon = counter.live()
    life.extend(coupon, until=coupon.publish_until + timedelta(days=2), by=counter.by)
    stop = GatewayCall.objects.create(
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        method="alipay.marketing.activity.voucher.stop",
        target_kind="elsewhere",
        target_id=1,
        idempotency_key="elsewhere",
        body={"activity_id": coupon.activity_id, "out_biz_no": "by-somebody-else"},
    )
    calls.send_call(stop.pk, merchant_id=stop.merchant_id)
    counter.ask(coupon)
    assert counter.fresh(coupon).state == "stopped"


@pytest.mark.parametrize("less", [{"stock": 999}, {"publish_until": timedelta(seconds=-1)}])
def test_the_table_itself_refuses_less_stock_and_an_earlier_end(counter: Counter, less: Any) -> None:
    coupon = counter.live()
    changes = {
        name: coupon.publish_until + value if isinstance(value, timedelta) else value
        for name, value in less.items()
    }
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        Coupon.objects.filter(pk=coupon.pk).update(**changes)
    draft = counter.draft()
    assert Coupon.objects.filter(pk=draft.pk).update(**changes) == 1


def test_what_was_claimed_before_the_stop_stays_usable(counter: Counter) -> None:
    coupon = counter.live()
    grants = [build_coupons.grant(coupon) for _ in range(3)]
    life.stop(coupon, reason="", by=counter.by)
    counter.send()
    counter.ask(coupon)
    assert counter.fresh(coupon).state == "stopped"
    now = timezone.now()
    with transaction.atomic():
        ledger.redeem(grants[0], ledger.Fact("till:1", now, ledger.By.PLATFORM, order_fen=2_000))
    coupon.count.refresh_from_db()
    assert (coupon.count.claimed, coupon.count.redemptions) == (3, 1)
    assert [one.state for one in coupon.grants.order_by("pk")] == ["redeemed", "claimed", "claimed"]
    late = build_coupons.grant(coupon, at=now - timedelta(hours=1))  # its push overtaken by the stop
    coupon.count.refresh_from_db()
    assert (late.state, coupon.count.claimed) == ("claimed", 4)


def test_news_of_one_merchants_coupon_moves_nobody_elses(
    counter: Counter, platform: SimulatorProcess
) -> None:
    stranger = Counter(platform)
    coupon = counter.submitted(family="merchant")
    counter.send()
    coupon = counter.fresh(coupon)
    notice = Notice.objects.create(
        merchant=stranger.app.merchant,
        mini_program=stranger.app,
        app_id=stranger.app.app_id,
        notify_id="of-a-stranger",
        kind=f"{PUSH}created",
        fields={"activity_id": coupon.activity_id},
    )
    assert settling.take_notice(notice.pk, merchant_id=stranger.app.merchant_id)
    assert counter.fresh(coupon).state == "creating"
    call = coupon.call
    assert call is not None
    GatewayCall.objects.filter(pk=call.pk).update(settled_at=None)
    assert not settling.settle_operation(call.pk, merchant_id=stranger.app.merchant_id)
    assert not settling.ask_one(coupon.pk, merchant_id=stranger.app.merchant_id, at=timezone.now())
