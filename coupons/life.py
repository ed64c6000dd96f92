"""What an operator asks of the platform for a coupon: each wish one state, one call, one Event.

A wish is a compare-and-set from the states that allow it, in one transaction with its call in the outbox. Its
out_biz_no follows from the coupon and the number of the operation, so a repetition is the same call to the
platform. What became of it comes by the answer, by a push or by asking (coupons/settling.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from coupons import bodies, listening
from coupons.designing import COLUMNS, LONGEST_CLAIMING, MOST_STOCK, DraftChanged, problems
from coupons.models import Coupon
from coupons.models.coupon import CodeMode, CouponState, Family, Validity
from merchants import calls, events
from merchants.models import GatewayCall, User

SETTLE_TASK = "coupons.settle_operation"
State = CouponState


class MoveRefused(Exception):
    """The sentence says why and what to do; nothing was changed."""


def submit(coupon: Coupon, *, version: int, by: User) -> Coupon:
    """draft → creating. Raises MoveRefused, DraftChanged when `version` is not the newest."""
    columns = {name: getattr(coupon, name) for name in COLUMNS}
    if wrong := problems(columns, coupon.stores.all()):
        raise MoveRefused(next(iter(wrong.values())))
    with transaction.atomic():
        listening.ensure(coupon.mini_program)
        rows = Coupon.objects.filter(pk=coupon.pk, state=State.DRAFT, version=version)
        if not rows.update(state=State.CREATING, version=F("version") + 1, **_begun({"from": State.DRAFT})):
            raise DraftChanged
        coupon.refresh_from_db()
        method = bodies.CREATE[Family(coupon.family)].method
        _intend(coupon, method, bodies.create_body(coupon, out_biz_no=out_biz_no(coupon)))
        _tell("coupon.submitted", coupon, by, stock=coupon.stock)
    return coupon


def publish(coupon: Coupon, *, by: User) -> Coupon:
    """created → publishing, of a pay coupon; a merchant coupon has no such step. Raises MoveRefused."""
    if coupon.family != Family.PAY:
        raise MoveRefused(_("A merchant coupon is live once it was created. There is nothing to publish."))
    return _move(
        coupon,
        State.PUBLISHING,
        [State.CREATED],
        {},
        asked=lambda: (bodies.PUBLISH.method, bodies.publish_body(coupon, out_biz_no=out_biz_no(coupon))),
        event="coupon.publish",
        by=by,
    )


def append(coupon: Coupon, *, total: int, seen: int, by: User) -> Coupon:
    """The stock becomes `total`, never less than it is. `seen`: the stock the person saw and confirmed.

    Raises MoveRefused, also where the stock is another by now.
    """
    if total <= coupon.stock:
        words = _("The stock is %(stock)s and can only grow. Write a larger total.")
        raise MoveRefused(words % {"stock": f"{coupon.stock:,}"})
    most = MOST_STOCK[Family(coupon.family)]
    if total > most:
        raise MoveRefused(_("The platform takes at most %(most)s in all.") % {"most": f"{most:,}"})
    if seen != coupon.stock:
        words = _("The stock is %(stock)s by now. Look at the new total and confirm again.")
        raise MoveRefused(words % {"stock": f"{coupon.stock:,}"})
    family = Family(coupon.family)
    return _move(
        coupon,
        State.APPENDING,
        [State.PUBLISHED, State.CREATED] if family == Family.PAY else [State.PUBLISHED],
        {"stock": total},
        asked=lambda: (
            bodies.APPEND[family].method,
            bodies.append_body(coupon, total=total, out_biz_no=out_biz_no(coupon)),
        ),
        event="coupon.append",
        by=by,
        only_if={"stock": seen},
        detail={"stock_before": seen, "stock": total},
    )


def append_codes(coupon: Coupon, *, total: int) -> Coupon:
    """The stock becomes the number of the codes deposited (D4.7); nobody's move. Raises MoveRefused."""
    return _move(
        coupon,
        State.APPENDING,
        [State.PUBLISHED],
        {"stock": total},
        asked=lambda: (
            bodies.APPEND[Family(coupon.family)].method,
            bodies.append_body(coupon, total=total, out_biz_no=out_biz_no(coupon)),
        ),
        event="coupon.append",
        by=None,
        only_if={"stock": coupon.stock, "code_mode": CodeMode.UPLOAD},
        detail={"stock_before": coupon.stock, "stock": total},
    )


def extend(coupon: Coupon, *, until: datetime, by: User) -> Coupon:
    """Claiming ends later; nothing else of a live coupon can be changed (D3.5). Raises MoveRefused."""
    if until <= coupon.publish_until:
        raise MoveRefused(_("Claiming can only end later than it does now. Choose a later end."))
    if until - coupon.publish_from > LONGEST_CLAIMING:
        raise MoveRefused(_("Claiming lasts at most 180 days in all. Choose an earlier end."))
    if coupon.validity == Validity.FIXED and coupon.use_until is not None and until >= coupon.use_until:
        raise MoveRefused(_("It must stay usable longer than it can be claimed. Choose an earlier end."))
    return _move(
        coupon,
        State.MODIFYING,
        [State.PUBLISHED],
        {"publish_until": until.isoformat()},
        asked=lambda: (
            bodies.MODIFY[Family(coupon.family)].method,
            bodies.extend_body(coupon, until=until, out_biz_no=out_biz_no(coupon)),
        ),
        event="coupon.extend",
        by=by,
        detail={"until": until.isoformat(), "until_before": coupon.publish_until.isoformat()},
    )


