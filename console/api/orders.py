"""POST /api/v1/orders and /api/v1/orders/<number>/status: orders and what became of them.

Both are idempotent by nature: the number of an order, and the modified time of a change, are their own keys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from console.api.access import ScopedKey
from console.api.errors import ErrorOut, problems_of
from gateway import wire
from merchants.models import ApiKey
from orders.given import (
    EARLIEST,
    FIELD_CHARACTERS,
    LATEST,
    MAX_FEN,
    MAX_FIELDS,
    MAX_ITEMS,
    MAX_PARCELS,
    NUMBER_PATTERN,
    OrderGiven,
    OrderRefused,
    StatusGiven,
)
from orders.intake import MAX_ORDERS, SCOPE, OrderUnknown, Received, receive_orders, receive_status
from orders.models import Source

MAX_BODY_BYTES = 4 * 1024 * 1024
STATUS_CODES = {"status_clash": 409, "person_forgotten": 409}

router = Router(tags=["orders"])


def _moment(given: Any) -> Any:
    """The platform's form, Beijing time without a zone; anything else is judged as a time with its zone."""
    if isinstance(given, str) and re.fullmatch(r"[\d-]{10} [\d:]{8}(\.\d{3})?", given):
        return wire.moment_from_beijing(given)
    if not isinstance(given, str | datetime):
        raise ValueError("give it as text, such as 2026-03-01T09:30:00.000+08:00")
    return given


def _no_control_character(given: str) -> str:
    if any(ord(one) < 32 or 0xD800 <= ord(one) < 0xE000 for one in given):
        raise ValueError("it has a control character in it. Take it out")
    return given


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), Field(ge=EARLIEST, le=LATEST)]
Text = Annotated[str, Field(max_length=FIELD_CHARACTERS), AfterValidator(_no_control_character)]
Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_no_control_character)]
Number = Annotated[str, Field(pattern=NUMBER_PATTERN, max_length=64)]
Fen = Annotated[int, Field(ge=0, le=MAX_FEN, strict=True)]
Texts = Annotated[dict[Name, Text], Field(max_length=MAX_FIELDS)]


class Typed(Schema):
    """Nothing unknown passes: a misspelt name is an error and no silence."""

    model_config = ConfigDict(extra="forbid")


class StatusIn(Typed):
    status: Annotated[Name, Field(description=_("A status of the order's scene, in its own letters."))]
    order_modified_time: Annotated[
        Moment,
        Field(
            description=_(
                "To the millisecond, with its zone, or as 2026-03-01 09:30:00.000 in Beijing time."
                " The latest one is the status of the order."
            )
        ),
    ]
    fields: Annotated[
        Texts, Field(description=_("What the message of this status needs, by name, all as text."))
    ] = {}


class ItemIn(Typed):
    name: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_no_control_character)]
    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1
    unit_price_fen: Fen | None = None
    image_material_id: Annotated[str, Field(max_length=128), AfterValidator(_no_control_character)] = ""


class ShopIn(Typed):
    name: Text = ""
    address: Text = ""
    merchant_shop_id: Text = ""
    phone_num: Text = ""
    link_page: Text = ""


class LogisticsIn(Typed):
    tracking_no: Text
    logistics_code: Text = ""
    phone_no: Text = ""


class OrderIn(Typed):
    out_biz_no: Annotated[Number, Field(description=_("Your number of the order; one order, one number."))]
    open_id: Annotated[Number, Field(description=_("Who bought it. Fixed for life."))]
    scene: Annotated[Name, Field(description=_("Code of the scene, such as online_rental. Fixed for life."))]
    page: Annotated[
        str,
        Field(
            min_length=1,
            max_length=256,
            description=_("The order's detail page in the mini program. Fixed for life."),
        ),
        AfterValidator(_no_control_character),
    ]
    order_created_at: Annotated[
        Moment, Field(description=_("With its zone, or in Beijing time. Fixed for life."))
    ]
    paid_at: Annotated[Moment | None, Field(description=_("Where it was paid outside Alipay."))] = None
    amount_fen: Annotated[Fen | None, Field(description=_("In fen; the amount paid plus the discount."))] = (
        None
    )
    pay_amount_fen: Annotated[Fen | None, Field(description=_("In fen."))] = None
    discount_fen: Annotated[Fen | None, Field(description=_("In fen."))] = None
    trade_no: Annotated[
        str,
        Field(
            pattern=r"^[\x21-\x7e]*$",
            max_length=64,
            description=_("The Alipay trade; one order each. Once given it stays."),
        ),
    ] = ""
    items: Annotated[
        list[ItemIn] | None, Field(max_length=MAX_ITEMS, description=_("Replace what was there before."))
    ] = None
    shop: Annotated[ShopIn | None, Field(description=_("What is given replaces the same name."))] = None
    logistics: Annotated[
        list[LogisticsIn] | None,
        Field(max_length=MAX_PARCELS, description=_("Replace what was there before.")),
    ] = None
    fields: Annotated[
        Texts, Field(description=_("Of the scene, all as text; a name given again takes the new text."))
    ] = {}
    status: Annotated[
        StatusIn | None, Field(description=_("A change of status that comes with the order."))
    ] = None


