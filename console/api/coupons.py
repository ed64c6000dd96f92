"""POST /api/v1/coupons/reserve, redeem and revert: merchant coupons in the merchant's own orders.

Idempotent by the caller's numbers: a coupon and its order, and the number of the request.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router
from ninja.errors import HttpError
from pydantic import Field, model_validator

from console.api.access import ScopedKey
from console.api.errors import ErrorOut
from console.api.messages import KEY_PATTERN
from console.api.orders import Number, Typed
from console.coupons.use_words import group_of, sentence_of, told
from coupons import finding, not_used, redeeming, returning, use_calls
from coupons.ledger import KeyReused, NotPossible
from coupons.models import CouponGrant, CouponUse
from coupons.models.use import UseState
from coupons.redeeming import SCOPE
from merchants.models import ApiKey, Store

MAX_FEN = 10_000_000_000  # a hundred million yuan, the most that the platform takes
MAX_TIMES = 1_000
MAX_GOODS = 100
ERRORS: frozenset[int] = frozenset({400, 401, 403, 404, 409, 413, 422, 429})
Code = Annotated[str, Field(pattern=r"^[0-9a-zA-Z\-_+=|]*$", max_length=64)]

router = Router(tags=["coupons"])


class _OfCoupon(Typed):
    app_id: Annotated[Number, Field(description=_("Of the key's mini program."))]
    code: Annotated[Code, Field(description=_("Of the coupon; or its voucher_id."))] = ""
    voucher_id: Annotated[Code, Field(description=_("The platform's id of the coupon; or its code."))] = ""
    activity_id: Annotated[
        Code, Field(description=_("The platform's id of the activity, where several have the same code."))
    ] = ""

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if bool(self.code) == bool(self.voucher_id):
            raise ValueError("Name the coupon by its code or by its voucher_id, and not by both")
        return self


RequestNo = Annotated[
    str,
    Field(
        pattern=KEY_PATTERN,
        max_length=80,
        description=_("Yours, one for each request: the same again is the same one and changes nothing."),
    ),
]


class ReserveIn(_OfCoupon):
    order_no: Annotated[Number, Field(description=_("Your order that holds it; nobody else can use it."))]
    minutes: Annotated[
        int,
        Field(
            ge=0,
            le=1_440,
            strict=True,
            description=_("How long at most; 0 lets it go. The house has a limit, 30 minutes if unchanged."),
        ),
    ] = 15


class GoodsIn(Typed):
    goods_id: Annotated[
        str, Field(min_length=1, max_length=64, description=_("Yours, as the coupon's item numbers name it."))
    ]
    goods_name: Annotated[str, Field(max_length=100)] = ""
    price_fen: Annotated[int, Field(ge=0, le=MAX_FEN, strict=True, description=_("Of one piece."))]
    quantity: Annotated[int, Field(ge=1, le=MAX_TIMES, strict=True)] = 1


class RedeemIn(_OfCoupon):
    request_no: RequestNo
    order_no: Annotated[Number, Field(description=_("Your order."))]
    order_fen: Annotated[
        int, Field(ge=1, le=MAX_FEN, strict=True, description=_("The bill before the coupon, in fen."))
    ]
    times: Annotated[
        int, Field(ge=1, le=MAX_TIMES, strict=True, description=_("Of a coupon with several uses."))
    ] = 1
    saved_fen: Annotated[
        int | None,
        Field(ge=0, le=MAX_FEN, strict=True, description=_("What came off, where it is not the usual.")),
    ] = None
    shop_id: Annotated[
        str, Field(max_length=64, pattern=r"^[\x21-\x7e]*$", description=_("The platform's id of the store."))
    ] = ""
    channel: Annotated[
        Literal["alipay", "wechat", "other"], Field(description=_("How the rest of the bill is paid."))
    ] = "other"
    goods: Annotated[
        list[GoodsIn],
        Field(
            max_length=MAX_GOODS,
            description=_(
                "The lines of the bill. A coupon for items needs them, and looks at these items alone."
            ),
        ),
    ] = []
    trade_no: Annotated[
        str,
        Field(
            max_length=64,
            pattern=r"^[\x21-\x7e]*$",
            description=_("The Alipay trade; needed where it is paid with Alipay."),
        ),
    ] = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.channel == "alipay" and not self.trade_no:
            raise ValueError("What is paid with Alipay needs its trade_no")
        if self.saved_fen is not None and self.saved_fen > self.order_fen:
            raise ValueError("saved_fen is more than order_fen")
        if sum(one.price_fen * one.quantity for one in self.goods) > MAX_FEN:
            raise ValueError("The goods come to more than a bill may")
        return self


class RevertIn(Typed):
    app_id: Annotated[Number, Field(description=_("Of the key's mini program."))]
    request_no: RequestNo
    redeem_request_no: Annotated[
        str,
        Field(pattern=KEY_PATTERN, max_length=80, description=_("Of the use that is given back.")),
    ]
    times: Annotated[
        int | None,
        Field(ge=1, le=MAX_TIMES, strict=True, description=_("Left out: all that was not given back yet.")),
    ] = None
    paid_back_fen: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_FEN,
            strict=True,
            description=_("What the customer gets back, in fen. Left out: with all of it all that was paid."),
        ),
    ] = None


class CouponOut(Typed):
    """`refused` changed nothing. A coupon keeps its uses while one of them is `pending` or `unknown`."""

    code: str
    voucher_id: str
    reason: Annotated[str, Field(description=_("Why it was refused, a word for programs."))] = ""
    group: Annotated[
        Literal["", "coupon", "order", "moment", "app", "platform"],
        Field(description=_("Whose matter a refusal is, so where it is put right.")),
    ] = ""
    sentence: Annotated[str, Field(description=_("The same for people: what happened and what to do."))] = ""
    platform_words: Annotated[str, Field(description=_("What the platform said of a refusal."))] = ""
    times_left: int
    usable_until: datetime | None


class ReserveOut(CouponOut):
    state: Literal["reserved", "released", "refused"]
    reserved_until: Annotated[
        datetime | None, Field(description=_("When it is let go by itself; the same if asked again."))
    ]


class UseOut(CouponOut):
    request_no: str
    state: Annotated[
        Literal["accepted", "refused", "pending", "unknown"],
        Field(
            description=_(
                "accepted: the platform did it. pending: it has not answered; send the same request again."
                " unknown: nobody knows; the same request asks again and is done once."
            )
        ),
    ]


@router.post(
    "/coupons/reserve",
    auth=ScopedKey(SCOPE),
    response={200: ReserveOut, ERRORS: ErrorOut},
    summary=_("Hold a coupon for an order"),
    operation_id="post_coupon_reserve",
)
def post_coupon_reserve(request: HttpRequest, payload: ReserveIn) -> dict[str, Any]:
    """Ours alone, the platform knows of none. Once for each coupon and order: asked again it ends when it was
    to end at first, and it is let go by itself."""
    grant, at = _grant(request, payload), timezone.now()
    if not payload.minutes:
        redeeming.release(grant, order_no=payload.order_no, at=at)
        return {**_coupon(grant), "state": "released", "reserved_until": None}
    try:
        held = redeeming.reserve(grant, order_no=payload.order_no, minutes=payload.minutes, at=at)
    except NotPossible as refused:
        return {**_coupon(grant), **_why(refused.code), "state": "refused", "reserved_until": None}
    return {**_coupon(grant), "state": "reserved", "reserved_until": held.reserved_until}


@router.post(
    "/coupons/redeem",
    auth=ScopedKey(SCOPE),
    response={200: UseOut, ERRORS: ErrorOut},
    summary=_("Use a merchant coupon"),
    operation_id="post_coupon_redeem",
)
def post_coupon_redeem(request: HttpRequest, payload: RedeemIn) -> dict[str, Any]:
    """By its code, asked of the platform while you wait. It answers 200 also where it is refused: read the
    state. Pay coupons come off at the cashier and are refused."""
    grant = _grant(request, payload)
    bill = redeeming.Bill(
        order_fen=payload.order_fen,
        order_no=payload.order_no,
        times=payload.times,
        store=_store(grant, payload.shop_id),
        channel=payload.channel,
        trade_no=payload.trade_no,
        saved_fen=payload.saved_fen,
        items=tuple(
            redeeming.Item(one.goods_id, one.price_fen, one.quantity, one.goods_name) for one in payload.goods
        ),
    )
    try:
        use = redeeming.redeem(grant, bill, request_no=payload.request_no, by=None, at=timezone.now())
    except NotPossible as refused:
        return _refused(grant, payload.request_no, refused.code)
    except KeyReused as error:
        raise HttpError(409, "This request_no came before with another coupon or another bill.") from error
    return _outcome(use)


@router.post(
    "/coupons/revert",
    auth=ScopedKey(SCOPE),
    response={200: UseOut, ERRORS: ErrorOut},
    summary=_("Give the use of a coupon back"),
    operation_id="post_coupon_revert",
)
def post_coupon_revert(request: HttpRequest, payload: RevertIn) -> dict[str, Any]:
    """All of it, or so many times of several. After the last day of the coupon it comes back expired."""
    key = _key(request, payload.app_id)
    uses = CouponUse.objects.for_merchant(key.merchant).filter(
        mini_program=key.mini_program, kind=CouponUse.Kind.REDEEM, request_no=payload.redeem_request_no
    )
    use = uses.select_related("grant__coupon", "entry__grant__mini_program").first()
    if use is None:
        raise HttpError(404, "This mini program used no coupon under redeem_request_no.")
    if use.entry is None:
        return _refused(use.grant, payload.request_no, not_used.NOT_DONE)
    try:
        back = returning.give_back(
            use.entry,
            request_no=payload.request_no,
            times=payload.times,
            paid_back_fen=payload.paid_back_fen,
            by=None,
            at=timezone.now(),
        )
    except NotPossible as refused:
        return _refused(use.grant, payload.request_no, refused.code)
    except KeyReused as error:
        raise HttpError(409, "This request_no came before with another use or another amount.") from error
    return _outcome(back)


def _key(request: HttpRequest, app_id: str) -> ApiKey:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if app_id != key.mini_program.app_id:
        raise HttpError(403, "This key belongs to another mini program than app_id.")
    return key


def _grant(request: HttpRequest, payload: _OfCoupon) -> CouponGrant:
    key = _key(request, payload.app_id)
    mine = {"mini_program": key.mini_program}
    if payload.voucher_id:
        found = finding.by_voucher_id(key.merchant, payload.voucher_id, **mine)
    else:
        found = finding.by_code(key.merchant, payload.code, activity_id=payload.activity_id, **mine)
    if not found:
        raise HttpError(404, "This mini program knows no coupon by this code or voucher_id.")
    if len(found) > 1:
        raise HttpError(409, "Several coupons have this code. Name the activity_id as well.")
    return found[0]


def _store(grant: CouponGrant, shop_id: str) -> Store | None:
    if not shop_id:
        return None
    stores = Store.objects.for_merchant(grant.merchant).filter(platform_shop_id=shop_id)
    found: Store | None = stores.order_by("pk").first()
    if found is None:
        raise HttpError(422, "shop_id: this merchant has no store with this id.")
    return found


def _coupon(grant: CouponGrant) -> dict[str, Any]:
    return {
        "code": grant.code,
        "voucher_id": grant.voucher_id,
        "times_left": max(0, grant.coupon.max_uses - grant.used_times),
        "usable_until": grant.ends_at,
    }


def _why(code: str) -> dict[str, str]:
    return {"reason": code, "group": group_of(code), "sentence": told(code)}


def _refused(grant: CouponGrant, request_no: str, code: str) -> dict[str, Any]:
    """Judged here: nothing was asked of the platform and nothing is kept."""
    return {**_coupon(grant), **_why(code), "request_no": request_no, "state": "refused"}


def _outcome(use: CouponUse) -> dict[str, Any]:
    """Asked of the platform now, where it is open."""
    if use.state == UseState.UNKNOWN and use_calls.ask_again(use, by=None):
        use = use_calls.fresh(use)
    use = use_calls.make_now(use, seconds=settings.COUPON_USE_WAIT_SECONDS)
    why = _why(use.refusal) if use.state == UseState.REFUSED else {"sentence": sentence_of(use)}
    answer = {**_coupon(use.grant), **why, "request_no": use.request_no, "state": use.state}
    return {**answer, "platform_words": use.words if use.state == UseState.REFUSED else ""}
