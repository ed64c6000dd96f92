"""An order as a merchant returns it, for the tests that do."""

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

_numbers = itertools.count(1)
CREATED = datetime(2026, 11, 20, 9, 0)
LEASED = dict.fromkeys(
    (
        *("total_rent", "lease", "thaw_deposit", "delivery_time", "receiving_time", "rent_due_date"),
        *("courier_number", "lease_period", "give_back_date"),
    ),
    "1",
)
LINK = "pages/order/detail?id%3D7"


def number() -> str:
    return f"R{next(_numbers):06d}"


def at(milliseconds: int) -> str:
    """So long after the order was made."""
    return (CREATED + timedelta(milliseconds=milliseconds)).isoformat(" ", "milliseconds")


def ext_info(**facts: str | None) -> list[dict[str, str]]:
    return [{"ext_key": key, "ext_value": value} for key, value in facts.items() if value is not None]


def order(
    buyer: str,
    status: str | None,
    *,
    after_ms: int = 1,
    out_biz_no: str | None = None,
    biz_type: str | None = "3C_RENT",
    info: dict[str, str] | None = None,
    link: str | None = LINK,
    **more: Any,
) -> dict[str, Any]:
    return {
        "out_biz_no": out_biz_no or number(),
        "buyer_open_id": buyer,
        "order_type": "SERVICE_ORDER",
        "order_create_time": CREATED.isoformat(" ", "seconds"),
        "order_modified_time": at(after_ms),
        "ext_info": ext_info(
            merchant_order_status=status,
            merchant_biz_type=biz_type,
            merchant_order_link_page=link,
            business_info=json.dumps(info) if info is not None else None,
        ),
        **more,
    }
