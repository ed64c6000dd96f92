"""The life of a coupon on both sides: asked for once, done when the platform says so, pushed or asked."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from coupons import designing, life, settling
from coupons.models import Coupon
from merchants import calls
from merchants.models import Event, GatewayCall, Notice
from tests.coupons.counter import Counter
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def counter(platform: SimulatorProcess) -> Counter:
    return Counter(platform)


@pytest.fixture
def told(platform: SimulatorProcess, live_server: Any) -> Counter:
    """Its pushes come to our own inbox."""
    return Counter(platform, notify_url=f"{live_server.url}/inbox/")


def states(coupon: Coupon) -> list[str]:
    rows = Event.objects.filter(subject_kind="coupon", subject_id=coupon.pk).order_by("id")
    return list(rows.values_list("kind", flat=True))


def test_a_pay_coupon_is_created_published_and_live_when_the_push_comes(told: Counter) -> None:
    coupon = told.submitted()
    assert coupon.state == "creating"
    told.send()
    coupon = told.fresh(coupon)
    assert coupon.state == "created" and coupon.activity_id

    life.publish(coupon, by=told.by)
    told.send()
    assert told.fresh(coupon).state == "publishing"
    told.pushed()

    assert told.fresh(coupon).state == "published"
    assert told.activity(coupon)["status"] == "ACTIVE"
    assert states(coupon) == [
        *("coupon.drafted", "coupon.submitted", "coupon.created", "coupon.publish", "coupon.live")
    ]


def test_a_merchant_coupon_is_live_when_the_push_comes_and_has_no_publishing_step(told: Counter) -> None:
    coupon = told.submitted(family="merchant")
    told.send()
    coupon = told.fresh(coupon)
    assert (coupon.state, bool(coupon.activity_id)) == ("creating", True)
    with pytest.raises(life.MoveRefused):
        life.publish(coupon, by=told.by)
    told.pushed()
    assert told.fresh(coupon).state == "published"


def test_a_push_that_overtakes_the_answer_waits_for_it(told: Counter) -> None:
    coupon = told.submitted(family="merchant")
    for call in GatewayCall.objects.filter(state="waiting"):
        calls.send_call(call.pk, merchant_id=call.merchant_id)  # answered, and not taken over yet
    told.pushed()
    assert told.fresh(coupon).state == "creating"
    assert Notice.objects.filter(handled_at=None).exists()
    told.send()
    told.pushed()
    assert told.fresh(coupon).state == "published"
    assert not Notice.objects.filter(handled_at=None).exists()


def test_where_no_push_comes_the_platform_is_asked(counter: Counter) -> None:
    coupon = counter.live()
    assert coupon.platform_status == "ACTIVE" and coupon.platform_told_at is not None
    assert settling.ask_due(at=timezone.now()) == 0  # it was asked just now
    later = timezone.now() + timedelta(seconds=settling.DRIFT_SECONDS + 1)
    assert settling.ask_due(at=later) >= 1


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_stock_grows_to_the_new_total_and_claiming_is_extended(told: Counter, family: str) -> None:
    coupon = told.live(family=family)
    life.append(coupon, total=1_500, seen=1_000, by=told.by)
    assert told.fresh(coupon).stock == 1_000
    told.send()
    told.pushed()
    told.ask(coupon)
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.stock, told.activity(coupon)["quantity"]) == ("published", 1_500, 1_500)

    until = coupon.publish_until + timedelta(days=3)
    life.extend(coupon, until=until, by=told.by)
    told.send()
    told.pushed()
    told.ask(coupon)
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.publish_until, coupon.differs) == ("published", until, {})


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_an_addition_the_platform_took_up_and_never_made_can_be_asked_for_again(
    told: Counter, family: str
) -> None:
    coupon = told.live(family=family)
    told.forgetful(True)
    life.append(coupon, total=1_500, seen=1_000, by=told.by)
    told.send()
    told.pushed()
    told.ask(coupon)
    assert told.fresh(coupon).state == "appending"  # it may still be on its way
    late = timezone.now() + timedelta(seconds=settings.COUPON_NOT_DONE_SECONDS + 1)
    for _n in range(3):
        settling.ask(told.fresh(coupon), at=late)
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.stock, coupon.refusal) == ("published", 1_000, settling.NOT_DONE)
    assert states(coupon).count("coupon.refused") == 1

    told.forgetful(False)
    life.append(coupon, total=1_500, seen=1_000, by=told.by)
    told.send()
    told.pushed()
    told.ask(coupon)
    coupon = told.fresh(coupon)
    assert (coupon.state, coupon.stock, coupon.refusal) == ("published", 1_500, "")


def test_while_its_call_is_out_nothing_is_given_up(counter: Counter) -> None:
    coupon = counter.live()
    life.append(coupon, total=1_500, seen=1_000, by=counter.by)
    late = timezone.now() + timedelta(seconds=settings.COUPON_NOT_DONE_SECONDS + 1)
    settling.ask(counter.fresh(coupon), at=late)
    assert counter.fresh(coupon).state == "appending"


@pytest.mark.parametrize("family", ["pay", "merchant"])
def test_stopped_it_stays_stopped_whatever_comes_later(told: Counter, family: str) -> None:
    coupon = told.live(family=family)
    life.stop(coupon, reason="换新券", by=told.by)
    told.send()
    told.pushed()
    told.ask(coupon)
    coupon = told.fresh(coupon)
    assert coupon.state == "stopped"
    for attempt in (
        lambda: life.append(coupon, total=2_000, seen=1_000, by=told.by),
        lambda: life.extend(coupon, until=coupon.publish_until + timedelta(days=1), by=told.by),
        lambda: life.stop(coupon, reason="", by=told.by),
    ):
        with pytest.raises(life.MoveRefused):
            attempt()
    assert states(coupon).count("coupon.stopped") == 1


def test_a_smaller_total_an_earlier_end_and_a_stock_seen_wrongly_are_refused_here(counter: Counter) -> None:
    coupon = counter.live()
    for attempt in (
        lambda: life.append(coupon, total=1_000, seen=1_000, by=counter.by),
        lambda: life.append(coupon, total=1_500, seen=900, by=counter.by),
        lambda: life.append(coupon, total=100_000_000, seen=1_000, by=counter.by),
        lambda: life.extend(coupon, until=coupon.publish_until, by=counter.by),
        lambda: life.extend(coupon, until=coupon.publish_from + timedelta(days=181), by=counter.by),
    ):
        with pytest.raises(life.MoveRefused):
            attempt()
    assert counter.fresh(coupon).state == "published"


def test_a_refused_wish_goes_back_to_where_it_was_with_the_platforms_reason(counter: Counter) -> None:
    coupon = counter.live()
    counter.fault("voucher.append", "sub_code", value="INVALID_PARAMETER", count=1)
    life.append(coupon, total=1_500, seen=1_000, by=counter.by)
    counter.send()
    coupon = counter.fresh(coupon)
    assert (coupon.state, coupon.stock, coupon.refusal) == ("published", 1_000, "INVALID_PARAMETER")
    assert states(coupon)[-1] == "coupon.refused"
    life.append(coupon, total=1_500, seen=1_000, by=counter.by)  # another operation, another out_biz_no
    asked = GatewayCall.objects.filter(method="alipay.marketing.activity.voucher.append")
    assert len({call.body["out_biz_no"] for call in asked}) == 2


def test_a_review_that_says_no_makes_it_a_draft_again_when_taken_back(platform: SimulatorProcess) -> None:
    counter = Counter(platform, coupon_review="reject")
    coupon = counter.submitted(family="merchant")
    counter.send()
    counter.ask(coupon)
    coupon = counter.fresh(coupon)
    assert (coupon.state, bool(coupon.words)) == ("rejected", True)
    coupon = life.take_back(coupon, by=counter.by)
    assert (coupon.state, coupon.activity_id) == ("draft", "")
    life.submit(coupon, version=coupon.version, by=counter.by)
    assert GatewayCall.objects.filter(state="waiting", target_kind="coupon", target_id=coupon.pk).count() == 1


def test_an_answer_lost_after_success_is_repeated_and_makes_no_second_activity(counter: Counter) -> None:
    counter.fault("voucher.create", "timeout_after_success", count=1)
    coupon = counter.submitted()
    counter.send()
    assert counter.fresh(coupon).state == "creating"
    counter.send()
    coupon = counter.fresh(coupon)
    assert coupon.state == "created"
    made = counter.simulator.get(f"/sim/activities?app_id={counter.app.app_id}")["activities"]
    assert [one["activity_id"] for one in made] == [coupon.activity_id]


def test_what_nobody_answered_is_asked_again_by_the_same_number(counter: Counter) -> None:
    coupon = counter.submitted()
    GatewayCall.objects.filter(target_kind="coupon", target_id=coupon.pk).update(
        state="unknown", finished_at=timezone.now(), settled_at=None, attempts=12
    )
    counter.send()
    coupon = counter.fresh(coupon)
    assert coupon.state == "creating"
    life.ask_again(coupon, by=counter.by)
    counter.send()
    coupon = counter.fresh(coupon)
    assert coupon.state == "created"
    asked = GatewayCall.objects.filter(method="alipay.marketing.activity.voucher.create")
    assert [call.body["out_biz_no"] for call in asked] == [f"coupon-{coupon.pk}-1"] * 2
    with pytest.raises(life.MoveRefused):
        life.ask_again(coupon, by=counter.by)


def test_of_two_operators_at_once_one_stops_and_the_other_is_told(counter: Counter) -> None:
    coupon = counter.live()
    barrier = threading.Barrier(2)
    refused: list[str] = []

    def work() -> None:
        mine = counter.fresh(coupon)
        barrier.wait()
        try:
            life.stop(mine, reason="", by=counter.by)
        except life.MoveRefused as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 1
    assert GatewayCall.objects.filter(method="alipay.marketing.activity.voucher.stop").count() == 1


def test_the_same_push_three_times_and_an_old_answer_change_nothing(told: Counter) -> None:
    told.simulator.post(
        "/sim/faults", {"kind": "notice_duplicate", "value": 2, "count": 20, "app_id": told.app.app_id}
    )
    coupon = told.live(family="merchant")
    told.pushed()
    old = GatewayCall.objects.get(method="alipay.marketing.activity.ordervoucher.create")
    GatewayCall.objects.filter(pk=old.pk).update(settled_at=None)
    settling.settle_operation(old.pk, merchant_id=old.merchant_id)
    assert told.fresh(coupon).state == "published"
    assert states(coupon).count("coupon.live") == 1


def test_what_the_platform_changed_by_itself_is_shown_and_not_repaired(counter: Counter) -> None:
    coupon = counter.live()
    wish = {"app_id": counter.app.app_id, "activity_id": coupon.activity_id, "status": "PAUSE"}
    counter.simulator.post("/sim/activities", wish)
    counter.ask(coupon)
    coupon = counter.fresh(coupon)
    assert (coupon.state, coupon.differs) == ("published", {"status": ["published", "PAUSE"]})
    counter.ask(coupon)
    assert states(coupon).count("coupon.differs") == 1
    counter.simulator.post("/sim/activities", {**wish, "status": "ACTIVE"})
    counter.ask(coupon)
    assert counter.fresh(coupon).differs == {}


def test_the_time_of_claiming_ends_by_itself(counter: Counter) -> None:
    coupon = counter.live()
    assert settling.end_due(at=coupon.publish_until) == 0
    assert settling.end_due(at=coupon.publish_until + timedelta(seconds=1)) == 1
    assert settling.end_due(at=coupon.publish_until + timedelta(seconds=1)) == 0
    assert (counter.fresh(coupon).state, states(coupon)[-1]) == ("ended", "coupon.ended")


def test_a_draft_saved_twice_is_one_and_an_old_version_is_refused(counter: Counter) -> None:
    coupon = counter.draft()
    again = designing.create_draft(
        coupon.merchant, coupon.mini_program, {}, by=counter.by, form_token=coupon.form_token
    )
    assert again.pk == coupon.pk
    changed = designing.update_draft(coupon, {"stock": 5}, version=1, by=counter.by)
    assert (changed.stock, changed.version) == (5, 2)
    for attempt in (
        lambda: designing.update_draft(coupon, {"stock": 6}, version=1, by=counter.by),
        lambda: life.submit(counter.fresh(coupon), version=1, by=counter.by),
        lambda: designing.delete_draft(coupon, version=1, by=counter.by),
    ):
        with pytest.raises(designing.DraftChanged):
            attempt()
    designing.delete_draft(coupon, version=2, by=counter.by)
    assert not Coupon.objects.exists()


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("pay", {"kind": "discount", "discount_tenths": 65, "ceiling_fen": 2_000, "amount_fen": None}),
        (
            "pay",
            {
                **{"kind": "special", "special_fen": 990, "origin_fen": 1_990, "amount_fen": None},
                **{"floor_fen": None, "goods_name": "珍珠奶茶"},
            },
        ),
        ("pay", {"floor_fen": None, "per_day": 20, "max_uses": 3, "wait_days": 1, "rounding": "backward"}),
        ("merchant", {"kind": "exchange", "sale_fen": 300}),
        ("merchant", {"kind": "group_buy", "sale_fen": 300, "goods_name": "双人套餐"}),
        ("merchant", {"use_hours": [{"weekdays": [1, 5], "from": "10:00", "until": "02:00"}]}),
        ("merchant", {"scope": "items", "item_ids": ["sku1", "sku2"], "description": "单笔消费满 10 元可用"}),
    ],
)
def test_the_platform_takes_each_kind_as_it_was_designed(counter: Counter, family: str, more: Any) -> None:
    coupon = counter.live(family=family, **more)
    assert coupon.differs == {}
