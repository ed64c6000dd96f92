"""A coupon shown somewhere: one delivery plan of coupon × place × period, asked for once.

While a plan for a template runs, every message of that template carries its coupon (design §8). So two plans
with different coupons may not overlap on one template; who plans holds the mini program meanwhile. The same
coupon is planned once for a period: a plan that covers it is used again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from coupons import listening
from coupons.bodies import wall
from coupons.channels import CHANNELS
from coupons.models import Coupon, Placement
from coupons.models.coupon import LIVE, Family
from coupons.models.placement import OPEN, Booth, PlacementState
from gateway.methods.deliveries import MarketingActivityDeliveryCreate, MarketingActivityDeliveryStop
from merchants import calls, events
from merchants.models import GatewayCall, MiniProgram

if TYPE_CHECKING:
    from merchants.models import User

SETTLE_TASK = "coupons.settle_placement"
SHORTEST = timedelta(minutes=1)
State = PlacementState


class PlacingRefused(Exception):
    """`field`: coupon, booth, template_ref, begins_at, ends_at or ""; the sentence says what to do."""

    def __init__(self, sentence: str, field: str = "") -> None:
        self.sentence, self.field = sentence, field
        super().__init__(sentence)


@dataclass(frozen=True)
class Wanted:
    """`template_ref`: at messages, as Placement has it; else empty."""

    booth: Booth
    begins_at: datetime
    ends_at: datetime
    template_ref: str = ""


def check(coupon: Coupon, wanted: Wanted, *, at: datetime) -> None:
    """Whether it may be planned, but for what else is planned there. Raises PlacingRefused."""
    channel = CHANNELS[wanted.booth]
    if channel.is_simulated:
        sentence = _("No interface is known for this place. Set it up in the platform's back office.")
        raise PlacingRefused(sentence, "booth")
    if Family(coupon.family) not in channel.families:
        raise PlacingRefused(_("The platform does not show this kind of coupon there."), "booth")
    if wanted.booth == Booth.SERVICE_MESSAGE and not wanted.template_ref:
        raise PlacingRefused(_("Choose the template whose messages carry it."), "template_ref")
    if wanted.booth == Booth.SERVICE_MESSAGE and not may_be_carried(coupon):
        raise PlacingRefused(
            _("Without development messages carry pay coupons only. Choose a pay coupon."), "coupon"
        )
    if coupon.state not in LIVE:
        raise PlacingRefused(_("Only a live coupon can be shown. This one is not live now."), "coupon")
    if wanted.ends_at - wanted.begins_at < SHORTEST or wanted.ends_at <= at:
        raise PlacingRefused(_("The end must lie after the beginning, and in the future."), "ends_at")
    if coupon.publish_until < wanted.ends_at:
        words = _("It can be claimed until %(until)s only. Choose an earlier end, or extend the coupon.")
        raise PlacingRefused(words % {"until": wall(coupon.publish_until)[:16]}, "ends_at")
    if coupon.publish_from > wanted.begins_at:
        words = _("It can be claimed from %(from)s on. Choose a later beginning.")
        raise PlacingRefused(words % {"from": wall(coupon.publish_from)[:16]}, "begins_at")


def may_be_carried(coupon: Coupon) -> bool:
    """By messages: by API both families; a merchant without development has the back office (B.8, way 1)."""
    return bool(coupon.family == Family.PAY or coupon.merchant.has_developers)


def place(
    coupon: Coupon, wanted: Wanted, *, form_token: uuid.UUID, by: User | None, at: datetime
) -> Placement:
    """The plan, asked for; the same form token gives the same one. Raises PlacingRefused."""
    check(coupon, wanted, at=at)
    with transaction.atomic():
        hold(coupon.mini_program)
        known = Placement.objects.filter(form_token=form_token, merchant=coupon.merchant).first()
        if known is not None:
            return known
        refuse_overlap(coupon, wanted)
        made: Placement = Placement.objects.create(
            merchant=coupon.merchant,
            mini_program=coupon.mini_program,
            coupon=coupon,
            booth=wanted.booth,
            name=_name(coupon, wanted),
            template_ref=wanted.template_ref,
            begins_at=wanted.begins_at,
            ends_at=wanted.ends_at,
            state=State.DRAFT,
            form_token=form_token,
            author=by,
        )
        _submit(made)
        _tell("placement.submitted", made, by, booth=made.booth)
    return made


def for_messages(
    coupon: Coupon,
    template_ref: str,
    *,
    begins_at: datetime,
    ends_at: datetime,
    by: User | None,
    at: datetime,
) -> tuple[Placement, bool]:
    """A plan under which messages of this template carry the coupon all that time, and whether it is new."""
    wanted = Wanted(Booth.SERVICE_MESSAGE, begins_at, ends_at, template_ref)
    with transaction.atomic():
        hold(coupon.mini_program)
        covering = planned(coupon.mini_program, template_ref, begins_at, ends_at).filter(
            coupon=coupon, begins_at__lte=begins_at, ends_at__gte=ends_at
        )
        known: Placement | None = covering.exclude(state=State.STOPPING).order_by("pk").first()
        if known is not None:
            return known, False
        return place(coupon, wanted, form_token=uuid.uuid4(), by=by, at=at), True


def planned(
    mini_program: MiniProgram, template_ref: str, begins_at: datetime, ends_at: datetime
) -> QuerySet[Placement]:
    """Plans on the template that run, or may run, at some moment of that time."""
    rows: QuerySet[Placement] = Placement.objects.filter(
        mini_program=mini_program,
        template_ref=template_ref,
        state__in=OPEN,
        begins_at__lt=ends_at,
        ends_at__gt=begins_at,
    )
    return rows


def overlapping(coupon: Coupon, wanted: Wanted) -> Placement | None:
    """One with another coupon on the same template at the same time."""
    if wanted.booth != Booth.SERVICE_MESSAGE:
        return None
    rows = planned(coupon.mini_program, wanted.template_ref, wanted.begins_at, wanted.ends_at)
    found: Placement | None = rows.exclude(coupon=coupon).select_related("coupon").order_by("pk").first()
    return found


def again(placement: Placement, *, by: User, at: datetime) -> Placement:
    """draft | unknown → submitting: the platform refused it, or nobody knows. Raises PlacingRefused.

    An unknown one goes with its own number, so that the platform makes no second.
    """
    before = State(placement.state)
    if before not in (State.DRAFT, State.UNKNOWN):
        raise PlacingRefused(_("It is under way or was decided. Look at how it stands now."))
    wanted = Wanted(Booth(placement.booth), placement.begins_at, placement.ends_at, placement.template_ref)
    check(placement.coupon, wanted, at=at)
    with transaction.atomic():
        hold(placement.mini_program)
        refuse_overlap(placement.coupon, wanted)
        held = Placement.objects.select_for_update(of=("self",)).get(pk=placement.pk)
        if held.state != before:
            raise PlacingRefused(_("Somebody was faster. Look at how it stands now."))
        _submit(held, is_repetition=before == State.UNKNOWN)
        _tell("placement.submitted", held, by, booth=held.booth)
    return held


def stop(placement: Placement, *, reason: str, by: User | None) -> Placement:
    """auditing | active → stopping. It takes minutes until nobody sees it (D9.3). Raises PlacingRefused."""
    with transaction.atomic():
        held = Placement.objects.select_for_update(of=("self",)).get(pk=placement.pk)
        if held.state not in (State.AUDITING, State.ACTIVE):
            raise PlacingRefused(_("It is not shown any more, or is being stopped."))
        before = held.state
        _begin(held, State.STOPPING)
        body = {"delivery_id": held.delivery_id, "out_biz_no": out_biz_no(held)}
        _intend(held, MarketingActivityDeliveryStop.method, body)
        _tell("placement.stop", held, by, reason=reason, before=before)
    return held


def out_biz_no(placement: Placement) -> str:
    return f"placement-{placement.pk}-{placement.operations}"


def hold(mini_program: MiniProgram) -> None:
    """Who plans for the same mini program waits: two that overlap cannot both be made."""
    MiniProgram.objects.select_for_update(no_key=True).get(pk=mini_program.pk)


def refuse_overlap(coupon: Coupon, wanted: Wanted) -> None:
    other = overlapping(coupon, wanted)
    if other is None:
        return
    words = _(
        "Messages of this template already carry “%(name)s” from %(from)s to %(to)s, and every message"
        " carries one coupon. Choose another time, or stop that one first."
    )
    named = {"name": other.coupon.name, "from": wall(other.begins_at)[:16], "to": wall(other.ends_at)[:16]}
    raise PlacingRefused(words % named, "template_ref")


def _name(coupon: Coupon, wanted: Wanted) -> str:
    """3 to 19 characters (D9.1)."""
    return f"{coupon.name[:12]} {wall(wanted.begins_at)[5:10].replace('-', '')}"


def _submit(placement: Placement, *, is_repetition: bool = False) -> None:
    listening.ensure(placement.mini_program)
    _begin(placement, State.SUBMITTING, is_repetition=is_repetition)
    body = MarketingActivityDeliveryCreate.model_validate(_body(placement))
    _intend(placement, body.method, body.model_dump(exclude_none=True))


def _begin(placement: Placement, to: State, *, is_repetition: bool = False) -> None:
    """Compare-and-set of a row that the caller locked or made."""
    number = placement.operations if is_repetition else placement.operations + 1
    fresh = {"wished_at": Now(), "asked_at": None, "refusal": "", "words": "", "changed_at": Now()}
    rows = Placement.objects.filter(pk=placement.pk, state=placement.state)
    if not rows.update(state=to, operations=number, **fresh):
        raise PlacingRefused(_("Somebody was faster. Look at how it stands now."))
    placement.refresh_from_db()


def _body(placement: Placement) -> dict[str, Any]:
    activity = {"activity_id": placement.coupon.activity_id}
    content = {"delivery_content_type": "ACTIVITY", "delivery_activity_content": activity}
    body: dict[str, Any] = {
        "out_biz_no": out_biz_no(placement),
        "delivery_booth_code": CHANNELS[Booth(placement.booth)].code,
        "delivery_base_info": {
            "delivery_name": placement.name,
            "delivery_begin_time": wall(placement.begins_at),
            "delivery_end_time": wall(placement.ends_at),
        },
        "delivery_play_config": {"delivery_single_send_config": {"delivery_content_info": content}},
    }
    if placement.template_ref:
        rule = {"template_id": placement.template_ref}
        body["delivery_target_rule"] = {"delivery_template_rule": rule}
    return body


def _intend(placement: Placement, method: str, body: Mapping[str, Any]) -> None:
    before = GatewayCall.objects.filter(target_kind="placement", target_id=placement.pk).count()
    call = calls.intend(
        mini_program=placement.mini_program,
        method=method,
        target=placement,
        body=body,
        idempotency_key=f"placement:{placement.pk}:{placement.operations}:{before}",
        ordering_key=f"placement:{placement.pk}",
        repeatable=True,  # the platform knows a repetition by its out_biz_no
        settle_task=SETTLE_TASK,
    )
    Placement.objects.filter(pk=placement.pk).update(call=call)
    placement.call = call


def _tell(kind: str, placement: Placement, by: User | None, **detail: Any) -> None:
    events.record(
        kind,
        merchant=placement.merchant,
        by=by,
        mini_program=placement.mini_program,
        subject=placement,
        detail={"name": placement.name, "coupon": placement.coupon.name, **detail},
    )
