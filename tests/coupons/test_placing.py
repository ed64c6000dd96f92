"""Delivery plans on both sides: asked for once, live when the platform says so, one coupon to a message."""

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from coupons import placement_settling, placing
from coupons.models import Coupon, Placement
from coupons.models.placement import Booth
from coupons.placing import PlacingRefused, Wanted
from merchants.models import Event, GatewayCall
from tests import build_coupons
from tests.coupons.counter import Counter
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = "3C_RENT:APPROVAL"


@pytest.fixture
def counter(platform: SimulatorProcess) -> Counter:
    return Counter(platform)


@pytest.fixture
def told(platform: SimulatorProcess, live_server: Any) -> Counter:
    """Its pushes come to our own inbox."""
    return Counter(platform, notify_url=f"{live_server.url}/inbox/", delivery_stop_seconds=0)


def soon() -> datetime:
    return timezone.now().replace(microsecond=0)


def at_till(hours: int = 24) -> Wanted:
    return Wanted(Booth.PAYMENT_RESULT, soon(), soon() + timedelta(hours=hours))


def in_messages(reference: str = ORDERS, *, after: int = 0, hours: int = 24) -> Wanted:
    begins_at = soon() + timedelta(hours=after)
    return Wanted(Booth.SERVICE_MESSAGE, begins_at, begins_at + timedelta(hours=hours), reference)


def place(counter: Counter, coupon: Coupon, wanted: Wanted) -> Placement:
    return placing.place(coupon, wanted, form_token=uuid.uuid4(), by=counter.by, at=timezone.now())


def fresh(placement: Placement) -> Placement:
    related = ("merchant", "mini_program", "mini_program__provider_app", "coupon", "coupon__merchant")
    found: Placement = Placement.objects.select_related(*related).get(pk=placement.pk)
    return found


def theirs(counter: Counter, placement: Placement) -> dict[str, Any]:
    """As the platform has it."""
    told = counter.simulator.get(f"/sim/deliveries?app_id={counter.app.app_id}")["deliveries"]
    found: dict[str, Any] = next(one for one in told if one["delivery_id"] == placement.delivery_id)
    return found


def kinds(placement: Placement) -> list[str]:
    rows = Event.objects.filter(subject_kind="placement", subject_id=placement.pk).order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.mark.parametrize("wanted", [at_till(), in_messages()])
def test_a_plan_is_reviewed_live_by_push_and_stopped(told: Counter, wanted: Wanted) -> None:
    placement = place(told, told.live(), wanted)
    assert placement.state == "submitting"
    told.send()
    placement = fresh(placement)
    assert placement.state == "auditing" and placement.delivery_id, placement.words
    told.pushed()
    assert fresh(placement).state == "active"
    assert theirs(told, placement)["template_id"] == wanted.template_ref

    placing.stop(fresh(placement), reason="换券", by=told.by)
    told.send()
    told.pushed()
    assert fresh(placement).state == "stopped"
    assert kinds(placement) == [
        *("placement.submitted", "placement.auditing", "placement.live"),
        *("placement.stop", "placement.stopped"),
    ]


def test_where_no_push_comes_the_platform_is_asked(counter: Counter, settings: Any) -> None:
    settings.COUPON_POLL_SECONDS = 0
    placement = place(counter, counter.live(), at_till())
    counter.send()
    later = timezone.now() + timedelta(seconds=1)
    assert placement_settling.ask_due(at=later) == 1
    assert fresh(placement).state == "active"
    assert placement_settling.ask_due(at=later) == 0  # a live one is asked every ten minutes only


def test_a_push_that_overtakes_the_answer_waits_for_it(told: Counter) -> None:
    placement = place(told, told.live(), at_till())
    told.pushed()
    assert fresh(placement).state == "submitting"
    told.send()
    told.pushed()
    assert fresh(placement).state == "active"


def test_a_rejection_says_why(platform: SimulatorProcess, live_server: Any) -> None:
    told = Counter(platform, notify_url=f"{live_server.url}/inbox/")
    coupon = told.live()
    told.simulator.post("/sim/apps", {"app_id": told.app.app_id, "coupon_review": "reject"})
    placement = place(told, coupon, at_till())
    told.send()
    told.pushed()
    assert (fresh(placement).state, bool(fresh(placement).words)) == ("rejected", True)


def test_a_refusal_is_told_and_asking_again_is_another_request(counter: Counter) -> None:
    placement = place(counter, counter.live(), at_till())
    counter.fault("delivery.create", "sub_code", value="BIZ_ERROR", rate=1)
    counter.send()
    assert (fresh(placement).state, fresh(placement).refusal) == ("draft", "BIZ_ERROR")
    counter.simulator.delete("/sim/faults")
    placing.again(fresh(placement), by=counter.by, at=timezone.now())
    counter.send()
    assert (fresh(placement).state, fresh(placement).operations) == ("auditing", 2)