def stop(coupon: Coupon, *, reason: str, by: User) -> Coupon:
    """Nobody can claim any more; what was claimed stays usable. Raises MoveRefused."""
    return _move(
        coupon,
        State.STOPPING,
        [State.PUBLISHED, State.CREATED],
        {},
        asked=lambda: (
            bodies.STOP[Family(coupon.family)].method,
            bodies.stop_body(coupon, out_biz_no=out_biz_no(coupon)),
        ),
        event="coupon.stop",
        by=by,
        detail={"reason": reason},
    )


def ask_again(coupon: Coupon, *, by: User) -> Coupon:
    """An operation that nobody answered is asked for once more by the same out_biz_no. Raises MoveRefused."""
    call = coupon.call
    if call is None or call.state not in (GatewayCall.State.UNKNOWN, GatewayCall.State.DEAD):
        raise MoveRefused(_("The call is still under way, or was answered. There is nothing to repeat."))
    if not call.body:
        raise MoveRefused(
            _("What was asked is no longer kept. Compare with the platform, then make a new coupon.")
        )
    with transaction.atomic():
        rows = Coupon.objects.filter(pk=coupon.pk, call=call, state=coupon.state)
        attempt = int(coupon.wish.get("attempt", 1)) + 1
        if not rows.update(wish={**coupon.wish, "attempt": attempt}, wished_at=Now(), words=""):
            raise MoveRefused(_("Somebody was faster. Look at how it stands now."))
        coupon.refresh_from_db()
        _intend(coupon, call.method, call.body)
        _tell("coupon.asked_again", coupon, by)
    return coupon


def take_back(coupon: Coupon, *, by: User) -> Coupon:
    """rejected → draft: to be changed and created anew, as another activity. Raises MoveRefused."""
    with transaction.atomic():
        rows = Coupon.objects.filter(pk=coupon.pk, state=State.REJECTED)
        changes = {"activity_id": "", "platform_status": "", "changed_at": Now(), "call": None}
        if not rows.update(state=State.DRAFT, version=F("version") + 1, wish={}, **changes):
            raise MoveRefused(_("Somebody was faster. Look at how it stands now."))
        coupon.refresh_from_db()
        _tell("coupon.taken_back", coupon, by)
    return coupon


def out_biz_no(coupon: Coupon) -> str:
    """Of the operation under way: the same at each repetition, another for the next operation."""
    return f"coupon-{coupon.pk}-{coupon.operations}"


def _move(
    coupon: Coupon,
    to: State,
    before: list[State],
    wish: Mapping[str, Any],
    *,
    asked: Callable[[], tuple[str, Mapping[str, Any]]],
    event: str,
    by: User | None,
    only_if: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Coupon:
    if coupon.state not in before:
        raise MoveRefused(_("This cannot be done now: the coupon is %(state)s.") % {"state": _word(coupon)})
    with transaction.atomic():
        rows = Coupon.objects.filter(pk=coupon.pk, state=coupon.state, **(only_if or {}))
        begun = _begun({**wish, "from": coupon.state})
        if not rows.update(state=to, version=F("version") + 1, **begun):
            raise MoveRefused(_("Somebody was faster. Look at how it stands now."))
        coupon.refresh_from_db()
        method, body = asked()
        _intend(coupon, method, body)
        _tell(event, coupon, by, **(detail or {}))
    return coupon


def _begun(wish: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a wish that begins."""
    return {
        "wish": dict(wish),
        "operations": F("operations") + 1,
        "wished_at": Now(),
        "asked_at": None,
        "refusal": "",
        "words": "",
        "changed_at": Now(),
    }


def _intend(coupon: Coupon, method: str, body: Mapping[str, Any]) -> None:
    attempt = coupon.wish.get("attempt", 1)
    call = calls.intend(
        mini_program=coupon.mini_program,
        method=method,
        target=coupon,
        body=body,
        idempotency_key=f"coupon:{coupon.pk}:{coupon.operations}:{attempt}",
        ordering_key=f"coupon:{coupon.pk}",
        repeatable=True,  # the platform knows a repetition by its out_biz_no (D5.2)
        settle_task=SETTLE_TASK,
    )
    Coupon.objects.filter(pk=coupon.pk).update(call=call)
    coupon.call = call


def _word(coupon: Coupon) -> str:
    return str(CouponState(coupon.state).label)


def _tell(kind: str, coupon: Coupon, by: User | None, **detail: Any) -> None:
    events.record(
        kind,
        merchant=coupon.merchant,
        by=by,
        mini_program=coupon.mini_program,
        subject=coupon,
        detail={"name": coupon.name, **detail},
    )


def may_append(coupon: Coupon) -> bool:
    """By hand; what is uploaded appends itself (coupons/codes.py)."""
    return coupon.state == State.PUBLISHED and coupon.code_mode != CodeMode.UPLOAD
