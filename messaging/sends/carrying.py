"""A coupon that every message of a batch send carries: the plan behind it, and what keeps it from being one.

The platform adds the coupon of a plan to every message of a template while the plan runs (design §8); the
messages themselves name none. So a send with a coupon plans it for the time in which it goes out, and some
hours more for those who read later. Whoever is undone or cancelled before it began gives its plan up again,
unless others use it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from coupons import placing
from coupons.models import Placement
from coupons.models.placement import Booth, PlacementState
from coupons.placing import Wanted
from merchants.events import record
from messaging.engine import control as engine
from messaging.models import SendControl, SendState
from messaging.sends import latest
from messaging.sends.wall_time import NoSuchTime, due_of

if TYPE_CHECKING:
    from merchants.models import User
    from messaging.models import BatchSend

GIVEN_UP = (SendState.DRAFT, SendState.CANCELLED, SendState.FAILED)
AT_ONCE = 100


def wanted_of(batch: BatchSend, *, due_at: datetime) -> Wanted:
    """The plan it needs. Times are whole seconds, as the platform reads them; ValueError without a coupon."""
    coupon, template = batch.coupon, batch.template
    if coupon is None or template is None:
        raise ValueError(f"send {batch.pk} carries no coupon")
    begins_at = due_at.replace(microsecond=0)
    shown_until = through_at(batch, due_at=due_at) + timedelta(hours=settings.COUPON_SHOWN_HOURS)
    ends_at = min(shown_until, max(coupon.publish_until, through_at(batch, due_at=due_at)))
    return Wanted(Booth.SERVICE_MESSAGE, begins_at, ends_at.replace(microsecond=0), template.template_id)


def through_at(batch: BatchSend, *, due_at: datetime) -> datetime:
    """When it is through at the latest, or by its speed; quiet hours are not reckoned with."""
    limit = latest.instant_of(batch)
    if limit is not None:
        return max(limit, due_at)
    rate = batch.control.rate_per_second or batch.mini_program.rate_per_second
    people = batch.people_list.count if batch.people_list else 0
    return due_at + timedelta(seconds=60 + people // max(1, rate))


def wrong_with(batch: BatchSend, *, due_at: datetime, at: datetime) -> str:
    """Why its coupon cannot go with it, and what to do; empty: it can, or there is none."""
    if batch.coupon is None or batch.template is None:
        return ""
    wanted = wanted_of(batch, due_at=due_at)
    try:
        placing.check(batch.coupon, wanted, at=at)
        placing.refuse_overlap(batch.coupon, wanted)
    except placing.PlacingRefused as refused:
        return refused.sentence
    return ""


def planned(batch: BatchSend, *, due_at: datetime, by: User | None, at: datetime) -> dict[str, Any]:
    """Columns of its control row, in the caller's transaction. Raises PlacingRefused."""
    if batch.coupon is None:
        return {"placement": None, "made_placement": False}
    wanted = wanted_of(batch, due_at=due_at)
    told = {"begins_at": wanted.begins_at, "ends_at": wanted.ends_at}
    placement, is_new = placing.for_messages(batch.coupon, wanted.template_ref, **told, by=by, at=at)
    # launched, undone and launched again before the plan could be stopped: still its own
    mine = SendControl.objects.filter(pk=batch.control_id, placement=placement, made_placement=True)
    return {"placement": placement, "made_placement": is_new or mine.exists()}


def on_its_messages(batch: BatchSend, *, at: datetime) -> Placement | None:
    """A plan that reaches into the time of a send without a coupon: its messages carry that coupon."""
    if batch.coupon is not None or batch.template is None or not batch.template.template_id:
        return None
    try:
        due_at = due_of(batch.scheduled_on, batch.scheduled_time, zone=batch.zone, at=at)
    except NoSuchTime:
        return None
    end = through_at(batch, due_at=due_at)
    rows = placing.planned(batch.mini_program, batch.template.template_id, due_at, end)
    found: Placement | None = rows.select_related("coupon").order_by("begins_at").first()
    return found


def go_on_without(control: SendControl, *, by: User) -> None:
    """paused → sending without its coupon: the plan is over, and the text was read again. Raises MoveRefused,
    PastNotAfter."""
    with transaction.atomic():
        SendControl.objects.filter(pk=control.pk, state=SendState.PAUSED).update(placement=None)
        record(
            "send.without_coupon",
            merchant=control.merchant,
            by=by,
            mini_program=control.mini_program,
            subject=control,
        )
        engine.resume(control, by=by)


def give_up_unused() -> int:
    """Plans made for a send that was taken back, cancelled before it began or failed: stopped once.

    The plan stays noted until it could be stopped, so that one whose answer is still to come is stopped too.
    """
    rows = SendControl.objects.filter(
        state__in=GIVEN_UP, started_at=None, made_placement=True, placement__isnull=False
    )
    return sum(_give_up(pk) for pk in list(rows.values_list("pk", flat=True)[:AT_ONCE]))


def _give_up(control_id: int) -> bool:
    with transaction.atomic():
        first = SendControl.objects.select_related("placement__mini_program").get(pk=control_id)
        if first.placement is None:
            return False
        placing.hold(first.placement.mini_program)  # before the control row, as a launch does
        control = SendControl.objects.select_for_update(of=("self",)).get(pk=control_id)
        placement = Placement.objects.select_related("merchant", "mini_program", "coupon").get(
            pk=first.placement.pk
        )
        if control.state not in GIVEN_UP or control.placement_id != placement.pk:
            return False
        if placement.state in (PlacementState.SUBMITTING, PlacementState.UNKNOWN):
            return False
        others = SendControl.objects.filter(placement=placement).exclude(pk=control.pk)
        runs = placement.state in (PlacementState.AUDITING, PlacementState.ACTIVE)
        if runs and not others.exclude(state__in=GIVEN_UP).exists():
            placing.stop(placement, reason="", by=None)
        SendControl.objects.filter(pk=control.pk).update(placement=None, made_placement=False)
    return True
