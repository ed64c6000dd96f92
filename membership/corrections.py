"""Points put right by hand: with a reason, at once up to a limit, above it by a second person.

The correction is locked before its card. A decision is a compare-and-set with its Event, in the transaction
of the entry that it causes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from membership import points as ledger_of_points
from membership.ledger import Fact, NotPossible
from membership.models import MemberCard, PointCorrection, PointEntry
from membership.models.card_ledger import By
from merchants import events
from merchants.models import User

State = PointCorrection.State
MOST_POINTS = 10**9


class CorrectionRefused(Exception):
    """The sentence says why and what to do; nothing was changed."""


def ask(
    card: MemberCard, *, points: int, reason: str, by: User, form_token: Any, at: datetime
) -> PointCorrection:
    """The same form twice gives that of the first time. Raises CorrectionRefused."""
    before: PointCorrection | None = PointCorrection.objects.filter(
        merchant=card.merchant_id, form_token=form_token
    ).first()
    if before is not None:
        return before
    if not points or abs(points) > MOST_POINTS:
        raise CorrectionRefused(_("Write how many points, more or less than 0, at most 1,000,000,000."))
    if not (reason := reason.strip()):
        raise CorrectionRefused(_("Say why. The reason stays in the ledger."))
    needs_second = abs(points) > settings.MEMBER_CORRECTION_POINTS
    with transaction.atomic():
        made = PointCorrection(
            merchant=card.merchant,
            card=card,
            state=State.REQUESTED if needs_second else State.APPROVED,
            points=points,
            reason=reason[:200],
            needs_second=needs_second,
            form_token=form_token,
            asked_by=by,
            asked_at=at,
        )
        if not needs_second:
            made.entry = _write(made, key=f"correction:{form_token}", at=at)
        made.save()
        if needs_second:
            _tell("points.correction_asked", made, by)
        else:
            _tell("points.corrected", made, by)
    return made


def approve(correction: PointCorrection, *, by: User, at: datetime) -> PointCorrection:
    """Raises CorrectionRefused, also where it is one's own, or was decided meanwhile."""
    with transaction.atomic():
        correction = _to_decide(correction, by)
        entry = _write(correction, key=f"correction:{correction.form_token}", at=at)
        _decide(correction, State.APPROVED, by, at, entry=entry)
        _tell("points.corrected", correction, by)
    return correction


def refuse(correction: PointCorrection, *, why: str, by: User, at: datetime) -> PointCorrection:
    """As approve; nothing moves."""
    with transaction.atomic():
        correction = _to_decide(correction, by)
        _decide(correction, State.REFUSED, by, at, decided_why=why[:200])
        _tell("points.correction_refused", correction, by)
    return correction


def _to_decide(correction: PointCorrection, by: User) -> PointCorrection:
    rows = PointCorrection.objects.select_for_update(of=("self",)).select_related("card", "card__template")
    found: PointCorrection = rows.get(pk=correction.pk, merchant=correction.merchant_id)
    if found.state != State.REQUESTED:
        raise CorrectionRefused(_("Somebody was faster. Look at how it stands now."))
    if found.asked_by_id == by.pk:
        raise CorrectionRefused(_("You asked for it yourself. Somebody else has to decide."))
    return found


def _decide(
    correction: PointCorrection, to: PointCorrection.State, by: User, at: datetime, **more: Any
) -> None:
    changes = {"state": to, "decided_by": by, "decided_at": at, **more}
    rows = PointCorrection.objects.filter(pk=correction.pk, state=State.REQUESTED)
    if not rows.update(**changes):
        raise CorrectionRefused(_("Somebody was faster. Look at how it stands now."))
    for name, value in changes.items():
        setattr(correction, name, value)


def _write(correction: PointCorrection, *, key: str, at: datetime) -> PointEntry:
    fact = Fact(key, at, By.HAND, user_id=correction.asked_by_id, reason=correction.reason)
    try:
        return ledger_of_points.correct(correction.card, fact, points=correction.points).entry
    except NotPossible as refusal:
        if refusal.code == "not_enough":
            raise CorrectionRefused(_("The card has fewer points than that. Take away fewer.")) from None
        raise CorrectionRefused(_("This card was never open; there is nothing to correct.")) from None


def _tell(kind: str, correction: PointCorrection, by: User) -> None:
    card = correction.card
    events.record(
        kind,
        merchant=card.merchant,
        by=by,
        mini_program=card.mini_program,
        subject=card,
        detail={"name": card.template.name, "points": correction.points, "reason": correction.reason},
    )
