"""Codes that the merchant uploads: kept, deposited in batches, and the stock then appended to their number.

One open call a coupon. A batch is the numbers first … last of the book, and so is its out_biz_no: what is
repeated is the same batch, and the platform answers what it answered first (domain D5.2). Where nobody
answers the platform counts (codecount). The stock follows when its count is ours, or a person agreed to its
count (D4.7). Beat comes by for what was lost on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from coupons import life
from coupons.code_files import known_of
from coupons.designing import MOST_STOCK
from coupons.models import CodeBook, Coupon, CouponCode
from coupons.models.coupon import CodeMode, CouponState, Family
from coupons.settling import NOT_REACHED
from gateway.methods.merchant_coupons import (
    CODES_A_CALL,
    MarketingActivityOrdervoucherCodecount,
    MarketingActivityOrdervoucherCodedeposit,
)
from merchants import calls, events, questions
from merchants.enqueue import enqueue
from merchants.models import GatewayCall, User

SETTLE_TASK, FILL_TASK = "coupons.settle_codes", "coupons.fill_codes"
# Why a book halts, beside the platform's sub_codes and NOT_REACHED.
UNANSWERED, COUNT_DIFFERS = "unanswered", "count_differs"
OWN = (NOT_REACHED, UNANSWERED, COUNT_DIFFERS)
NOT_TOLD = "not_told"  # of a code that the answer does not name
MOST_ATTEMPTS = 3  # before a person is asked
FILLED_AT_ONCE = 50
TAKES = (CouponState.CREATING, CouponState.PUBLISHED, CouponState.MODIFYING, CouponState.APPENDING)


def takes_codes(coupon: Coupon) -> bool:
    return coupon.code_mode == CodeMode.UPLOAD and coupon.state in TAKES


def book_of(coupon: Coupon) -> CodeBook:
    """As it stands; one that is not kept yet where nothing was uploaded."""
    found: CodeBook | None = CodeBook.objects.for_merchant(coupon.merchant).filter(coupon=coupon).first()
    return found or CodeBook(merchant=coupon.merchant, coupon=coupon)


def add(coupon: Coupon, codes: list[str], *, by: User) -> int:
    """Keeps those that are new, in their order; how many. Twice is once. Raises MoveRefused."""
    if not takes_codes(coupon):
        raise life.MoveRefused(_("This coupon takes no codes now. Look at how it stands."))
    CodeBook.objects.bulk_create([CodeBook(merchant=coupon.merchant, coupon=coupon)], ignore_conflicts=True)
    with transaction.atomic():
        book = CodeBook.objects.select_for_update().get(coupon=coupon)
        known = known_of(coupon, codes)
        new = [code for code in dict.fromkeys(codes) if code not in known]
        most = MOST_STOCK[Family.MERCHANT]
        if book.uploaded - book.failed + len(new) > most:
            raise life.MoveRefused(_("The platform takes at most %(most)s in all.") % {"most": f"{most:,}"})
        if not new:
            return 0
        rows = [
            CouponCode(coupon=coupon, code=code, number=number)
            for number, code in enumerate(new, start=book.uploaded + 1)
        ]
        CouponCode.objects.bulk_create(rows, batch_size=5_000)
        CodeBook.objects.filter(pk=book.pk).update(uploaded=F("uploaded") + len(new))
        _tell("coupon.codes_uploaded", coupon, by=by, codes=len(new))
        enqueue(FILL_TASK, coupon.merchant_id, coupon.pk)  # lost it does no harm: beat comes by
    return len(new)


def go_on(coupon: Coupon, *, by: User) -> None:
    """After a person looked at what halted it: the same batch, or the same append. Raises MoveRefused."""
    with transaction.atomic():
        rows = CodeBook.objects.for_merchant(coupon.merchant).filter(coupon=coupon, call=None)
        rows.filter(halted=COUNT_DIFFERS).update(agreed=F("counted"))
        stuck = rows.filter(~Q(halted="") | Q(asked_total__gt=F("coupon__stock")))
        if not stuck.update(halted="", words="", asked_total=0):
            raise life.MoveRefused(_("It goes on already. There is nothing to repeat."))
        _tell("coupon.codes_resumed", coupon, by=by)
        enqueue(FILL_TASK, coupon.merchant_id, coupon.pk)


# --- the next step ----------------------------------------------------------------------------------------


def due() -> Any:
    """Books with something to do now."""
    rows = CodeBook.objects.filter(
        call=None, halted="", coupon__state=CouponState.PUBLISHED, coupon__mini_program__stopped_at=None
    )
    return rows.filter(
        Q(uploaded__gt=F("deposited") + F("failed"))
        | (Q(deposited__gt=F("coupon__stock")) | Q(agreed__gt=F("coupon__stock")))
        & ~Q(asked_total=F("deposited"))
    )


def fill_due(*, at: datetime) -> int:
    found = due().order_by("changed_at", "pk").values_list("coupon_id", "merchant_id")
    return sum(fill(coupon, merchant_id=merchant, at=at) for coupon, merchant in found[:FILLED_AT_ONCE])


def fill(coupon_id: int, *, merchant_id: int, at: datetime) -> bool:
    """One step: the next batch, or what the platform counts and what follows. Not in a transaction."""
    with transaction.atomic():
        book = _due_one(coupon_id, merchant_id)
        if book is None:
            return False
        CodeBook.objects.filter(pk=book.pk).update(changed_at=at)
        if book.waiting and not book.is_unsure:
            return _deposit(book)
    counted = _count(book.coupon)
    if counted is None:
        return False
    with transaction.atomic():
        held = _due_one(coupon_id, merchant_id)
        if held is None or (held.deposited, held.failed, held.attempt, held.is_unsure) != (
            *(book.deposited, book.failed),
            *(book.attempt, book.is_unsure),
        ):
            return False
        _changed(held, counted=counted)
        return _sure(held, counted, at=at) if held.is_unsure else _append(held, counted)


def _due_one(coupon_id: int, merchant_id: int) -> CodeBook | None:
    related = ("coupon", "coupon__merchant", "coupon__mini_program", "coupon__mini_program__provider_app")
    rows = due().filter(coupon=coupon_id, merchant=merchant_id).select_related(*related)
    found: CodeBook | None = rows.select_for_update(of=("self",)).first()
    return found


def _deposit(book: CodeBook) -> bool:
    """Intends the batch: the one under way, else the next."""
    rows = CouponCode.objects.filter(coupon=book.coupon, deposited_at=None, refusal="").order_by("number")
    if book.first is not None and book.last is not None:
        rows = rows.filter(number__range=(book.first, book.last))
    batch = list(rows[:CODES_A_CALL])
    if not batch:
        return False
    first, last = batch[0].number, batch[-1].number
    coupon, attempt = book.coupon, book.attempt + 1
    key = f"codes-{coupon.pk}-{first}-{last}"
    call = calls.intend(
        mini_program=coupon.mini_program,
        method=MarketingActivityOrdervoucherCodedeposit.method,
        target=coupon,
        body={
            "activity_id": coupon.activity_id,
            "out_biz_no": key,
            "voucher_codes": [one.code for one in batch],
        },
        idempotency_key=f"{key}:{attempt}",
        repeatable=True,
        settle_task=SETTLE_TASK,
    )
    _changed(book, first=first, last=last, attempt=attempt, call=call)
    return True


def _count(coupon: Coupon) -> int | None:
    """How many codes the platform has; None: it did not say."""
    request = MarketingActivityOrdervoucherCodecount(activity_id=coupon.activity_id)
    answer = questions.answer(coupon.mini_program, request)
    return answer.success_count if answer is not None else None


def _sure(book: CodeBook, counted: int, *, at: datetime) -> bool:
    """All of the unanswered batch are there, or it is asked for once more."""
    rows = _batch(book)
    size = rows.count()  # at most a thousand
    if counted in _known_totals(book, more=size):
        rows.update(deposited_at=at)
        _over(book, deposited=size, failed=0)
        return True
    if book.attempt % MOST_ATTEMPTS == 0:
        _changed(book, is_unsure=False, halted=UNANSWERED)
        return True
    _changed(book, is_unsure=False)
    return _deposit(book)


def _known_totals(book: CodeBook, *, more: int = 0) -> set[int]:
    """Ours, and with the difference that a person took as right."""
    return {total + more for total in (book.deposited, book.agreed) if total is not None}


def _append(book: CodeBook, counted: int) -> bool:
    if counted not in _known_totals(book):
        _changed(book, halted=COUNT_DIFFERS)
        return True
    try:
        with transaction.atomic():
            life.append_codes(book.coupon, total=counted)
    except life.MoveRefused:
        return False  # it moved meanwhile; beat comes by
    _changed(book, asked_total=book.deposited)
    return True


# --- what became of a batch -------------------------------------------------------------------------------


def settle(call_id: int, *, merchant_id: int, at: datetime) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        rows = CodeBook.objects.select_for_update(of=("self",)).select_related("coupon")
        book = rows.filter(coupon=call.target_id, merchant=merchant_id, call=call).first()
        if book is not None:
            _take_over(book, call, at=at)
            enqueue(FILL_TASK, merchant_id, book.coupon_id)
        return calls.settle(call.pk)


def _take_over(book: CodeBook, call: GatewayCall, *, at: datetime) -> None:
    if call.state == GatewayCall.State.ACCEPTED:
        _take_answer(book, call.answer, at=at)
    elif call.state == GatewayCall.State.REFUSED:
        words = str(call.answer.get("sub_msg", ""))[:400]
        _changed(book, call=None, halted=(call.sub_code or call.code)[:80], words=words)
    elif call.state == GatewayCall.State.DEAD:
        _changed(book, call=None, halted=NOT_REACHED, words=str(call.answer.get("reason", ""))[:400])
    else:
        _changed(book, call=None, is_unsure=True)


def _take_answer(book: CodeBook, answer: Mapping[str, Any], *, at: datetime) -> None:
    batch = list(_batch(book))
    told = {str(one.get("voucher_code")): one for one in answer.get("fail_voucher_code_detail_list") or []}
    taken = set(answer.get("success_voucher_code_list") or [])
    if not taken and int(answer.get("success_count") or 0) == sum(one.code not in told for one in batch):
        taken = {one.code for one in batch if one.code not in told}  # counted, and none of them named
    failed = 0
    for one in batch:
        if one.code in taken and one.code not in told:
            one.deposited_at = at
            continue
        why = told.get(one.code, {})
        one.refusal = str(why.get("error_code") or NOT_TOLD)[:200]
        one.words = str(why.get("error_msg") or "")[:200]
        failed += 1
    CouponCode.objects.bulk_update(batch, ["deposited_at", "refusal", "words"], batch_size=500)
    _over(book, deposited=len(batch) - failed, failed=failed)


def _batch(book: CodeBook) -> Any:
    rows = CouponCode.objects.filter(coupon=book.coupon, deposited_at=None, refusal="")
    return rows.filter(number__range=(book.first, book.last)).order_by("number")


def _over(book: CodeBook, *, deposited: int, failed: int) -> None:
    """Each code of the batch has its outcome."""
    _changed(
        book,
        call=None,
        first=None,
        last=None,
        attempt=0,
        is_unsure=False,
        deposited=F("deposited") + deposited,
        agreed=F("agreed") + deposited,
        failed=F("failed") + failed,
    )


def _changed(book: CodeBook, **columns: Any) -> None:
    """Of a book that is locked."""
    CodeBook.objects.filter(pk=book.pk).update(**columns)
    if columns.get("halted"):
        _tell("coupon.codes_halted", book.coupon, refusal=str(columns["halted"]))


def _tell(kind: str, coupon: Coupon, *, by: User | None = None, **detail: Any) -> None:
    events.record(
        kind,
        merchant=coupon.merchant,
        by=by,
        mini_program=coupon.mini_program,
        subject=coupon,
        detail={"name": coupon.name, **detail},
    )
