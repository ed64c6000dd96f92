"""Delivery plans (推广计划): where customers come upon a coupon. Sources: domain D.9, B8.2."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.methods import Answered, Request, Response, Sent
from gateway.methods.coupon_terms import Mode, OutBizNo, Second, Text, Yuan

Booth = Literal["PAYMENT_RESULT", "SERVICE_MESSAGE"]


class DeliveryBase(Sent):
    delivery_name: Annotated[str, Field(min_length=3, max_length=19)]
    delivery_begin_time: Second
    delivery_end_time: Second


class ActivityContent(Sent):
    activity_id: Text


class Content(Sent):
    delivery_content_type: Literal["ACTIVITY"] = "ACTIVITY"
    delivery_activity_content: ActivityContent


class SingleSend(Sent):
    delivery_content_info: Content


class FullSend(Sent):
    delivery_content_info: Content
    delivery_floor_amount: Yuan


class Play(Sent):
    """Exactly one of the two; the second at PAYMENT_RESULT only."""

    delivery_single_send_config: SingleSend | None = None
    delivery_full_send_config: FullSend | None = None


class TemplateRule(Sent):
    template_id: Text


class TargetRule(Sent):
    delivery_template_rule: TemplateRule | None = None


class MarketingActivityDeliveryCreateResponse(Response):
    delivery_id: str
    delivery_guide_preview_url: str | None = None


class MarketingActivityDeliveryCreate(Request[MarketingActivityDeliveryCreateResponse]):
    """Taken up and reviewed; live once the message service or the query says so."""

    method = "alipay.marketing.activity.delivery.create"
    response_type = MarketingActivityDeliveryCreateResponse

    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    delivery_booth_code: Booth
    delivery_base_info: DeliveryBase
    delivery_play_config: Play
    delivery_target_rule: TargetRule | None = None


class ToldDelivery(Answered):
    delivery_name: str | None = None
    delivery_begin_time: str | None = None
    delivery_end_time: str | None = None


class MarketingActivityDeliveryQueryResponse(Response):
    """`delivery_status`: AUDITING, ACTIVE, AUDIT_NO_PASS with its words, INACTIVE."""

    delivery_id: str | None = None
    delivery_status: str | None = None
    delivery_error_msg: str | None = None
    delivery_base_info: ToldDelivery | None = None


class MarketingActivityDeliveryQuery(Request[MarketingActivityDeliveryQueryResponse]):
    method = "alipay.marketing.activity.delivery.query"
    response_type = MarketingActivityDeliveryQueryResponse

    delivery_id: Text
    merchant_access_mode: Mode = "SELF_MODE"


class MarketingActivityDeliveryStopResponse(Response):
    delivery_id: str | None = None


class MarketingActivityDeliveryStop(Request[MarketingActivityDeliveryStopResponse]):
    """It takes minutes until customers see nothing of it any more."""

    method = "alipay.marketing.activity.delivery.stop"
    response_type = MarketingActivityDeliveryStopResponse

    delivery_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
