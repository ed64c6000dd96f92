"""Other orders that stand at the same status and lack the same fields; one press where they have them now.

An order comes by a field after its status when the merchant's system hands the order in again. The read is
bounded: the newest MOST_ALIKE orders at that status, of those whose status is of the last DAYS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils.translation import gettext as _

from merchants import jobs
from merchants.models import Job
from orders.diagnosis import LACKING, Step, judge
from orders.fixing import CountChanged
from orders.given import OrderRefused
from orders.models import Order, StatusChange
from orders.repairing import Hindrance, RepairRefused, repair

if TYPE_CHECKING:
    from merchants.models import User

TASK = "orders.repair_alike"
MOST_ALIKE = 500
MOST_NAMED = 50
WRONG_VALUE = "wrong_value"
DAYS = 30
State = StatusChange.State


@dataclass(frozen=True)
class Alike:
    """Without the order that was asked about, newest first. `ready`: what was missing is in the order now.

    `is_cut`: there are more orders at the status than were looked at.
    """

    ready: tuple[Step, ...] = ()
    lacking: tuple[Step, ...] = ()
    is_cut: bool = False

    @property
    def count(self) -> int:
        return len(self.ready) + len(self.lacking)


def alike(order: Order, step: Step, *, at: datetime) -> Alike:
    """Two queries. Nothing where the status lacks no field."""
    if step.reason not in LACKING:
        return Alike()
    since = at - timedelta(days=DAYS)
    rows = Order.objects.filter(
        mini_program=order.mini_program_id, scene=order.scene, status=step.change.status
    )
    newest = list(rows.order_by("-id").values_list("pk", "status_at")[: MOST_ALIKE + 1])
    beyond = newest[MOST_ALIKE:]
    changes = StatusChange.objects.filter(
        order__in=[pk for pk, _at in newest[:MOST_ALIKE] if pk != order.pk],
        modified_at=F("order__status_at"),
        modified_at__gte=since,
        state__in=[State.NOT_NOTIFIED, State.PENDING],
    )
    found = [_judged(change) for change in changes.select_related("order").order_by("-order_id")]
    same = [one for one in found if (one.reason, set(one.missing)) == (step.reason, set(step.missing))]
    ready = tuple(one for one in same if all(one.change.order.fields.get(name) for name in one.missing))
    lacking = tuple(one for one in same if one not in ready)
    return Alike(ready, lacking, any(status_at and status_at >= since for _pk, status_at in beyond))


def _judged(change: StatusChange) -> Step:
    return judge(change.order, change, before=change.order.synced_status, told=frozenset())


def sync_again(order: Order, step: Step, *, confirmed: int, by: User, at: datetime) -> Job:
    """A Job for the ready ones. Raises CountChanged where they are not `confirmed` any more."""
    ready = alike(order, step, at=at).ready
    if len(ready) != confirmed or not ready:
        raise CountChanged(len(ready))
    name = step.node.name if step.node else step.change.status
    return jobs.start(
        TASK,
        merchant=order.merchant,
        by=by,
        title=(_("Sync again with their fields: %(status)s") % {"status": name})[:120],
        arguments={"order": order.pk, "changes": [one.change.pk for one in ready]},
        total_units=len(ready),
    )


def run(merchant_id: int, job_id: int) -> None:
    """One run of the Job. Its result: {"again": n, "left": n, "left_orders": [[number, why]]}.

    What another did or overtook is left; `why` is a Hindrance or WRONG_VALUE, of the first MOST_NAMED.
    """
    broken = _("It could not be carried on. What was synced again stays so; open the order and look again.")
    jobs.run(merchant_id, job_id, _work, broken=broken)


def _work(job: Job) -> dict[str, Any]:
    """Safe to run twice: what a first run filled in is refused here, and counted as done by this Job."""
    left: list[tuple[str, str]] = []
    for done, pk in enumerate(job.arguments["changes"]):
        jobs.advance(job, done_units=done)
        number, why = _one(job, pk)
        if why:
            left.append((number, why))
    total = len(job.arguments["changes"])
    jobs.advance(job, done_units=total)
    return {"again": total - len(left), "left": len(left), "left_orders": left[:MOST_NAMED]}


def _one(job: Job, change_id: int) -> tuple[str, str]:
    """The order's number, and why it was left; "" when it is synced again."""
    rows = StatusChange.objects.for_merchant(job.merchant).filter(pk=change_id)
    found = rows.values_list("order__out_biz_no", "order__fields").first()
    if found is None:
        return "", Hindrance.GONE.value
    number, fields = found
    try:
        repair(job.merchant, change_id, fields, by=job.by)
    except RepairRefused as refusal:
        first = refusal.first
        ours = first is not None and first.by_id == job.by_id and first.at >= job.created_at
        return number, "" if refusal.hindrance == Hindrance.DONE and ours else refusal.hindrance.value
    except OrderRefused:
        return number, WRONG_VALUE
    return number, ""
