"""Our books of a coupon set beside the platform's: first the totals, then person by person.

A look goes on in slices, whoever comes by, and writes after each person where it stands: killed it repeats
one person at most. Each call takes its token and stands outside any transaction. What a person holds is
compared with ours as it is when the answer is there; a grant that moved since the question was asked is left
for the next look. Nothing is put right by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from coupons import comparing, differences, settling
from coupons.comparing import Found, Held, Person
from coupons.models import (
    Coupon,
    CouponCheck,
    CouponCount,
    CouponDifference,
    CouponGrant,
    CouponUse,
    GrantEntry,
)
from coupons.models.coupon import LIVE
from coupons.models.difference import OF_PEOPLE, OF_TOTALS, DifferenceKind
from coupons.models.use import OPEN_USES
from gateway.methods import Request
from gateway.methods.activities import MarketingActivityQuery
from gateway.methods.held_coupons import MOST_A_PAGE, MarketingActivityUserBatchqueryvoucher
from gateway.outcomes import Accepted, Refused
from membership.models import Customer
from merchants import events, questions

if TYPE_CHECKING:
    from merchants.models import MiniProgram, User

log = logging.getLogger(__name__)
Stage = CouponCheck.Stage
SLICE_PEOPLE = 25
SLICE_SECONDS = 10  # of all looks that one worker goes on with: less than beat waits
LEASE = timedelta(seconds=120)  # a slice that has not ended by then lost its worker
CHECKS_AT_ONCE = 20
MOST_STUMBLES = 8  # calls in a row without an answer: then the next person, or no totals this time
MOST_PAGES = 5  # of one person's coupons of one activity
GIVEN_UP_AFTER = timedelta(hours=24)
HELD_ON = timedelta(days=30)  # after the last of them can be used
RELATED = ("merchant", "mini_program", "mini_program__provider_app")


class Silent(Exception):
    """The platform cannot be asked now, or gave no answer to be trusted."""


@dataclass(frozen=True)
class Answer:
    """`held` None: it did not tell about this person. `seen`: the entries that stood here before."""

    held: tuple[Held, ...] | None
    seen: frozenset[int]
    calls: int


# --- when a look begins and ends ----------------------------------------------------------------------------


def start(coupon: Coupon, *, by: User | None = None) -> CouponCheck | None:
    """None: one is under way, or the platform does not know the coupon."""
    if not coupon.activity_id:
        return None
    try:
        with transaction.atomic():
            check: CouponCheck = CouponCheck.objects.create(
                merchant_id=coupon.merchant_id,
                mini_program_id=coupon.mini_program_id,
                coupon=coupon,
                asked_by=by,
            )
            if by is not None:
                events.record(
                    "coupon.check_started",
                    merchant=coupon.merchant,
                    by=by,
                    mini_program=coupon.mini_program,
                    subject=coupon,
                    detail={"name": coupon.name},
                )
    except IntegrityError:
        return None
    return check


def start_due(*, at: datetime) -> int:
    """Every coupon that somebody may still hold and that was not looked at for COUPON_CHECK_HOURS."""
    lately = at - timedelta(hours=settings.COUPON_CHECK_HOURS)
    looked = CouponCheck.objects.filter(coupon=OuterRef("pk"), started_at__gt=lately)
    rows = Coupon.objects.exclude(activity_id="").filter(mini_program__stopped_at=None)
    rows = rows.exclude(state__in=["draft", "creating", "rejected"]).filter(~Exists(looked))
    started = 0
    for coupon in rows.select_related(*RELATED).order_by("pk").iterator(chunk_size=200):
        if _may_be_held(coupon, at=at):
            started += start(coupon) is not None
    return started


def _may_be_held(coupon: Coupon, *, at: datetime) -> bool:
    if coupon.state in LIVE:
        return True
    days = timedelta(days=(coupon.valid_days or 0) + coupon.wait_days)
    return bool((coupon.use_until or coupon.publish_until + days) + HELD_ON > at)


def close(check_id: int) -> bool:
    """Once both halves of it are over. False: not yet, or somebody else did."""
    with transaction.atomic():
        rows = CouponCheck.objects.filter(pk=check_id, stage=Stage.DONE, finished_at=None)
        if not rows.filter(uses_at__isnull=False).update(finished_at=Now()):
            return False
        check = CouponCheck.objects.select_related("coupon", "merchant", "mini_program").get(pk=check_id)
        if check.found:
            events.record(
                "coupon.differences_found",
                merchant=check.merchant,
                mini_program=check.mini_program,
                subject=check.coupon,
                detail={"name": check.coupon.name, "found": check.found},
            )
    return True


# --- going on -----------------------------------------------------------------------------------------------


def go_on(*, at: datetime) -> int:
    """One slice of each look that is open and that nobody works on; how many."""
    for asked in differences.asked_again((*OF_PEOPLE, *OF_TOTALS), at=at):
        look_again(asked.pk, merchant_id=asked.merchant_id, at=at)
    free = Q(worked_at=None) | Q(worked_at__lte=at - LEASE)
    rows = CouponCheck.objects.filter(free, finished_at=None).exclude(stage=Stage.DONE)
    worked, until = 0, time.monotonic() + SLICE_SECONDS
    for check in rows.order_by(F("worked_at").asc(nulls_first=True), "pk")[:CHECKS_AT_ONCE]:
        if time.monotonic() > until:
            break
        if CouponCheck.objects.filter(free, pk=check.pk, finished_at=None).update(worked_at=at):
            worked += 1
            try:
                _slice(_fresh(check.pk), until=until, at=at)
            finally:  # free again, and behind all others
                CouponCheck.objects.filter(pk=check.pk, worked_at=at).update(worked_at=at - LEASE)
    return worked


def _fresh(check_id: int) -> CouponCheck:
    related = [f"coupon__{name}" for name in RELATED]
    found: CouponCheck = CouponCheck.objects.select_related("coupon", *related).get(pk=check_id)
    return found


def _slice(check: CouponCheck, *, until: float, at: datetime) -> None:
    if check.started_at < at - GIVEN_UP_AFTER:
        _cut(check)
        check = _fresh(check.pk)
    elif check.coupon.mini_program.stopped_at is not None:
        return  # nothing leaves now
    for _person in range(SLICE_PEOPLE):
        if check.stage == Stage.DONE or time.monotonic() > until or not _step(check, at=at):
            break
        check = _fresh(check.pk)
    close(check.pk)


def _step(check: CouponCheck, *, at: datetime) -> bool:
    """False: no more in this slice."""
    if check.calls >= settings.COUPON_CHECK_CALLS:
        return _cut(check)
    try:
        if check.stage == Stage.COUNTS:
            return _ask_counts(check, at=at)
        customer, cursor = (_next_holder if check.stage == Stage.HOLDERS else _next_other)(check)
        if customer is None:
            return _next_stage(check)
        answer = ask_person(check.coupon, customer, whose=check.whose)
    except Silent as error:
        return _stumble(check, str(error))
    return _write_person(check, customer, answer, cursor=cursor, at=at)


def _stand(check: CouponCheck) -> QuerySet[CouponCheck]:
    """The row as long as nobody else has gone on."""
    rows: QuerySet[CouponCheck] = CouponCheck.objects.filter(
        pk=check.pk, stage=check.stage, cursor=check.cursor, finished_at=None
    )
    return rows


def _cut(check: CouponCheck) -> bool:
    _stand(check).update(stage=Stage.DONE, cut_in=check.stage)
    return True


def _stumble(check: CouponCheck, words: str) -> bool:
    """The next slice asks once more; after some of them it goes on without this answer."""
    log.warning("check %s of coupon %s stumbled: %s", check.pk, check.coupon_id, words)
    if check.stumbles + 1 < MOST_STUMBLES:
        _stand(check).update(stumbles=F("stumbles") + 1, calls=F("calls") + 1)
    elif check.stage == Stage.COUNTS:
        _cut(check)
    else:
        _customer, cursor = (_next_holder if check.stage == Stage.HOLDERS else _next_other)(check)
        _stand(check).update(cursor=cursor, stumbles=0, not_asked=F("not_asked") + 1)
    return False


def _next_stage(check: CouponCheck) -> bool:
    if check.stage == Stage.HOLDERS and _missing(check.coupon) > 0:
        _stand(check).update(stage=Stage.OTHERS, cursor=_began(check, Stage.OTHERS), stumbles=0)
    else:
        _stand(check).update(stage=Stage.DONE)
    return True


def _began(check: CouponCheck, stage: str) -> int:
    """Where the look before this one was cut off in that stage; else the beginning."""
    rows = CouponCheck.objects.filter(coupon=check.coupon, finished_at__isnull=False).order_by("-pk")
    last = rows.first()
    return last.cursor if last is not None and last.cut_in == stage else 0


def _missing(coupon: Coupon) -> int:
    """Coupons that the platform counts as claimed and that nobody has here."""
    told = Coupon.objects.values_list("platform_claimed", flat=True).get(pk=coupon.pk)
    if told is None:
        return 0
    known = differences.open_of(coupon, [DifferenceKind.CLAIMED_THERE]).count()
    return int(told - _figures(coupon)["claimed"] - known)


# --- who comes next -----------------------------------------------------------------------------------------


def _next_holder(check: CouponCheck) -> tuple[Customer | None, int]:
    """By the first of a person's grants; and where the look then stands."""
    earlier = CouponGrant.objects.filter(
        coupon=check.coupon, customer=OuterRef("customer"), pk__lt=OuterRef("pk")
    )
    rows = CouponGrant.objects.filter(coupon=check.coupon, pk__gt=check.cursor).filter(~Exists(earlier))
    grant = rows.exclude(state="refused").select_related("customer").order_by("pk").first()
    return (grant.customer, grant.pk) if grant is not None else (None, check.cursor)


