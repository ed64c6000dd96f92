"""A coupon in the messages of a send: planned with the launch, shown before anything leaves, never two."""

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from coupons import ledger
from coupons.models import Coupon, Placement
from merchants.models import Event, GatewayCall
from messaging.engine.carried import pause_uncarried
from messaging.engine.control import NotCarried, resume
from messaging.engine.schedule import advance
from messaging.engine.start import start_due
from messaging.models import BatchSend, CarriedCount, Delivery, PauseReason, SendControl, Unprepared
from messaging.sends import carried_figures, carrying
from messaging.sends.batches import Content, LaunchRefused, copy, launch, problems, reschedule, take_back
from messaging.sends.content import written_in
from tests import build, build_coupons, build_messaging


@pytest.fixture
def shop(db: None) -> SimpleNamespace:
    owner = build.merchant()
    app = build.mini_program(owner)
    chosen = build_messaging.template(app)
    people = build_messaging.people(app, 6)
    build_messaging.consents(chosen, people)
    return SimpleNamespace(
        app=app,
        template=chosen,
        people=people,
        list=build_messaging.people_list(app, people),
        by=build.user(display_name="李想"),
        coupon=build_coupons.coupon(app),
    )


def draft(shop: SimpleNamespace, coupon: Coupon | None, **fields: Any) -> BatchSend:
    return build_messaging.batch(
        shop.app, shop.by, chosen=shop.template, to=shop.list, coupon=coupon, **fields
    )


def launched(shop: SimpleNamespace, coupon: Coupon | None = None, **fields: Any) -> BatchSend:
    made = draft(shop, coupon or shop.coupon, **fields)
    launch(made, by=shop.by, version=made.version, at=timezone.now())
    return BatchSend.objects.select_related("control", "control__placement", "merchant").get(pk=made.pk)


def plan(state: str) -> Placement:
    Placement.objects.update(state=state, delivery_id="2026112300001" if state != "submitting" else "")
    return Placement.objects.get()


def sending(shop: SimpleNamespace, state: str = "active") -> SendControl:
    control = build_messaging.send(shop.app, shop.template, shop.list)
    made = build_coupons.placement(
        shop.coupon, booth="SERVICE_MESSAGE", template_ref=shop.template.template_id, state=state
    )
    SendControl.objects.filter(pk=control.pk).update(placement=made)
    control.refresh_from_db()
    return control


def fresh(control: SendControl) -> SendControl:
    return SendControl.objects.select_related("merchant", "mini_program").get(pk=control.pk)


def test_a_launch_asks_once_for_a_plan_over_its_whole_time_and_some_hours(shop: SimpleNamespace) -> None:
    batch = launched(shop)
    placement = Placement.objects.get()
    assert batch.control.placement == placement and batch.control.made_placement
    assert placement.template_ref == shop.template.template_id and placement.state == "submitting"
    assert placement.begins_at <= batch.control.due_at < placement.ends_at
    assert placement.ends_at >= batch.control.due_at + timedelta(hours=24)
    assert GatewayCall.objects.filter(target_kind="placement").count() == 1


def test_a_second_send_with_the_same_coupon_uses_the_plan_that_covers_it(shop: SimpleNamespace) -> None:
    limit = timezone.localtime() + timedelta(hours=30)
    launched(shop, not_after_on=limit.date(), not_after_time=limit.time().replace(second=0, microsecond=0))
    second = launched(shop)
    assert Placement.objects.count() == 1 and not second.control.made_placement


def test_another_coupon_on_the_same_template_at_the_same_time_is_refused(shop: SimpleNamespace) -> None:
    launched(shop)
    other = draft(shop, build_coupons.coupon(shop.app, name="满20减9"))
    [problem] = problems(other, at=timezone.now())
    assert problem.field == "coupon" and shop.coupon.name in problem.message
    with pytest.raises(LaunchRefused):
        launch(other, by=shop.by, version=other.version, at=timezone.now())
    assert Placement.objects.count() == 1


