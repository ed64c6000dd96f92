"""The life of coupons given by us, operation by operation; what follows finds what the ones before left."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from coupons import (
    answers,
    claims,
    finding,
    giving,
    held_answers,
    held_questions,
    ledger,
    redeeming,
    returning,
    run_reports,
    runs,
    use_answers,
    use_calls,
    use_reports,
)
from coupons.models import Coupon, CouponGrant, CouponRun, CouponUse, GrantEntry
from membership.models import Customer, PeopleList
from merchants.models import GatewayCall, MiniProgram, Notice, User
from tests import build_coupons, build_uses


def life_of_a_run(
    app: MiniProgram, to: PeopleList, *, by: User
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Needs no platform: what it would have answered is written down."""
    coupon, at = build_coupons.coupon(app, per_person=1), timezone.now()
    found: list[CouponRun] = []
    with override_settings(COUPON_UNDO_SECONDS=0, COUPON_CALLS_IN_FLIGHT=10):
        yield "start", lambda: found.append(runs.start(coupon, to, by=by, form_token=uuid.uuid4(), at=at))
        [run] = found
        yield "prepare and issue", lambda: runs.issue_due(at=at)
        calls = GatewayCall.objects.filter(target_kind="coupongrant", mini_program=app)
        first, second, third, fourth = calls.order_by("pk")[:4]
        _end(first, "accepted", answer={"voucher_id": "V1"})
        yield "settle what was given", lambda: _settle(first)
        _end(second, "refused", sub_code="BIZ_ERROR")
        yield "settle a refusal", lambda: _settle(second)
        yield "watch the run", lambda: runs.watch(run.pk, second.pk)
        _end(third, "unknown")
        yield "settle what nobody knows", lambda: _settle(third)
        question = held_questions.questions_of(CouponGrant.objects.get(pk=third.target_id)).get()
        _end(question, "accepted", answer={"belong_merchant_id": "2088"})
        yield "settle the first question", lambda: _settle_question(question)
        yield "look at every run", lambda: runs.issue_due(at=at)
        yield "figures", lambda: run_reports.figures_of(run)
        yield "pause", lambda: runs.pause(run, by=by)
        yield "cancel", lambda: runs.cancel(run, by=by)
        held = CouponGrant.objects.get(pk=fourth.target_id).customer
    yield from _pushes(coupon, [held], by=by)
    yield from _uses(app, by=by)


def _pushes(
    coupon: Coupon, people: Sequence[Customer], *, by: User
) -> Iterator[tuple[str, Callable[[], object]]]:
    [person] = people
    push = build_coupons.coupon(coupon.mini_program)
    yield "give to one", lambda: giving.give(push, person, by=by, form_token=uuid.uuid4(), at=timezone.now())
    notice = Notice.objects.create(
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        app_id=coupon.mini_program.app_id,
        notify_id="push",
        kind=claims.RECEIVED,
        fields={"activity_id": push.activity_id, "voucher_id": "V9", "open_id": person.open_id},
    )
    yield (
        "take a push",
        lambda: claims.take_received(notice.pk, merchant_id=coupon.merchant_id, at=timezone.now()),
    )
    yield "coupons of a person", lambda: run_reports.held_by(person.pk, most=5)


def _uses(app: MiniProgram, *, by: User) -> Iterator[tuple[str, Callable[[], object]]]:
    grant, at, found = build_uses.held(app, max_uses=3), timezone.now(), dict[str, CouponUse]()
    yield "find by code", lambda: finding.by_code(app.merchant, grant.code)
    yield "find by id", lambda: finding.by_voucher_id(app.merchant, grant.voucher_id, mini_program=app)
    yield "hold for an order", lambda: redeeming.reserve(grant, order_no="P1", minutes=5, at=at)
    yield "let go", lambda: redeeming.release_due(at=at + timedelta(minutes=10))

    def use(number: str) -> None:
        bill = redeeming.Bill(2_500, "P1")
        found[number] = redeeming.redeem(grant, bill, request_no=number, by=by, at=at)

    yield "use a code", lambda: use("P1")
    _end(found["P1"].call, "accepted")
    yield (
        "settle a use",
        lambda: use_answers.settle_use(found["P1"].call_id or 0, merchant_id=app.merchant_id),
    )
    yield "use it again", lambda: use("P2")
    _end(found["P2"].call, "unknown")
    yield (
        "a use nobody knows",
        lambda: use_answers.settle_use(found["P2"].call_id or 0, merchant_id=app.merchant_id),
    )
    yield "ask again", lambda: use_calls.ask_again(found["P2"], by=by)
    yield "the push of a use", lambda: _told(grant, at)
    entry = GrantEntry.objects.filter(grant=grant, kind="redeemed").earliest("pk")
    yield "give back", lambda: returning.give_back(entry, request_no="P3", by=by, at=at)
    yield "the ledger of a coupon", lambda: use_reports.movements_of(grant)
    yield (
        "who has a coupon",
        lambda: list(use_reports.held_of(grant.coupon, state="claimed").order_by("-id")[:50]),
    )


@transaction.atomic
def _told(grant: CouponGrant, at: datetime) -> bool:
    return use_answers.told_of(ledger.lock(grant.pk), push_key="P", at=at, trade_no="")


def _end(call: GatewayCall, state: str, **told: object) -> None:
    GatewayCall.objects.filter(pk=call.pk).update(state=state, finished_at=Now(), attempts=1, **told)


def _settle(call: GatewayCall) -> bool:
    return answers.settle_gift(call.pk, merchant_id=call.merchant_id)


def _settle_question(call: GatewayCall) -> bool:
    return held_answers.settle_whose(call.pk, merchant_id=call.merchant_id)
