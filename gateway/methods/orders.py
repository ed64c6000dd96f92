"""An order as the platform's order centre takes it. The platform sends the order's messages by itself."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.methods import Answered, Request, Response, Sent

Text = Annotated[str, Field(min_length=1)]
Yuan = Annotated[str, Field(pattern=r"^\d{1,15}(\.\d{1,2})?$")]
Second = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
Millisecond = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$")]


class KeyValue(Sent):
    """`ext_value` is always text; `business_info` is the text of a JSON object whose values are texts."""

    ext_key: Text
    ext_value: str


class Item(Sent):
    """One bought thing. A picture goes by `ext_info` under `image_material_id`."""

    item_name: Text
    quantity: int | None = Field(None, ge=1)
    unit_price: Yuan | None = None
    unit: Text | None = None
    item_id: Text | None = None
    sku_id: Text | None = None
    status: Text | None = None
    status_desc: Text | None = None
    ext_info: tuple[KeyValue, ...] | None = None


class Shop(Sent):
    name: Text | None = None
    address: Text | None = None
    merchant_shop_id: Text | None = None
    merchant_shop_link_page: Text | None = None
    alipay_shop_id: Text | None = None
    phone_num: Text | None = None
    type: Text | None = None
    ext_info: tuple[KeyValue, ...] | None = None


class Logistics(Sent):
    """`phone_no` is the last four digits only."""

    tracking_no: Text
    logistics_code: Text | None = None
    phone_no: Annotated[str, Field(pattern=r"^\d{4}$")] | None = None


class Discount(Sent):
    discount_name: Text | None = None
    discount_amount: Yuan | None = None
    discount_quantity: Text | None = None
    discount_page_link: Text | None = None
    external_discount_id: Text | None = None


class NotDistributed(Answered):
    """Why the order was stored and nobody was told: `scene_code` is SERVICE_MSG for the order's message."""

    scene_code: str | None = None
    scene_name: str | None = None
    not_distribute_reason: str | None = None


class Suggestion(Answered):
    type: str | None = None
    message: str | None = None


class MerchantOrderSyncResponse(Response):
    """Accepted means stored. Each entry of `distribute_result` names a message that was not sent."""

    order_id: str | None = None
    record_id: str | None = None
    order_status: str | None = None
    distribute_result: tuple[NotDistributed, ...] = ()
    sync_suggestions: tuple[Suggestion, ...] = ()

    @property
    def not_distributed(self) -> tuple[str, ...]:
        """The platform's own words; none of them: the status's message, if it has one, went out."""
        reasons = (each.not_distribute_reason for each in self.distribute_result)
        return tuple(reason for reason in reasons if reason)


class MerchantOrderSync(Request[MerchantOrderSyncResponse]):
    """Return one order with its present status.

    The key is `out_biz_no` with `order_modified_time`: later overwrites, the same time again is refused as a
    repetition, an earlier one is accepted and changes nothing. The status stands in `ext_info` under
    `merchant_order_status`. Fields that the platform keeps for merchants of old are not offered here, nor are
    tickets and journeys.
    """

    method = "alipay.merchant.order.sync"
    response_type = MerchantOrderSyncResponse

    out_biz_no: Text
    buyer_id: Text | None = None
    buyer_open_id: Text | None = None
    order_type: Literal["SERVICE_ORDER"] = "SERVICE_ORDER"
    order_create_time: Second
    order_modified_time: Millisecond
    order_pay_time: Second | None = None
    amount: Yuan | None = None
    pay_amount: Yuan | None = None
    discount_amount: Yuan | None = None
    trade_no: Text | None = None
    trade_type: Literal["TRADE", "TRANSFER", "ENTRUST"] | None = None
    category_id: Text | None = None
    service_code: Text | None = None
    source_app: Text | None = None
    pay_timeout_express: Text | None = None
    item_order_list: tuple[Item, ...] | None = None
    shop_info: Shop | None = None
    logistics_info_list: tuple[Logistics, ...] | None = None
    discount_info_list: tuple[Discount, ...] | None = None
    ext_info: tuple[KeyValue, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_buyer(self) -> Self:
        if (self.buyer_id is None) == (self.buyer_open_id is None):
            raise ValueError("An order is of either a buyer_id or a buyer_open_id.")
        return self
