"""The reference of the order status bench: the same key check and parsing, and one row written. Frozen."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI

from console.api.access import ScopedKey
from console.api.orders import StatusIn, StatusOut
from console.urls import urlpatterns as console_urls
from orders.intake import SCOPE
from orders.models import Source, StatusChange

api = NinjaAPI(title="Reference", version="reference", docs_url=None, urls_namespace="reference")


@api.post("/orders/{order_id}/status", auth=ScopedKey(SCOPE), response=StatusOut)
def post_row(request: HttpRequest, order_id: int, payload: StatusIn) -> dict[str, Any]:
    at: datetime = payload.order_modified_time
    StatusChange.objects.create(
        merchant_id=request.auth.merchant_id,  # type: ignore[attr-defined]
        order_id=order_id,
        status=payload.status,
        modified_at=at,
        fields=payload.fields,
        source=Source.API,
    )
    return {"out_biz_no": str(order_id), "status": "taken"}


urlpatterns = [path("reference/v1/", api.urls), *console_urls]
