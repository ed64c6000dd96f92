"""Pay coupons (支付券): deducted at the cashier. Sources: domain D.5."""

from typing import Literal

from gateway.methods import Request, Response, Sent
from gateway.methods.coupon_terms import (
    ActivityName,
    Audit,
    AvailableScope,
    Count,
    CustomerGuide,
    DeductInfo,
    Display,
    Mode,
    OutBizNo,
    PayActivityBase,
    Second,
    SendMode,
    Summary,
    Text,
    ToldBase,
    ToldSendMode,
    UseRule,
    VoucherType,
    Yuan,
)


class Budget(Sent):
    """`amount` is face × quantity. NO_CASH: the merchant simply receives less."""

    amount: Yuan | None = None
    budget_type: Literal["NO_CASH", "RECHARGE"]


class MarketingActivityVoucherCreateResponse(Response):
    activity_id: str


class MarketingActivityVoucherCreate(Request[MarketingActivityVoucherCreateResponse]):
    """The activity is there at once, not published. Repeated with the same out_biz_no: the same answer."""

    method = "alipay.marketing.activity.voucher.create"
    response_type = MarketingActivityVoucherCreateResponse

    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    activity_name: ActivityName | None = None
    activity_base_info: PayActivityBase
    voucher_type: VoucherType | None = None
    voucher_deduct_info: DeductInfo
    voucher_send_mode_info: SendMode
    voucher_use_rule_info: UseRule
    voucher_budget_info: Budget | None = None
    voucher_display_pattern_info: Display | None = None
    voucher_customer_guide_info: CustomerGuide | None = None
    voucher_available_scope_info: AvailableScope | None = None


class RechargeResponse(Response):
    """`recharge_url`, valid 3 days, where the budget has to be paid in first."""

    recharge_url: str | None = None


class MarketingActivityVoucherPublishResponse(RechargeResponse):
    pass


class MarketingActivityVoucherPublish(Request[MarketingActivityVoucherPublishResponse]):
    """Accepted means taken up; it is live when the message `created` comes."""

    method = "alipay.marketing.activity.voucher.publish"
    response_type = MarketingActivityVoucherPublishResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"


class MarketingActivityVoucherModifyResponse(Response):
    pass


class MarketingActivityVoucherModify(Request[MarketingActivityVoucherModifyResponse]):
    """`publish_end_time` may only become later; what ended or was stopped takes no change (D3.5)."""

    method = "alipay.marketing.activity.voucher.modify"
    response_type = MarketingActivityVoucherModifyResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    publish_end_time: Second | None = None
    voucher_send_mode_info: SendMode | None = None
    voucher_use_rule_info: UseRule | None = None


class MarketingActivityVoucherAppendResponse(RechargeResponse):
    pass


class MarketingActivityVoucherAppend(Request[MarketingActivityVoucherAppendResponse]):
    """`voucher_quantity` is the new total, never the increment (D4.6)."""

    method = "alipay.marketing.activity.voucher.append"
    response_type = MarketingActivityVoucherAppendResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    voucher_quantity: Count


class MarketingActivityVoucherStopResponse(Response):
    pass


class MarketingActivityVoucherStop(Request[MarketingActivityVoucherStopResponse]):
    """Nobody can claim any more; what was claimed stays usable."""

    method = "alipay.marketing.activity.voucher.stop"
    response_type = MarketingActivityVoucherStopResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"


class MarketingActivityVoucherQueryResponse(Response):
    """An empty status means that it was not created yet."""

    activity_id: str | None = None
    activity_name: str | None = None
    activity_status: str | None = None
    publish_start_time: str | None = None
    publish_end_time: str | None = None
    activity_base_info: ToldBase | None = None
    audit_result_info: Audit | None = None
    summary: Summary | None = None
    voucher_send_mode_info: ToldSendMode | None = None


class MarketingActivityVoucherQuery(Request[MarketingActivityVoucherQueryResponse]):
    method = "alipay.marketing.activity.voucher.query"
    response_type = MarketingActivityVoucherQueryResponse

    activity_id: Text
    merchant_access_mode: Mode = "SELF_MODE"


class MarketingActivityVoucherSendResponse(Response):
    voucher_id: str


class MarketingActivityVoucherSend(Request[MarketingActivityVoucherSendResponse]):
    """One coupon to one person. Repeated with the same out_biz_no: the same coupon, also after success."""

    method = "alipay.marketing.activity.voucher.send"
    response_type = MarketingActivityVoucherSendResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    open_id: Text | None = None
    user_id: Text | None = None
