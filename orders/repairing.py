"""Fields that a status lacked are filled in, and it leaves again: what became of it decides how.

A status the platform has not taken (pending, or dead for a cause that another try can mend) gets the fields
itself and leaves as usual. One the platform took without telling the customer is returned once more: the same
status with a new modified time, which the platform takes as a newer change. That is done only of the status
at which the order stands, and where the scene lets a status follow itself.

A change is held before its order, as those who sync and settle do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from merchants.events import record
from merchants.models import Event
from orders.diagnosis import LACKING, Reason, Step, judge
from orders.given import OrderRefused, StatusGiven, check_fields, refuse_forgotten
from orders.intake import take_status
from orders.models import Order, Source, StatusChange
from orders.scene_fields import written
from orders.scenes import SCENES, Scene
from orders.syncing import left_behind

if TYPE_CHECKING:
    from merchants.models import Merchant, User

State = StatusChange.State
# Of dead ones: what another try with more fields may mend.
MENDABLE = frozenset({Reason.REFUSED, Reason.NEVER_LEFT, Reason.NOT_ONLINE})
MILLISECOND = timedelta(milliseconds=1)


class Hindrance(StrEnum):
    GONE = "gone"  # nothing is missing any more, or it is under way
    DONE = "done"  # somebody filled it in before
    MOVED_ON = "moved_on"  # the order stands at another status
    NOT_TWICE = "not_twice"  # the scene does not let this status follow itself


class RepairRefused(Exception):
    """`first`: the event of who was first. `current`: the change at which the order stands now."""

    def __init__(
        self, hindrance: Hindrance, *, first: Event | None = None, current: StatusChange | None = None
    ) -> None:
        super().__init__(hindrance)
        self.hindrance, self.first, self.current = hindrance, first, current


@dataclass(frozen=True)
class Repaired:
    """`change` is the one that leaves; `is_new`: the status was returned again."""

    change: StatusChange
    is_new: bool


def lacks(step: Step, scene: Scene | None) -> tuple[str, ...]:
    """Names of the fields that can be filled in for it; empty where filling in mends nothing."""
    change = step.change
    if scene is None or step.node is None:
        return ()
    if change.state in (State.PENDING, State.NOT_NOTIFIED):
        return step.missing if step.reason in LACKING else ()
    if change.state == State.DEAD and step.reason in MENDABLE:
        return scene.missing_fields(change.status, change.fields)
    return ()


def hindrance_of(order: Order, step: Step) -> RepairRefused | None:
    """Why it cannot be filled in although it lacks fields; None: it can. Reads at most two rows."""
    change, scene = step.change, SCENES[order.scene]
    later = order.changes.filter(modified_at__gt=change.modified_at).exclude(state=State.SUPERSEDED)
    if change.state != State.NOT_NOTIFIED:
        overtaken = StatusChange.objects.filter(left_behind(), pk=change.pk).exists()
        current = later.order_by("-modified_at").first() if overtaken else None
        return RepairRefused(Hindrance.MOVED_ON, current=current) if overtaken else None
    current = later.order_by("-modified_at").first()
    if current is not None:
        first = first_repair(change)
        hindrance = Hindrance.DONE if first is not None else Hindrance.MOVED_ON
        return RepairRefused(hindrance, first=first, current=current)
    if not scene.may_follow(change.status, change.status):
        return RepairRefused(Hindrance.NOT_TWICE)
    return None


def first_repair(change: StatusChange) -> Event | None:
    rows = Event.objects.for_merchant(change.merchant).filter(
        kind="order.repaired", subject_kind="statuschange", subject_id=change.pk
    )
    found: Event | None = rows.select_related("by").order_by("-at").first()
    return found


def repair(merchant: Merchant, change_id: int, values: Mapping[str, str], *, by: User | None) -> Repaired:
    """`values`: a text for each missing field; OrderRefused names those that are wrong. Raises RepairRefused.

    Repeatable: of two at once one fills in, the other is told who did.
    """
    rows = StatusChange.objects.for_merchant(merchant).filter(pk=change_id)
    with transaction.atomic():
        change = rows.select_for_update(no_key=True).get()
        # the row as it is now that it is ours: the changes of an order come and go under its lock
        order = (
            Order.objects.select_related("customer", "mini_program", "merchant")
            .select_for_update(of=("self",), no_key=True)
            .get(pk=change.order_id)
        )
        step = judge(order, change, before=order.synced_status, told=frozenset())
        scene = SCENES.get(order.scene)
        missing = lacks(step, scene)
        if not missing or scene is None:
            first = first_repair(change)
            raise RepairRefused(Hindrance.DONE if first else Hindrance.GONE, first=first)
        hindrance = hindrance_of(order, step)
        if hindrance is not None:
            raise hindrance
        refuse_forgotten(order)
        filled = _read(order, scene, missing, values)
        done = _return_again(order, change, filled) if change.state == State.NOT_NOTIFIED else None
        done = done or _fill_in(order, change, filled)
        detail = {"order": order.out_biz_no, "status": change.status, "fields": list(filled)}
        record(
            "order.repaired",
            merchant=merchant,
            by=by,
            mini_program=order.mini_program,
            subject=change,
            detail=detail,
        )
    return done


def _read(order: Order, scene: Scene, missing: tuple[str, ...], values: Mapping[str, str]) -> dict[str, str]:
    wrong, filled = {}, {}
    for name in missing:
        text = values.get(name, "").strip()
        if not text:
            wrong[name] = _("The message of this status needs it: without it none is sent.")
            continue
        had = str(order.fields.get(name) or "")
        try:  # what the merchant's own system gave is not judged again
            filled[name] = text if text == had else written(name, text)
        except ValueError as error:
            wrong[name] = str(error)
            continue
        if name in scene.fixed_fields and had and had != filled[name]:
            wrong[name] = _("It keeps the value it was first sent with: %(value)s.") % {"value": had}
    if wrong:
        raise OrderRefused("fields_wrong", wrong)
    check_fields(filled)
    return filled


def _fill_in(order: Order, change: StatusChange, filled: dict[str, str]) -> Repaired:
    fields = {**change.fields, **filled}
    mine = StatusChange.objects.filter(pk=change.pk, state=change.state)
    if not mine.update(fields=fields, state=State.PENDING, sub_code="", words="", cause="", settled_at=None):
        raise RepairRefused(Hindrance.GONE)
    is_current = order.status_at == change.modified_at
    merged = {**order.fields, **filled} if is_current else {**filled, **order.fields}
    Order.objects.filter(pk=order.pk).update(fields=merged)
    change.refresh_from_db()
    return Repaired(change, is_new=False)


def _return_again(order: Order, change: StatusChange, filled: dict[str, str]) -> Repaired:
    fields = {**change.fields, **order.fields, **filled}
    given = StatusGiven(change.status, _next_time(order), fields)
    again: StatusChange = StatusChange.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        status=given.status,
        modified_at=given.at,
        fields=fields,
        source=Source.REPAIR,
    )
    take_status(order, given)
    Order.objects.filter(pk=order.pk).update(
        status=order.status, status_at=order.status_at, fields=order.fields
    )
    return Repaired(again, is_new=True)


def _next_time(order: Order) -> datetime:
    """Now, whole milliseconds, and later than whatever is known of the order, though a clock runs ahead."""
    latest = order.changes.aggregate(at=Max("modified_at"))["at"]
    known = [at for at in (latest, order.status_at, order.synced_at) if at is not None]
    # the platform reads the creation to the second and asks for a later time
    known.append(order.order_created_at + timedelta(seconds=1))
    now = timezone.now()
    return max(now.replace(microsecond=now.microsecond // 1000 * 1000), max(known) + MILLISECOND)
