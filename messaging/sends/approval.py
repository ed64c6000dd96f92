"""Whether a send needs a second person's approval, and whether it has one for what it is now.

Every way into `scheduled` asks launchable_from() in the transaction of its move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from coupons.designing import forecast
from merchants import events
from messaging.models import Review, SendControl, SendState
from messaging.sends.fingerprint import Said, changes, fingerprint, said_in
from messaging.sends.rules import rules_of

if TYPE_CHECKING:
    from merchants.models import Merchant, User
    from messaging.models import BatchSend

RIGHT_AWAY_HOLDS = timedelta(hours=24)  # an approval to send right away is none for ever
GRACE = timedelta(seconds=60)  # as batches.has_passed(): wall times are entered by the minute
TOLD_FOR = timedelta(days=7)
STANDS = (Review.Decision.WAITING, Review.Decision.APPROVED)


@dataclass(frozen=True)
class Standing:
    """Where a send stands. `above` and `above_fen`: the merchant's limits, None: none; `review`: the newest.

    `is_same`: it is what that review is about; `changed`: names of what differs, where it is not.
    """

    above: int | None
    is_needed: bool
    review: Review | None
    is_same: bool
    changed: Sequence[str]
    is_over: bool  # its time is
    above_fen: int | None = None
    is_for_coupon: bool = False  # needed for what its coupon may cost, not for its people

    @property
    def is_waiting(self) -> bool:
        return self.review is not None and self.review.decision == Review.Decision.WAITING

    @property
    def is_approved(self) -> bool:
        """For exactly what it is now."""
        approved = self.review is not None and self.review.decision == Review.Decision.APPROVED
        return approved and self.is_same and not self.is_over


def is_needed(batch: BatchSend) -> bool:
    rules = rules_of(batch.merchant)[0]
    return _is_above(batch, rules.approve_above) or _costs_more(batch, rules.approve_above_fen)


def _is_above(batch: BatchSend, limit: int | None) -> bool:
    return limit is not None and batch.people_list is not None and batch.people_list.count > limit


def _costs_more(batch: BatchSend, limit_fen: int | None) -> bool:
    if limit_fen is None or batch.coupon is None:
        return False
    at_stake = worst_of(batch)
    return at_stake is None or at_stake > limit_fen


def worst_of(batch: BatchSend) -> int | None:
    """Fen, if everybody on the list claims its coupon and uses it to its face; None: it has no upper end."""
    if batch.coupon is None:
        return 0
    each = forecast(batch.coupon).each
    people = batch.people_list.count if batch.people_list else 0
    return None if each is None else each * min(people, batch.coupon.stock) * batch.coupon.max_uses


def standing_of(batch: BatchSend, *, at: datetime) -> Standing:
    """`batch` as it would be launched: its template, list and time as the caller holds them."""
    review = newest(batch.control_id)
    control = SendControl.objects.get(pk=batch.control_id)
    said = said_in(batch, control)
    same = review is not None and review.fingerprint == fingerprint(said)
    changed = changes(review.said, said) if review is not None and not same else []
    over = review is not None and is_over(review, at=at)
    rules = rules_of(batch.merchant)[0]
    many, dear = _is_above(batch, rules.approve_above), _costs_more(batch, rules.approve_above_fen)
    return Standing(
        rules.approve_above,
        many or dear,
        review,
        same,
        changed,
        over,
        above_fen=rules.approve_above_fen,
        is_for_coupon=dear and not many,
    )


def launchable_from(batch: BatchSend, *, at: datetime) -> set[str]:
    """States that this very content may leave for `scheduled`; empty: it needs an approval it has not.

    Stands in the transaction that locked the batch row; `batch` is what that transaction freezes.
    """
    standing = standing_of(batch, at=at)
    allowed: set[str] = set()
    if not standing.is_needed:
        allowed |= {SendState.DRAFT, SendState.MISSED}
    if standing.is_approved:
        allowed |= {SendState.APPROVED, SendState.MISSED}
    return allowed


def newest(control_id: int) -> Review | None:
    rows = Review.objects.filter(control_id=control_id).select_related("asked_by", "decided_by", "ended_by")
    found: Review | None = rows.order_by("-pk").first()
    return found


def reviews_of(control: SendControl) -> QuerySet[Review]:
    """Newest first."""
    rows = Review.objects.for_merchant(control.merchant).filter(control=control)
    ordered: QuerySet[Review] = rows.select_related("asked_by", "decided_by", "ended_by").order_by("-pk")
    return ordered


def make_void(control: SendControl, *, by: User | None, why: str) -> bool:
    """In the transaction that takes the send away from what was reviewed. False: nothing stood."""
    rows = Review.objects.filter(control=control, decision__in=STANDS)
    if not rows.update(decision=Review.Decision.VOID, ended_by=by, ended_at=Now(), ended_why=why):
        return False
    events.record(
        "send.approval_void",
        merchant=control.merchant,
        by=by,
        mini_program=control.mini_program,
        subject=control,
        detail={"ended": why},
    )
    return True


def is_over(review: Review, *, at: datetime) -> bool:
    return review.holds_until is not None and review.holds_until < at - GRACE


def seen(control_id: int, print_seen: str) -> Said | None:
    """What the page showed that bore this fingerprint; None where no review of this send ever did."""
    row = Review.objects.filter(control_id=control_id, fingerprint=print_seen).order_by("-pk").first()
    return row.said if row else None


def waiting_for(merchant: Merchant, *, reviewer: User | None, launcher: bool) -> list[Review]:
    """What somebody has to do about approvals, the nearest end first: reviews to decide by `reviewer`, who
    did not write or ask, and, for a `launcher`, approved sends to launch."""
    wanted = Q(pk=None)
    if reviewer is not None:
        own = Q(asked_by=reviewer) | Q(control__batch__author=reviewer)
        wanted |= Q(decision="waiting", control__state=SendState.IN_REVIEW) & ~own
    if launcher:
        wanted |= Q(decision="approved", control__state=SendState.APPROVED)
    return list(_with_sends(merchant).filter(wanted).order_by(F("holds_until").asc(nulls_last=True), "pk"))


def told_to(person: User, merchant: Merchant, *, at: datetime) -> list[Review]:
    """Sends of this person that came back without an approval and stand as they came, newest first.

    Whoever took a send back knows it; only what somebody else or the clock ended is told.
    """
    later = Review.objects.filter(control=OuterRef("control"), pk__gt=OuterRef("pk"))
    rows = _with_sends(merchant).filter(
        Q(asked_by=person) | Q(control__batch__author=person),
        ~Exists(later),
        decision__in=[Review.Decision.SENT_BACK, Review.Decision.VOID],
        ended_at__gte=at - TOLD_FOR,
        control__state=SendState.DRAFT,
        control__batch__version=F("version"),
    )
    return list(rows.filter(~Q(ended_by=person) | Q(ended_by=None)).order_by("-pk"))


def _with_sends(merchant: Merchant) -> QuerySet[Any]:
    rows: QuerySet[Any] = Review.objects.for_merchant(merchant).select_related(
        "control__batch", "asked_by", "decided_by", "ended_by"
    )
    return rows