def test_an_answer_that_never_came_is_unknown_and_asked_again_makes_no_second(counter: Counter) -> None:
    placement = place(counter, counter.live(), at_till())
    counter.send()
    [call] = GatewayCall.objects.filter(target_kind="placement")
    Placement.objects.filter(pk=placement.pk).update(state="submitting", delivery_id="")
    GatewayCall.objects.filter(pk=call.pk).update(state="unknown", settled_at=None, answer={})
    placement_settling.settle_placement(call.pk, merchant_id=call.merchant_id)
    assert fresh(placement).state == "unknown"
    placing.again(fresh(placement), by=counter.by, at=timezone.now())
    counter.send()
    assert fresh(placement).state == "auditing"
    plans = counter.simulator.get(f"/sim/deliveries?app_id={counter.app.app_id}")["deliveries"]
    assert len(plans) == 1


def test_two_coupons_never_meet_on_one_template(counter: Counter) -> None:
    first, second = counter.live(), counter.live(name="满20减9")
    place(counter, first, in_messages())
    with pytest.raises(PlacingRefused, match=first.name):
        place(counter, second, in_messages(after=23))
    place(counter, second, in_messages(after=24))  # the moment the other one ends
    place(counter, second, in_messages("3C_RENT:WAIT_PAY"))
    place(counter, second, at_till())
    assert Placement.objects.count() == 4


def test_who_plans_at_the_same_time_waits_and_is_refused(counter: Counter) -> None:
    coupons = [counter.live(name=f"满{n}0减5") for n in range(2, 6)]
    start, refused = threading.Barrier(len(coupons)), []

    def plan(coupon: Coupon) -> None:
        start.wait()
        try:
            place(counter, coupon, in_messages())
        except PlacingRefused:
            refused.append(coupon.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=plan, args=[coupon]) for coupon in coupons]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Placement.objects.count(), len(refused)) == (1, len(coupons) - 1)


def test_the_same_form_twice_is_one_plan_and_the_same_need_is_planned_once(counter: Counter) -> None:
    coupon, token, at = counter.live(), uuid.uuid4(), timezone.now()
    made = [placing.place(coupon, in_messages(), form_token=token, by=counter.by, at=at) for _n in range(3)]
    assert len({one.pk for one in made}) == 1
    told = {"begins_at": soon() + timedelta(hours=1), "ends_at": soon() + timedelta(hours=5)}
    again, is_new = placing.for_messages(coupon, ORDERS, **told, by=counter.by, at=at)
    assert again.pk == made[0].pk and not is_new and Placement.objects.count() == 1
    later = {"begins_at": soon() + timedelta(hours=1), "ends_at": soon() + timedelta(hours=30)}
    longer, is_new = placing.for_messages(coupon, ORDERS, **later, by=counter.by, at=at)
    assert longer.pk != made[0].pk and is_new


@pytest.mark.parametrize(
    ("columns", "wanted", "field"),
    [
        ({"state": "stopped"}, at_till(), "coupon"),
        ({}, at_till(hours=24 * 40), "ends_at"),
        ({}, Wanted(Booth.PAYMENT_RESULT, soon(), soon()), "ends_at"),
        (
            {},
            Wanted(Booth.PAYMENT_RESULT, soon() - timedelta(hours=3), soon() - timedelta(hours=2)),
            "ends_at",
        ),
        ({"publish_from": timezone.now() + timedelta(hours=2)}, at_till(), "begins_at"),
        ({}, in_messages(""), "template_ref"),
        ({}, Wanted(Booth.VENUE, soon(), soon() + timedelta(hours=1)), "booth"),
        ({"family": "merchant"}, Wanted(Booth.HOME, soon(), soon() + timedelta(hours=1)), "booth"),
    ],
)
def test_what_cannot_be_is_refused_before_the_platform_is_asked(
    counter: Counter, columns: dict[str, Any], wanted: Wanted, field: str
) -> None:
    coupon = build_coupons.coupon(counter.app, **columns)
    with pytest.raises(PlacingRefused) as refused:
        place(counter, coupon, wanted)
    assert refused.value.field == field and not GatewayCall.objects.filter(target_kind="placement").exists()


def test_without_development_messages_carry_pay_coupons_only(counter: Counter) -> None:
    counter.app.merchant.has_developers = False
    counter.app.merchant.save()
    with pytest.raises(PlacingRefused, match="Choose a pay coupon"):
        place(counter, build_coupons.coupon(counter.app, family="merchant"), in_messages())
    assert place(counter, build_coupons.coupon(counter.app), in_messages()).state == "submitting"


def test_a_plan_ends_with_its_time_whatever_was_heard(counter: Counter) -> None:
    placement = build_coupons.placement(build_coupons.coupon(counter.app))
    assert placement_settling.end_due(at=placement.ends_at) == 0
    past = placement.ends_at + timedelta(seconds=1)
    assert [placement_settling.end_due(at=past) for _n in range(2)] == [1, 0]
    assert fresh(placement).state == "ended"


def test_words_about_a_plan_that_is_over_change_nothing(counter: Counter) -> None:
    placement = build_coupons.placement(build_coupons.coupon(counter.app), state="ended")
    for status in ("ACTIVE", "AUDIT_NO_PASS", "INACTIVE"):
        placement_settling._told(placement, status, {}, at=timezone.now())
        assert fresh(placement).state == "ended"
