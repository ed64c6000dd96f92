"""Claims joined to the plan whose message came last, and the figures of plans: with the rest they are all."""

from datetime import datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from coupons import figure_reports, ledger
from coupons.models import Coupon, CouponGrant, Placement
from coupons.terms import beijing_day
from membership.models import Customer
from messaging.models import CarriedClaim, Delivery, DeliveryCounter, PlanCount, SendControl
from messaging.sends import plan_figures, plan_reports
from messaging.sends.plan_reports import Wanted
from tests import build, build_coupons, build_messaging, build_orders

NOW = timezone.now()
HOUR = timedelta(hours=1)


@pytest.fixture
def shop(db: None) -> SimpleNamespace:
    app = build.mini_program(build.merchant())
    chosen = build_messaging.template(app)
    people = build_messaging.people(app, 8)
    build_messaging.consents(chosen, people)
    return SimpleNamespace(app=app, template=chosen, people=people, coupon=build_coupons.coupon(app))


def plan(shop: SimpleNamespace, reference: str = "", **columns: Any) -> Placement:
    return build_coupons.placement(
        columns.pop("coupon", shop.coupon),
        booth="SERVICE_MESSAGE",
        **{"template_ref": reference or shop.template.template_id, "begins_at": NOW - 20 * HOUR, **columns},
    )


def sent(shop: SimpleNamespace, to: list[Customer], *, at: datetime, **fields: Any) -> SendControl:
    """Accepted for all of them then."""
    chosen = fields.pop("template", shop.template)
    control = build_messaging.send(shop.app, chosen, build_messaging.people_list(shop.app, to))
    Delivery.objects.filter(send=control).update(**{"state": "accepted", "sent_at": at, **fields})
    SendControl.objects.filter(pk=control.pk).update(started_at=at)
    return control


def order_told(shop: SimpleNamespace, person: Customer, status: str, *, at: datetime, **fields: Any) -> None:
    order = build_orders.order(shop.app, customer=person)
    build_orders.change(order, status, **{"state": "synced", "settled_at": at, "received_at": at, **fields})


def claimed(
    shop: SimpleNamespace, person: Customer, *, at: datetime, of: Coupon | None = None
) -> CouponGrant:
    """As its push came ten minutes ago."""
    made = build_coupons.grant(of or shop.coupon, person, at=at)
    CouponGrant.objects.filter(pk=made.pk).update(created_at=NOW - timedelta(minutes=10))
    return made


def used(grant: CouponGrant, *, at: datetime, saved: int = 500, bill: int = 2_000) -> Any:
    with transaction.atomic():
        return ledger.redeem(grant, build_coupons.fact(at, saved_fen=saved, order_fen=bill))


def joined() -> dict[int, int]:
    return dict(CarriedClaim.objects.values_list("grant", "placement"))


def test_a_claim_counts_for_the_plan_of_its_persons_last_message_alone(shop: SimpleNamespace) -> None:
    other = build_messaging.template(shop.app, name="别的模板")
    build_messaging.consents(other, shop.people)
    first, second = plan(shop), plan(shop, other.template_id)
    sent(shop, shop.people[:3], at=NOW - 9 * HOUR)
    sent(shop, shop.people[1:3], at=NOW - 6 * HOUR, template=other)
    grants = [claimed(shop, one, at=NOW - 5 * HOUR) for one in shop.people[:2]]
    between = claimed(shop, shop.people[2], at=NOW - 7 * HOUR)
    plan_figures.count_due(at=NOW)
    assert joined() == {grants[0].pk: first.pk, grants[1].pk: second.pk, between.pk: first.pk}


def test_claims_without_such_a_message_are_joined_to_none(shop: SimpleNamespace) -> None:
    plan(shop, ends_at=NOW - HOUR)
    sent(shop, shop.people[:5], at=NOW - 5 * HOUR)
    sent(shop, shop.people[5:6], at=NOW - 5 * HOUR, state="refused")
    sent(shop, shop.people[6:7], at=NOW - 25 * HOUR)  # before the plan
    claimed(shop, shop.people[0], at=NOW - 6 * HOUR)  # before its message
    claimed(shop, shop.people[1], at=NOW - HOUR / 2)  # after the plan
    claimed(shop, shop.people[2], at=NOW - 2 * HOUR, of=build_coupons.coupon(shop.app))
    for person in shop.people[5:]:
        claimed(shop, person, at=NOW - 2 * HOUR)
    kept = claimed(shop, shop.people[3], at=NOW - 2 * HOUR)
    plan_figures.count_due(at=NOW)
    assert list(joined()) == [kept.pk]