def _inline(schema: Any, known: dict[str, Any]) -> Any:
    """References replaced by what they name: below `orders` the API's description has no place for them."""
    if isinstance(schema, list):
        return [_inline(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    named = known[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else {}
    rest = {name: one for name, one in schema.items() if name not in ("$ref", "$defs")}
    return {name: _inline(one, known) for name, one in {**named, **rest}.items()}


_ORDER = OrderIn.json_schema()
_ITEMS = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_ORDERS,
    "items": _inline(_ORDER, _ORDER.get("$defs", {})),
}


class OrdersIn(Schema):
    app_id: Annotated[Number, Field(description=_("Of the key's mini program."))]
    # judged one by one in the view, so that one that cannot be read keeps none of the others back
    orders: Annotated[
        list[Any], Field(description=_("Each of them is taken or refused by itself.")), WithJsonSchema(_ITEMS)
    ]


class OrderResult(Schema):
    """What became of one order handed in."""

    index: Annotated[int, Field(description=_("Its place in the request, from 0."))]
    out_biz_no: Annotated[str, Field(description=_("As it was handed in; empty where it cannot be read."))]
    status: Annotated[
        Literal["created", "updated", "unchanged", "refused"],
        Field(description=_("The same order again is unchanged. Of a refused one nothing is kept.")),
    ]
    order_status: Annotated[
        Literal["", "taken", "repeated"],
        Field(description=_("What became of its change of status; empty where none was given.")),
    ] = ""
    reason: Annotated[str, Field(description=_("A word for programs."))] = ""
    sentence: Annotated[str, Field(description=_("The same for people: what happened and what to do."))] = ""


class OrdersOut(Schema):
    created: int
    updated: int
    unchanged: int
    refused: int
    results: list[OrderResult]


class StatusOut(Schema):
    """`repeated`: the same time and status came before, and it was only counted."""

    out_biz_no: str
    status: Literal["taken", "repeated"]


@router.post(
    "/orders",
    auth=ScopedKey(SCOPE, max_body_bytes=MAX_BODY_BYTES),
    response={200: OrdersOut, frozenset({400, 401, 403, 413, 422, 429}): ErrorOut},
    summary=_("Return orders"),
    operation_id="post_orders",
)
def post_orders(request: HttpRequest, payload: OrdersIn) -> dict[str, Any]:
    """1 to 500 orders, new ones and known ones. It answers 200 also where some are refused: read each status.

    Idempotent by nature: the same request again changes nothing, and its statuses are counted as repeats.
    """
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if payload.app_id != key.mini_program.app_id:
        raise HttpError(403, "This key belongs to another mini program than app_id.")
    n = len(payload.orders)
    if not n:
        raise HttpError(422, f"orders: there is none. Hand in 1 to {MAX_ORDERS}.")
    if n > MAX_ORDERS:
        raise HttpError(413, f"At most {MAX_ORDERS} orders in one request; this one has {n}.")
    results = _results(key, payload.orders)
    statuses = [result["status"] for result in results]
    counts = {name: statuses.count(name) for name in ("created", "updated", "unchanged", "refused")}
    return {**counts, "results": results}


@router.post(
    "/orders/{out_biz_no}/status",
    auth=ScopedKey(SCOPE),
    response={200: StatusOut, frozenset({400, 401, 403, 404, 409, 413, 422, 429}): ErrorOut},
    summary=_("Return the status of an order"),
    operation_id="post_order_status",
)
def post_order_status(request: HttpRequest, out_biz_no: str, payload: StatusIn) -> dict[str, Any]:
    """One change of status; late ones are kept too. Refused are only a status the scene lacks and another
    status at the same time (409). Idempotent by nature: the same again answers `repeated`."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    try:
        status = receive_status(key.mini_program, out_biz_no, _status(payload), source=Source.API)
    except OrderUnknown as error:
        raise HttpError(
            404, "This mini program has no order with this number. Hand the order in first."
        ) from error
    except OrderRefused as refusal:
        raise HttpError(STATUS_CODES.get(refusal.code, 422), str(refusal)) from refusal
    return {"out_biz_no": out_biz_no, "status": status}


def _results(key: ApiKey, orders: Sequence[Any]) -> list[dict[str, Any]]:
    read = [_read(one) for one in orders]
    good = [one for one in read if isinstance(one, OrderGiven)]
    answers = iter(receive_orders(key.mini_program, good, source=Source.API) if good else [])
    results = []
    for index, one in enumerate(read):
        if isinstance(one, OrderGiven):
            results.append({"index": index, "out_biz_no": one.out_biz_no, **_told(next(answers))})
        else:
            given = orders[index].get("out_biz_no") if isinstance(orders[index], dict) else None
            number = given[:64] if isinstance(given, str) and re.fullmatch(NUMBER_PATTERN, given) else ""
            unreadable = {"status": "refused", "reason": "unreadable", "sentence": one}
            results.append({"index": index, "out_biz_no": number, **unreadable})
    return results


def _read(given: Any) -> OrderGiven | str:
    """The order, or a sentence about why it cannot be read."""
    try:
        one = OrderIn.model_validate(given)
    except ValidationError as error:
        return problems_of(error.errors()).sentence
    said = one.model_dump(exclude={"status", "shop"})
    shop = one.shop.model_dump(exclude_unset=True) if one.shop else None
    return OrderGiven(**said, shop=shop, status=_status(one.status) if one.status else None)


def _status(given: StatusIn) -> StatusGiven:
    return StatusGiven(given.status, given.order_modified_time, given.fields)


def _told(answer: Received) -> dict[str, str]:
    return {
        "status": answer.outcome,
        "order_status": answer.status,
        "reason": answer.code,
        "sentence": answer.sentence,
    }