def test_two_launches_that_both_saw_nothing_wrong_make_one_plan(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = draft(shop, build_coupons.coupon(shop.app, name="满20减9"))
    launched(shop)
    monkeypatch.setattr(carrying, "wrong_with", lambda batch, **told: "")  # as it was a moment before
    with pytest.raises(LaunchRefused) as refused:
        launch(other, by=shop.by, version=other.version, at=timezone.now())
    assert [problem.field for problem in refused.value.problems] == ["coupon"]
    other.control.refresh_from_db()
    assert (other.control.state, Placement.objects.count()) == ("draft", 1)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "stopped"},
        {"publish_until": timezone.now() + timedelta(seconds=20)},
        {"publish_from": timezone.now() + timedelta(hours=1)},
    ],
)
def test_a_coupon_that_is_not_live_over_the_whole_time_keeps_it_from_being_launched(
    shop: SimpleNamespace, columns: dict[str, Any]
) -> None:
    batch = draft(shop, build_coupons.coupon(shop.app, **columns))
    assert [problem.field for problem in problems(batch, at=timezone.now())] == ["coupon"]


def test_without_development_a_merchant_coupon_is_refused(shop: SimpleNamespace) -> None:
    shop.app.merchant.has_developers = False
    shop.app.merchant.save()
    batch = draft(shop, build_coupons.coupon(shop.app, family="merchant"))
    assert [problem.field for problem in problems(batch, at=timezone.now())] == ["coupon"]


def test_nothing_leaves_before_the_coupon_is_shown(shop: SimpleNamespace) -> None:
    control = sending(shop, "auditing")
    SendControl.objects.filter(pk=control.pk).update(state="ready", started_at=None)
    assert start_due() == 0 and fresh(control).state == "ready"
    plan("active")
    assert start_due() == 1 and fresh(control).state == "sending"


def test_one_whose_coupon_was_not_shown_in_time_is_missed_and_says_why(shop: SimpleNamespace) -> None:
    control = sending(shop, "rejected")
    late = timezone.now() - timedelta(hours=1)
    SendControl.objects.filter(pk=control.pk).update(state="ready", started_at=None, due_at=late)
    advance()
    assert (fresh(control).state, fresh(control).failure) == ("missed", Unprepared.COUPON)


@pytest.mark.parametrize("state", ["stopping", "stopped", "ended", "rejected"])
def test_one_under_way_is_paused_when_its_coupon_is_not_shown_any_more(
    shop: SimpleNamespace, state: str
) -> None:
    control, other = sending(shop), build_messaging.send(shop.app, shop.template, shop.list)
    assert pause_uncarried() == 0
    plan(state)
    assert [pause_uncarried() for _n in range(2)] == [1, 0]
    assert (fresh(control).state, fresh(control).pause_reason) == ("paused", PauseReason.COUPON)
    assert fresh(other).state == "sending"


def test_one_that_only_waits_for_answers_is_not_paused(shop: SimpleNamespace) -> None:
    control = sending(shop)
    Delivery.objects.filter(send=control).update(state="accepted")
    plan("stopped")
    assert pause_uncarried() == 0


def test_it_resumes_only_with_its_coupon_or_expressly_without(shop: SimpleNamespace) -> None:
    control = sending(shop)
    plan("stopped")
    pause_uncarried()
    with pytest.raises(NotCarried):
        resume(fresh(control), by=shop.by)
    assert fresh(control).state == "paused"
    carrying.go_on_without(fresh(control), by=shop.by)
    assert (fresh(control).state, fresh(control).placement) == ("sending", None)
    assert Event.objects.filter(kind="send.without_coupon", by=shop.by).count() == 1
    assert pause_uncarried() == 0


@pytest.mark.parametrize("reached", ["active", "submitting"])
def test_undone_its_own_plan_is_given_up_once_it_can_be(shop: SimpleNamespace, reached: str) -> None:
    batch = launched(shop)
    plan(reached)
    take_back(batch, by=shop.by)
    carrying.give_up_unused()
    if reached == "submitting":  # its answer is still to come
        assert Placement.objects.get().state == "submitting"
        plan("auditing")
        carrying.give_up_unused()
    assert Placement.objects.get().state == "stopping"
    assert fresh(batch.control).placement is None
    assert carrying.give_up_unused() == 0