def test_a_plan_that_was_stopped_or_never_taken_carries_nothing_more(shop: SimpleNamespace) -> None:
    plan(shop, state="stopped", platform_told_at=NOW - 4 * HOUR)
    plan(shop, state="rejected", delivery_id="")
    sent(shop, shop.people[:2], at=NOW - 6 * HOUR)
    sent(shop, shop.people[2:3], at=NOW - 3 * HOUR)
    kept = claimed(shop, shop.people[0], at=NOW - 5 * HOUR)
    claimed(shop, shop.people[1], at=NOW - 3 * HOUR)
    claimed(shop, shop.people[2], at=NOW - 2 * HOUR)
    assert plan_figures.count_due(at=NOW) == 1
    assert (list(joined()), PlanCount.objects.get().accepted) == ([kept.pk], 2)


def test_a_message_of_an_order_carries_it_too(shop: SimpleNamespace) -> None:
    reference = plan_figures.reference_of("3C_RENT", "APPROVAL")
    assert plan_figures._told_by([reference])["scenes"] == ["online_rental"]
    made = plan(shop, reference)
    order_told(shop, shop.people[0], "APPROVAL", at=NOW - 4 * HOUR)
    order_told(shop, shop.people[1], "APPROVAL", at=NOW - 4 * HOUR, state="not_notified")
    order_told(shop, shop.people[2], "FINISHED", at=NOW - 4 * HOUR)
    order_told(shop, shop.people[3], "APPROVAL", at=NOW - 30 * HOUR)  # before the plan
    grants = [claimed(shop, one, at=NOW - 2 * HOUR) for one in shop.people[:4]]
    plan_figures.count_due(at=NOW)
    assert joined() == {grants[0].pk: made.pk}
    assert PlanCount.objects.get().accepted == 1


def test_messages_of_a_send_that_ran_within_the_plan_are_those_of_its_counter(shop: SimpleNamespace) -> None:
    plan(shop, ends_at=NOW - HOUR)
    ended, open_one = (sent(shop, shop.people[:n], at=NOW - 5 * HOUR) for n in (2, 3))
    SendControl.objects.filter(pk=ended.pk).update(finished_at=NOW - 4 * HOUR)
    DeliveryCounter.objects.create(send=ended, state="accepted", n=2)
    Delivery.objects.filter(send=open_one, customer=shop.people[0]).update(sent_at=NOW)  # after the plan
    plan_figures.count_due(at=NOW)
    assert PlanCount.objects.get().accepted == 2 + 2


def test_a_claim_is_looked_at_once_it_settled_and_never_again(shop: SimpleNamespace) -> None:
    plan(shop)
    sent(shop, shop.people, at=NOW - 5 * HOUR)
    claimed(shop, shop.people[0], at=NOW - HOUR)
    build_coupons.grant(shop.coupon, shop.people[1], at=NOW - HOUR)  # its push came just now
    later = timezone.now() + plan_figures.SETTLES + timedelta(minutes=1)
    looked = [plan_figures.join_claims(shop.coupon.pk, at=at) for at in (NOW, later, later)]
    assert (looked, len(joined())) == ([1, 1, 0], 2)


def a_history(shop: SimpleNamespace) -> list[Placement]:
    """Two plans, claims after each and without, given ones, uses of all, one given back."""
    other = build_messaging.template(shop.app, name="别的模板")
    build_messaging.consents(other, shop.people)
    plans = [plan(shop), plan(shop, other.template_id)]
    sent(shop, shop.people[:4], at=NOW - 9 * HOUR)
    sent(shop, shop.people[4:6], at=NOW - 9 * HOUR, template=other)
    grants = [claimed(shop, one, at=NOW - 8 * HOUR) for one in shop.people]
    for hours, grant in ((2, grants[0]), (4, grants[1]), (7, grants[2]), (5, grants[4]), (1, grants[7])):
        used(grant, at=NOW - 8 * HOUR + hours * HOUR, bill=2_000 + hours)
    back = used(grants[3], at=NOW - HOUR)
    with transaction.atomic():
        ledger.revert(back.grant, build_coupons.fact(NOW, saved_fen=500, order_fen=2_000), of=back.entry)
    plan_figures.count_due(at=NOW)
    return plans