def _next_other(check: CouponCheck) -> tuple[Customer | None, int]:
    """Only as long as some are missing: whose they are it tells only when asked about the person."""
    if _missing(check.coupon) <= 0:
        return None, check.cursor
    has_one = CouponGrant.objects.filter(coupon=check.coupon, customer=OuterRef("pk"))
    rows = Customer.objects.filter(mini_program=check.mini_program_id, pk__gt=check.cursor, forgotten_at=None)
    customer = rows.filter(~Exists(has_one)).order_by("pk").first()
    return (customer, customer.pk) if customer is not None else (None, check.cursor)


# --- asking -------------------------------------------------------------------------------------------------


def ask_person(coupon: Coupon, customer: Customer, *, whose: str) -> Answer:
    """All pages of what the person holds of it. Raises Silent."""
    seen = frozenset(_entries(coupon, customer).values_list("pk", flat=True))
    if customer.open_id is None:
        return Answer(None, seen, 0)
    held: list[Held] = []
    made = 0
    for page in range(1, MOST_PAGES + 1):
        request = MarketingActivityUserBatchqueryvoucher(
            activity_id=coupon.activity_id,
            open_id=customer.open_id,
            belong_merchant_id=whose,
            page_num=page,
            page_size=MOST_A_PAGE,
        )
        told, made = _call(coupon.mini_program, request), made + 1
        if told is None:
            return Answer(None, seen, made)
        held += [Held.of(one, max_uses=coupon.max_uses) for one in told.user_voucher_infos]
        if not told.user_voucher_infos or page * MOST_A_PAGE >= told.total_size:
            return Answer(tuple(held), seen, made)
    return Answer(None, seen, made)


