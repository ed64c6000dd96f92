"""One decision about a cause of failures over several sends: kept as a row, carried out by a Job.

Safe to be killed anywhere and to run twice: each row is moved by compare-and-set, and only outcomes written
down before the decision are meant, so what is refused or unknown once more is not taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from merchants import jobs
from merchants.models import Job, Merchant
from messaging.engine import sql
from messaging.engine.decisions import NothingToSendAgain, Steps, send_again, treat_as_sent
from messaging.models import Delivery, DeliveryAttempt, FailureDecision, SendControl

if TYPE_CHECKING:
    from merchants.models import User

TASK = "messaging.decide_failures"
Act = FailureDecision.Act
OVER = (Job.State.DONE, Job.State.CANCELLED, Job.State.FAILED)


class UnderWay(Exception):
    """Another decision about this cause is being carried out; `decision` is that one."""

    def __init__(self, decision: FailureDecision | None) -> None:
        self.decision = decision
        super().__init__("another decision about this cause is under way")


@dataclass(frozen=True)
class Wanted:
    """`sends`: send → people, as confirmed. `state` and `reason` as in messaging.failures."""

    act: str
    state: str
    reason: str
    sends: Mapping[int, int]

    @property
    def people(self) -> int:
        return sum(self.sends.values())


def now() -> datetime:
    """By the database's clock, which also dates outcomes. Ask before the people are counted."""
    at: datetime = sql.rows("SELECT clock_timestamp()", {})[0][0]
    return at


def decide(
    merchant: Merchant, wanted: Wanted, *, by: User, form_token: UUID, as_of: datetime, title: str
) -> FailureDecision:
    """Starts the Job. The same form_token gives the first decision. Raises UnderWay."""
    first = _made_by(merchant, form_token)
    if first is not None:
        return first
    _close_over(merchant)
    try:
        with transaction.atomic():
            decision: FailureDecision = FailureDecision.objects.create(
                merchant=merchant,
                form_token=form_token,
                act=wanted.act,
                state=wanted.state,
                reason=wanted.reason,
                sends=[[send, people] for send, people in wanted.sends.items()],
                people=wanted.people,
                as_of=as_of,
                by=by,
            )
            decision.job = jobs.start(
                TASK,
                merchant=merchant,
                by=by,
                title=title[:120],
                arguments={"decision": decision.pk},
                total_units=wanted.people,
            )
            decision.save(update_fields=["job"])
    except IntegrityError:
        twin = _made_by(merchant, form_token)
        if twin is None:
            raise UnderWay(open_decision(merchant, state=wanted.state, reason=wanted.reason)) from None
        return twin
    return decision


def open_decision(merchant: Merchant, *, state: str, reason: str) -> FailureDecision | None:
    """The one of this cause whose Job is not over."""
    rows = FailureDecision.objects.for_merchant(merchant).filter(state=state, reason=reason, closed_at=None)
    found: FailureDecision | None = rows.exclude(job__state__in=OVER).select_related("job", "by").first()
    return found


def _made_by(merchant: Merchant, form_token: UUID) -> FailureDecision | None:
    found: FailureDecision | None = (
        FailureDecision.objects.for_merchant(merchant).filter(form_token=form_token).first()
    )
    return found


def _close_over(merchant: Merchant) -> None:
    """A Job ends in several ways, a person's cancel among them; whoever decides next tidies up."""
    rows = FailureDecision.objects.for_merchant(merchant).filter(closed_at=None, job__state__in=OVER)
    rows.update(closed_at=Now())


def run(merchant_id: int, job_id: int) -> None:
    """One run of the Job. Its result: {"people": n, "sends": [[send, people, why left]]}."""
    broken = _("It could not be carried on. What was done stays done; look at the cause and decide again.")
    jobs.run(merchant_id, job_id, _work, broken=broken)


def _work(job: Job) -> dict[str, Any]:
    decision = FailureDecision.objects.select_related("merchant", "by").get(merchant=job.merchant_id, job=job)
    rows = SendControl.objects.for_merchant(decision.merchant).select_related("merchant", "mini_program")
    controls = rows.in_bulk([send for send, _people in decision.sends])
    done = sum(done_by(decision).values())
    left: dict[int, str] = {}
    for send, _people in decision.sends:
        jobs.advance(job, done_units=done)
        control = controls.get(send)
        if control is None or not _has_any(decision, control):
            continue
        try:
            done += _one(decision, control, told=_teller(job, done))
        except NothingToSendAgain as refused:
            left[send] = str(refused)
    moved = done_by(decision)
    lines = [[send, moved.get(send, 0), left.get(send, "")] for send, _people in decision.sends]
    return {"people": sum(moved.values()), "sends": lines}


def _teller(job: Job, before: int) -> Callable[[int], None]:
    return lambda so_far: jobs.advance(job, done_units=before + so_far)


def _one(decision: FailureDecision, control: SendControl, *, told: Callable[[int], None]) -> int:
    """`as_of` dates what this decision did, so that done_by() finds it again."""
    cause = decision.reason if decision.state == "unknown" else ""
    steps = Steps(decision.as_of, told)
    if decision.act == Act.TREAT:
        return treat_as_sent(
            control,
            delivery_ids=None,
            by=decision.by,
            at=decision.as_of,
            cause=cause,
            steps=steps,
        )
    return send_again(
        control,
        delivery_ids=None,
        by=decision.by,
        at=decision.as_of,
        states=(decision.state,),
        reason="" if cause else decision.reason,
        cause=cause,
        steps=steps,
    )


def _has_any(decision: FailureDecision, control: SendControl) -> bool:
    """Nobody is left: a finished send is not opened for nothing."""
    if control.books_month is None:
        return False
    rows = Delivery.objects.filter(
        books_month=control.books_month,
        send=control,
        state=decision.state,
        decision="",
        recorded_at__lte=decision.as_of,
    )
    named = {"cause" if decision.state == "unknown" else "reason": decision.reason}
    return rows.filter(**named).exists()


def done_by(decision: FailureDecision) -> dict[int, int]:
    """Send → people it has moved so far, read from what it wrote: right however often it was killed."""
    sends = [send for send, _people in decision.sends]
    if decision.act == Act.TREAT:
        rows = Delivery.objects.filter(
            send__in=sends, state="unknown", decided_at=decision.as_of, decided_by=decision.by_id
        )
    else:
        rows = DeliveryAttempt.objects.filter(
            send__in=sends, again_at=decision.as_of, again_by=decision.by_id
        )
    return dict(rows.values_list("send").annotate(n=Count("*")).order_by())