def test_a_plan_tells_messages_claims_uses_money_and_the_median_of_days(shop: SimpleNamespace) -> None:
    kept = PlanCount.objects.get(placement=a_history(shop)[0])
    assert (kept.accepted, kept.claimed, kept.redemptions, kept.reverted) == (4, 4, 3, 1)
    assert (kept.saved_fen, kept.order_fen) == (1_500, 6_013)
    assert kept.median_hours == 5  # of 2, 4, 7 and of the one that came back after 7


def test_all_lines_of_a_coupon_are_the_figures_by_coupon(shop: SimpleNamespace) -> None:
    a_history(shop)
    merchant, today = shop.app.merchant, beijing_day(NOW)
    [one] = plan_reports.figures_of(merchant, Wanted(NOW - 24 * HOUR, NOW)).coupons
    days = figure_reports.Wanted(today - timedelta(days=6), today, coupon_id=shop.coupon.pk)
    whole = figure_reports.figures_of(merchant, days).all
    names = ("claimed", "used", "reverted", "saved", "bill")
    assert [getattr(one.all, name) for name in names] == [getattr(whole, name) for name in names]
    lines = [*(line.sums for line in one.plans), one.otherwise]
    assert [sum(getattr(line, name) for line in lines) for name in names] == [
        getattr(whole, name) for name in names
    ]
    others = CouponGrant.objects.filter(coupon=shop.coupon).exclude(pk__in=list(joined()))
    assert (one.otherwise.claimed, one.otherwise.used) == (
        others.count(), others.aggregate(n=Sum("used_times"))["n"]
    )  # fmt: skip


def test_what_was_not_counted_yet_or_ran_on_other_days_stands_so(shop: SimpleNamespace) -> None:
    made, merchant = plan(shop), shop.app.merchant
    [one] = plan_reports.figures_of(merchant, Wanted(NOW - 24 * HOUR, NOW)).coupons
    assert (one.plans[0].placement, one.plans[0].sums) == (made, None)
    assert plan_reports.figures_of(merchant, Wanted(NOW - 90 * HOUR, NOW - 80 * HOUR)).coupons == []


def test_money_that_nobody_told_is_not_none_given(shop: SimpleNamespace) -> None:
    sums = plan_reports.Sums(claimed=4, used=2)
    assert (sums.saved_fen, sums.order_fen, sums.bills_per_yuan, sums.days_to_use) == (None,) * 4
    assert plan_reports.Sums(claimed=4).saved_fen == 0


def test_plans_are_counted_again_after_a_while_and_rarely_when_long_over(shop: SimpleNamespace) -> None:
    plan(shop)
    later = NOW + timedelta(minutes=11)
    assert [plan_figures.count_due(at=at) for at in (NOW, NOW, later)] == [1, 0, 1]
    PlanCount.objects.update(counted_at=NOW)
    Placement.objects.update(begins_at=NOW - 999 * HOUR, ends_at=NOW - timedelta(days=31))
    assert [plan_figures.count_due(at=at) for at in (later, NOW + 25 * HOUR)] == [0, 1]


def test_each_figure_that_is_wrong_is_found_and_put_right(shop: SimpleNamespace) -> None:
    made = a_history(shop)[0]
    before = PlanCount.objects.values().get(placement=made)
    assert plan_figures.rebuild() == []
    for name in plan_figures.FIGURES:
        PlanCount.objects.filter(placement=made).update(**{name: 77})
        [wrong] = plan_figures.rebuild()
        assert (wrong.placement_id, wrong.name, wrong.kept) == (made.pk, name, 77)
        assert PlanCount.objects.values().get(placement=made) == before


def test_the_command_tells_a_wrong_plan_and_only_compares_when_asked(shop: SimpleNamespace) -> None:
    made = a_history(shop)[0]
    PlanCount.objects.filter(placement=made).update(claimed=77)
    told = StringIO()
    with pytest.raises(CommandError):
        call_command("rebuild_recall", "--check", stdout=told)
    assert f"plan {made.pk}, claimed: kept 77, counted 4" in told.getvalue()
    call_command("rebuild_recall", stdout=StringIO())
    assert plan_figures.rebuild(repair=False) == []
