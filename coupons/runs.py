"""Batch issue: one coupon to everybody on a list, a grant for each with exactly one outcome.

A run begins COUPON_UNDO_SECONDS after it was confirmed; until then it can be undone. Then one
transaction makes the rows, those that cannot get one refused at once, and reserves the stock. After that the
outbox gives, of each mini program so many at a time that a pause bites soon: rows are the truth, so a killed
worker, a lost hint or two beats at once change nothing. The moves are compare-and-set with an Event each.
Locks: the run, then its grants, then the count of the coupon.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from coupons import counting, frequency, giving, preparing
from coupons.models import CouponGrant, CouponRun
from coupons.models.grant import GrantState
from coupons.not_given import KEPT, NOT_KNOWN, RUN_CANCELLED
from gateway.outcomes import SUB_CODES
from membership.models import PeopleList
from merchants import events
from merchants.models import GatewayCall

if TYPE_CHECKING:
    from coupons.models import Coupon
    from merchants.models import User

State = CouponRun.State
OPEN_CALLS = (GatewayCall.State.WAITING, GatewayCall.State.CLAIMED)
ALIKE = 10  # refusals in a row with the same cause: it is not the people
# Whoever comes next would be refused for it as well.
OF_EVERYBODY = frozenset(
    {
        *("ACTIVITY_NOT_ACTIVE", "ACTIVITY_NOT_START", "ACTIVITY_IS_END", "ACTIVITY_IS_STOPED"),
        *("BUDGET_NOT_ENOUGH", "ACTIVITY_NOT_PERMISSION"),
        *(name for name, meaning in SUB_CODES.items() if meaning == ("refused", "app")),
    }
)


class RunMoved(Exception):
    """Somebody else moved it first."""


def start(coupon: Coupon, people_list: PeopleList, *, by: User, form_token: UUID, at: datetime) -> CouponRun:
    """Confirmed; nothing leaves for COUPON_UNDO_SECONDS. The same form_token gives the first run.

    Raises giving.NotPossible.
    """
    rows = CouponRun.objects.for_merchant(coupon.merchant).filter(form_token=form_token)
    first: CouponRun | None = rows.first()
    if first is not None:
        return first
    why = giving.hindrance(coupon, at=at)
    if why:
        raise giving.NotPossible(why)
    if people_list.mini_program_id != coupon.mini_program_id or people_list.state != PeopleList.State.READY:
        raise giving.NotPossible(NOT_KNOWN)
    try:
        with transaction.atomic():
            run = CouponRun.objects.create(
                merchant=coupon.merchant,
                mini_program=coupon.mini_program,
                coupon=coupon,
                people_list=people_list,
                people=people_list.count,
                form_token=form_token,
                author=by,
                created_at=at,
            )
            _tell("coupon_run.started", run, by=by, people=people_list.count, list=people_list.name)
    except IntegrityError:
        return rows.get()  # the same form twice at once
    return run


def undo_until(run: CouponRun) -> datetime:
    until: datetime = run.created_at + timedelta(seconds=settings.COUPON_UNDO_SECONDS)
    return until


# --- what people do -------------------------------------------------------------------------------------


def pause(run: CouponRun, *, by: User) -> None:
    """What is on its way still gets its outcome. Raises RunMoved."""
    with transaction.atomic():
        _move(run, (State.ISSUING,), State.PAUSED, paused_because="")
        _tell("coupon_run.paused", run, by=by)


def resume(run: CouponRun, *, by: User) -> None:
    """Raises RunMoved."""
    with transaction.atomic():
        _move(run, (State.PAUSED,), State.ISSUING, paused_because="")
        _tell("coupon_run.resumed", run, by=by)


def undo(run: CouponRun, *, by: User) -> None:
    """Before it began: nobody gets one. Raises RunMoved."""
    with transaction.atomic():
        _move(run, (State.PREPARING,), State.CANCELLED, finished_at=Now())
        _tell("coupon_run.undone", run, by=by)


def cancel(run: CouponRun, *, by: User) -> int:
    """Whoever was not asked for yet gets none; how many. Raises RunMoved."""
    with transaction.atomic():
        open_states = (State.PREPARING, State.ISSUING, State.PAUSED)
        _move(run, open_states, State.CANCELLED, paused_because="", finished_at=Now())
        stopped = int(_not_asked_for(run).update(state=GrantState.REFUSED, slot="", refusal=RUN_CANCELLED))
        if stopped:
            counting.move(run.coupon_id, taken=-stopped)
        _tell("coupon_run.cancelled", run, by=by, stopped=stopped)
    return stopped


def _move(run: CouponRun, before: tuple[str, ...], after: str, **changes: object) -> None:
    if not CouponRun.objects.filter(pk=run.pk, state__in=before).update(state=after, **changes):
        raise RunMoved


# --- what goes on by itself -----------------------------------------------------------------------------


def issue_due(*, at: datetime, run_id: int | None = None) -> int:
    """One look at every open run, or at one; how many people were asked for. Safe to run twice at once."""
    open_runs = CouponRun.objects.filter(state__in=[State.PREPARING, State.ISSUING])
    if run_id is not None:
        open_runs = open_runs.filter(pk=run_id)
    asked = 0
    for pk, state in open_runs.order_by("pk").values_list("pk", "state"):
        if state == State.PREPARING and not _begin(pk, at=at):
            continue
        asked += _issue(pk, at=at)
    return asked


def _held(run_id: int, state: str) -> CouponRun | None:
    """In the caller's transaction; None where another worker has it or it moved on."""
    rows = CouponRun.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    named = rows.select_related("coupon", "mini_program__merchant", "people_list")
    found: CouponRun | None = named.filter(pk=run_id, state=state).first()
    return found