def ask_whose(coupon: Coupon) -> str:
    """The merchant of the activity, by which people are asked for; nothing where it does not tell."""
    told = _call(coupon.mini_program, MarketingActivityQuery(activity_id=coupon.activity_id))
    return (told.belong_merchant_id or "") if told is not None else ""


def _call(mini_program: MiniProgram, request: Request[Any]) -> Any:
    """The answer; None where the platform refused. Raises Silent."""
    try:
        outcome = questions.ask(mini_program, request)
    except questions.NotAsked as error:
        raise Silent(str(error)) from error
    if isinstance(outcome, Accepted):
        return outcome.response
    if isinstance(outcome, Refused):
        log.info("%s was refused: %s", request.method, outcome)
        return None
    raise Silent(str(outcome))


def _ask_counts(check: CouponCheck, *, at: datetime) -> bool:
    whose = ask_whose(check.coupon)
    if not look_at_totals(check.coupon, check=check, at=at):
        raise Silent("no totals")
    if whose:
        cursor = _began(check, Stage.HOLDERS)
        _stand(check).update(
            stage=Stage.HOLDERS, whose=whose, cursor=cursor, stumbles=0, calls=F("calls") + 2
        )
    else:  # nobody can be asked for
        _stand(check).update(stage=Stage.DONE, cut_in=Stage.HOLDERS, calls=F("calls") + 2)
    return True


