"""An order with one of its statuses, as the order centre reads it (fields and keys of domain C.2 and C.3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gateway import wire
from merchants import tokens
from orders.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orders.models import Order, StatusChange
    from orders.scenes import Scene

PHONE_DIGITS = 4


def link_page_of(order: Order) -> str:
    """Its page with its recall token. Raises ValueError past the platform's length of a page.

    The platform takes no other link for this order ever after, and a token changes with FIELD_KEYS: made
    once, then kept in `link_page`.
    """
    return wire.page_with_parameters(order.page, {"rt": tokens.make_for_order(order.pk)})


def body_of(change: StatusChange) -> dict[str, Any]:
    """The `biz_content`. Raises ValueError, which says what is missing, where none can be written."""
    order = change.order
    scene = SCENES.get(order.scene)
    if scene is None:
        raise ValueError(f"{order.scene!r} is no scene of this console.")
    if not order.customer.open_id:
        raise ValueError("The buyer was erased, so the order names nobody any more.")
    return _without_nothing(
        {
            "out_biz_no": order.out_biz_no,
            "buyer_open_id": order.customer.open_id,
            "order_type": "SERVICE_ORDER",
            "order_create_time": wire.beijing_text(order.order_created_at),
            "order_modified_time": wire.beijing_text_to_the_millisecond(change.modified_at),
            "order_pay_time": order.paid_at and wire.beijing_text(order.paid_at),
            "amount": _yuan(order.amount_fen),
            "pay_amount": _yuan(order.pay_amount_fen),
            "discount_amount": _yuan(order.discount_fen),
            "trade_no": order.trade_no,
            "category_id": scene.category_id,
            "item_order_list": [_item(item) for item in order.items],
            "shop_info": _shop(order.shop),
            "logistics_info_list": [_logistics(parcel) for parcel in order.logistics],
            "ext_info": _pairs(_ext_info(change, scene)),
        }
    )


def _ext_info(change: StatusChange, scene: Scene) -> dict[str, str]:
    order = change.order
    fields = {name: str(value) for name, value in change.fields.items() if value not in (None, "")}
    return {
        "merchant_order_status": change.status,
        "merchant_biz_type": scene.biz_type,
        "tiny_app_id": order.mini_program.app_id,
        "merchant_order_link_page": order.link_page,
        # a text within the text: the platform reads it as JSON once more
        "business_info": json.dumps(fields, ensure_ascii=False, separators=(",", ":")) if fields else "",
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return _without_nothing(
        {
            "item_name": item.get("name"),
            "quantity": item.get("quantity"),
            "unit_price": _yuan(item.get("unit_price_fen")),
            "ext_info": _pairs({"image_material_id": item.get("image_material_id") or ""}),
        }
    )


def _shop(shop: Mapping[str, Any]) -> dict[str, Any]:
    return _without_nothing(
        {
            "name": shop.get("name"),
            "address": shop.get("address"),
            "merchant_shop_id": shop.get("merchant_shop_id"),
            "phone_num": shop.get("phone_num"),
            "merchant_shop_link_page": shop.get("link_page"),
        }
    )


def _logistics(parcel: Mapping[str, Any]) -> dict[str, Any]:
    return _without_nothing(
        {
            "tracking_no": parcel.get("tracking_no"),
            "logistics_code": parcel.get("logistics_code"),
            # the platform asks for the end of the number only
            "phone_no": (parcel.get("phone_no") or "")[-PHONE_DIGITS:],
        }
    )


def _yuan(amount_fen: int | None) -> str:
    return "" if amount_fen is None else wire.yuan_from_fen(amount_fen)


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ext_key": key, "ext_value": value} for key, value in values.items() if value]


def _without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