def _begin(run_id: int, *, at: datetime) -> bool:
    with transaction.atomic():
        run = _held(run_id, State.PREPARING)
        if run is None or at < undo_until(run):
            return False
        prepared = preparing.prepare(run, at=at)
        _move(run, (State.PREPARING,), State.ISSUING, started_at=Now(), people=prepared.people)
        _tell("coupon_run.issuing", run, by=None, people=prepared.people, given=prepared.sending)
    return True


def _issue(run_id: int, *, at: datetime) -> int:
    with transaction.atomic():
        run = _held(run_id, State.ISSUING)
        if run is None or run.mini_program.stopped_at is not None:
            return 0
        waiting = _not_asked_for(run).order_by("pk").select_related("customer")
        found = list(waiting[: _room(run)])
        if not found:
            _finish(run)
            return 0
        why = giving.hindrance(run.coupon, at=at)
        if why:
            _pause_by_itself(run, why)
            return 0
        kept = frequency.kept((grant.customer_id for grant in found), at=at)
        return sum(_ask_for(run, grant, is_kept=grant.customer_id in kept) for grant in found)


def _room(run: CouponRun) -> int:
    """The calls of all runs and single gifts of the mini program count together."""
    calls = GatewayCall.objects.filter(
        mini_program=run.mini_program_id, method__in=giving.METHODS, state__in=OPEN_CALLS
    )
    return max(0, settings.COUPON_CALLS_IN_FLIGHT - calls.count())


def _not_asked_for(run: CouponRun) -> QuerySet[CouponGrant]:
    rows: QuerySet[CouponGrant] = CouponGrant.objects.filter(run=run, state=GrantState.SENDING, call=None)
    return rows


def _ask_for(run: CouponRun, grant: CouponGrant, *, is_kept: bool) -> int:
    """Who was forgotten, or is kept from coupons, since the rows were made gets none."""
    mine = _not_asked_for(run).filter(pk=grant.pk)
    why = NOT_KNOWN if grant.customer.open_id is None else KEPT if is_kept else ""
    if why:
        if mine.update(state=GrantState.REFUSED, slot="", refusal=why):
            counting.move(run.coupon_id, taken=-1)
        return 0
    grant.coupon = run.coupon
    return int(mine.update(call=giving.intend(grant)))


def _finish(run: CouponRun) -> None:
    """Everybody has an outcome; one that nobody knows is one."""
    mine = CouponGrant.objects.filter(run=run)
    if mine.filter(state=GrantState.SENDING).exists():
        return
    _move(run, (State.ISSUING,), State.FINISHED, finished_at=Now())
    _tell("coupon_run.finished", run, by=None)


def watch(run_id: int, call_id: int) -> bool:
    """After a refusal: pauses the run where whoever comes next would be refused as well."""
    with transaction.atomic():
        run = _held(run_id, State.ISSUING)
        if run is None:
            return False
        sub_code = GatewayCall.objects.values_list("sub_code", flat=True).get(pk=call_id)
        if sub_code not in OF_EVERYBODY and not _is_alike(run, sub_code):
            return False
        _pause_by_itself(run, sub_code)
    return True


def _is_alike(run: CouponRun, sub_code: str) -> bool:
    """The newest ALIKE calls of the run that ended were all refused with this, and it names no person."""
    if not sub_code or SUB_CODES.get(sub_code, ("", ""))[1] == "recipient":
        return False
    ended = GatewayCall.objects.filter(
        mini_program=run.mini_program_id,
        method=giving.SENDS[run.coupon.family].method,
        finished_at__isnull=False,
        created_at__gte=run.started_at,
    )
    newest = list(ended.order_by("-pk").values_list("state", "sub_code", "target_id")[:ALIKE])
    of_run = CouponGrant.objects.filter(run=run, pk__in=[target for *_cause, target in newest]).count()
    causes = {(state, code) for state, code, _target in newest}
    return of_run == ALIKE and causes == {(GatewayCall.State.REFUSED, sub_code)}


def _pause_by_itself(run: CouponRun, why: str) -> None:
    _move(run, (State.ISSUING,), State.PAUSED, paused_because=why[:80])
    _tell("coupon_run.paused_by_itself", run, by=None, why=why)


def _tell(kind: str, run: CouponRun, *, by: User | None, **detail: object) -> None:
    events.record(
        kind,
        merchant=run.mini_program.merchant,
        by=by,
        mini_program=run.mini_program,
        subject=run,
        detail={"coupon": run.coupon.name, **detail},
    )