def look_at_totals(coupon: Coupon, *, at: datetime, check: CouponCheck | None = None) -> bool:
    """Asks what the platform counts in all, and compares. False: it did not answer."""
    before = _figures(coupon)
    if not settling.ask(coupon, at=at):
        return False
    with transaction.atomic():
        now = Coupon.objects.get(pk=coupon.pk)
        found = comparing.totals(now, before=before, after=_figures(coupon))
        new = differences.put(now, found, scope=differences.open_of(now, OF_TOTALS), at=at)
        if check is not None and new:
            CouponCheck.objects.filter(pk=check.pk).update(found=F("found") + new)
    return True


def _figures(coupon: Coupon) -> dict[str, int]:
    row = CouponCount.objects.filter(coupon=coupon).first() or CouponCount(coupon=coupon)
    return {name: getattr(row, name) for name in ("claimed", "redeemed", "redemptions")}


# --- writing ------------------------------------------------------------------------------------------------


def _write_person(
    check: CouponCheck, customer: Customer, answer: Answer, *, cursor: int, at: datetime
) -> bool:
    with transaction.atomic():
        told = int(answer.held is not None)
        changes = {"looked_at": F("looked_at") + told, "not_asked": F("not_asked") + 1 - told}
        went_on = _stand(check).update(cursor=cursor, stumbles=0, calls=F("calls") + answer.calls, **changes)
        if not went_on:
            return False  # another worker has gone on
        if new := keep(check.coupon, customer, answer, at=at):
            CouponCheck.objects.filter(pk=check.pk).update(found=F("found") + new)
    return True


def keep(coupon: Coupon, customer: Customer, answer: Answer, *, at: datetime) -> int:
    """What differs about one person, kept in the caller's transaction; how many are new."""
    if answer.held is None:
        return 0
    grants = _grants(coupon, customer)
    person: Person = comparing.compare(grants, answer.held, customer_id=customer.pk, at=at)
    since = _entries(coupon, customer).exclude(pk__in=answer.seen)
    moved = set(since.values_list("grant_id", flat=True)) | person.skipped
    found: list[Found] = [one for one in person.found if one.grant_id not in moved]
    scope = differences.open_of(coupon, OF_PEOPLE).filter(customer=customer).exclude(grant__in=moved)
    return differences.put(coupon, found, scope=scope, at=at)


def _grants(coupon: Coupon, customer: Customer) -> Sequence[CouponGrant]:
    rows = CouponGrant.objects.filter(coupon=coupon, customer=customer)
    being_used = Exists(CouponUse.objects.filter(grant=OuterRef("pk"), state__in=OPEN_USES))
    marked = rows.annotate(moved_at=Max("entries__happened_at"), is_being_used=being_used)
    return list(marked.order_by("pk"))


def _entries(coupon: Coupon, customer: Customer) -> QuerySet[GrantEntry]:
    rows: QuerySet[GrantEntry] = GrantEntry.objects.filter(grant__coupon=coupon, grant__customer=customer)
    return rows


# --- one of them again --------------------------------------------------------------------------------------


def look_again(difference_id: int, *, merchant_id: int, at: datetime) -> bool:
    """What a person asked for about one difference. False: settled, or the platform did not answer."""
    rows = CouponDifference.objects.filter(pk=difference_id, merchant=merchant_id, settled_at=None)
    related = [f"coupon__{name}" for name in RELATED]
    found = rows.select_related("customer", "coupon", *related).first()
    if found is None:
        return False
    if found.kind in OF_TOTALS:
        return look_at_totals(found.coupon, at=at)
    if found.customer is None:
        return False
    try:
        whose = ask_whose(found.coupon)
        if not whose:
            return False
        answer = ask_person(found.coupon, found.customer, whose=whose)
    except Silent as error:
        log.warning("difference %s was not looked at again: %s", found.pk, error)
        return False
    with transaction.atomic():
        keep(found.coupon, found.customer, answer, at=at)
    return answer.held is not None