def test_a_plan_that_another_send_uses_or_that_was_there_before_stays(shop: SimpleNamespace) -> None:
    limit = timezone.localtime() + timedelta(hours=30)
    first = launched(
        shop, not_after_on=limit.date(), not_after_time=limit.time().replace(second=0, microsecond=0)
    )
    second = launched(shop)
    plan("active")
    take_back(first, by=shop.by)
    carrying.give_up_unused()
    assert Placement.objects.get().state == "active"
    take_back(second, by=shop.by)
    carrying.give_up_unused()
    assert Placement.objects.get().state == "active"  # not made for it; whoever planned it stops it


def test_undone_and_launched_again_at_once_it_keeps_its_plan(shop: SimpleNamespace) -> None:
    batch = launched(shop)
    plan("active")
    take_back(batch, by=shop.by)
    again = BatchSend.objects.select_related("control", "merchant", "coupon__merchant").get(pk=batch.pk)
    at = timezone.now() - timedelta(seconds=1)
    Placement.objects.update(begins_at=at - timedelta(minutes=5), ends_at=at + timedelta(days=9))
    launch(again, by=shop.by, version=again.version, at=timezone.now())
    carrying.give_up_unused()
    control = fresh(batch.control)
    assert (Placement.objects.get().state, control.made_placement) == ("active", True)


def test_a_missed_one_gets_a_plan_for_its_new_time(shop: SimpleNamespace) -> None:
    batch = launched(shop)
    plan("rejected")
    SendControl.objects.filter(pk=batch.control_id).update(state="missed")
    batch = BatchSend.objects.select_related("control", "merchant", "coupon__merchant").get(pk=batch.pk)
    reschedule(batch, by=shop.by, at=timezone.now(), on=None, wall=None)
    assert Placement.objects.count() == 2
    assert fresh(batch.control).placement_id == Placement.objects.latest("pk").pk


def test_a_copy_and_a_version_keep_the_coupon(shop: SimpleNamespace) -> None:
    batch = draft(shop, shop.coupon)
    copied = copy(batch, by=shop.by, form_token=uuid.uuid4())
    assert written_in(copied).coupon == shop.coupon
    assert Content(**{**vars(written_in(batch))}).coupon == shop.coupon


def test_a_send_without_a_coupon_is_told_of_the_one_its_messages_carry(shop: SimpleNamespace) -> None:
    plain = draft(shop, None)
    assert carrying.on_its_messages(plain, at=timezone.now()) is None
    batch = launched(shop)
    assert carrying.on_its_messages(plain, at=timezone.now()) == batch.control.placement
    assert carrying.on_its_messages(batch, at=timezone.now()) is None


def test_claims_and_uses_count_for_whom_the_send_was_accepted_before(shop: SimpleNamespace) -> None:
    control, now = sending(shop), timezone.now()
    early = timezone.now() - timedelta(hours=2)
    SendControl.objects.filter(pk=control.pk).update(started_at=early)
    rows = Delivery.objects.filter(send=control)
    rows.filter(customer__in=shop.people[:4]).update(state="accepted", sent_at=early)
    rows.filter(customer__in=shop.people[4:5]).update(state="refused", sent_at=early)
    claimed = [build_coupons.grant(shop.coupon, one, at=now - timedelta(hours=1)) for one in shop.people[:2]]
    build_coupons.grant(shop.coupon, shop.people[4], at=now - timedelta(hours=1))  # refused it
    build_coupons.grant(shop.coupon, shop.people[2], at=early - timedelta(hours=1))  # had it before
    build_coupons.grant(build_coupons.coupon(shop.app), shop.people[3], at=now)  # of another coupon

    ledger.redeem(claimed[0], build_coupons.fact(now))
    assert [carried_figures.count_due(at=now) for _n in range(2)] == [1, 0]
    counted = CarriedCount.objects.get(control=control)
    assert (counted.claimed, counted.used) == (2, 1)
    assert carried_figures.count_due(at=now + timedelta(minutes=2)) == 1
