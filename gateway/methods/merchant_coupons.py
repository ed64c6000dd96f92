"""Merchant coupons (商家券): used in the merchant's own order, by code. Sources: domain D.6.

What create, modify, append and stop are answered is that they were taken up. They are done when the message
service says so, or the query.
"""

from typing import Annotated, Literal

from pydantic import Field

from gateway.methods import Answered, Request, Response, Sent
from gateway.methods.coupon_terms import (
    ActivityBase,
    ActivityName,
    Audit,
    AvailableScope,
    Count,
    CustomerGuide,
    DeductInfo,
    Display,
    Mode,
    OutBizNo,
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

CODES_A_CALL = 1_000
Code = Annotated[str, Field(pattern=r"^[0-9a-zA-Z\-_+=|]{1,64}$")]
Channel = Literal["ZHIFUBAO_TRADE_CHANNEL", "WX_TRADE_CHANNEL", "OTHER_TRADE_CHANNEL"]


class TakenUpResponse(Response):
    pass


class MarketingActivityOrdervoucherCreateResponse(Response):
    activity_id: str


class MarketingActivityOrdervoucherCreate(Request[MarketingActivityOrdervoucherCreateResponse]):
    """With codes that are uploaded the quantity is left out, and appended once they are there (D4.7)."""

    method = "alipay.marketing.activity.ordervoucher.create"
    response_type = MarketingActivityOrdervoucherCreateResponse

    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    activity_name: ActivityName | None = None
    activity_base_info: ActivityBase
    voucher_type: VoucherType | None = None
    voucher_deduct_info: DeductInfo
    voucher_send_mode_info: SendMode
    voucher_use_rule_info: UseRule
    voucher_display_pattern_info: Display | None = None
    voucher_customer_guide_info: CustomerGuide | None = None
    voucher_available_scope_info: AvailableScope | None = None


class MarketingActivityOrdervoucherModifyResponse(TakenUpResponse):
    pass


class MarketingActivityOrdervoucherModify(Request[MarketingActivityOrdervoucherModifyResponse]):
    method = "alipay.marketing.activity.ordervoucher.modify"
    response_type = MarketingActivityOrdervoucherModifyResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    publish_end_time: Second | None = None
    voucher_send_mode_info: SendMode | None = None
    voucher_use_rule_info: UseRule | None = None


class MarketingActivityOrdervoucherAppendResponse(TakenUpResponse):
    pass


class MarketingActivityOrdervoucherAppend(Request[MarketingActivityOrdervoucherAppendResponse]):
    """`voucher_quantity` is the new total, at most 999,999 (D4.6)."""

    method = "alipay.marketing.activity.ordervoucher.append"
    response_type = MarketingActivityOrdervoucherAppendResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    voucher_quantity: Count


class MarketingActivityOrdervoucherStopResponse(TakenUpResponse):
    pass


class MarketingActivityOrdervoucherStop(Request[MarketingActivityOrdervoucherStopResponse]):
    method = "alipay.marketing.activity.ordervoucher.stop"
    response_type = MarketingActivityOrdervoucherStopResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"


class MarketingActivityOrdervoucherQueryResponse(Response):
    """`activity_operation_status` is empty when nothing is under way."""

    activity_id: str | None = None
    activity_name: str | None = None
    activity_status: str | None = None
    activity_operation_status: str | None = None
    publish_start_time: str | None = None
    publish_end_time: str | None = None
    activity_base_info: ToldBase | None = None
    audit_result_info: Audit | None = None
    summary: Summary | None = None
    voucher_send_mode_info: ToldSendMode | None = None


class MarketingActivityOrdervoucherQuery(Request[MarketingActivityOrdervoucherQueryResponse]):
    method = "alipay.marketing.activity.ordervoucher.query"
    response_type = MarketingActivityOrdervoucherQueryResponse

    activity_id: Text
    merchant_access_mode: Mode = "SELF_MODE"


class CodeFailure(Answered):
    voucher_code: str | None = None
    error_code: str | None = None
    error_msg: str | None = None


class MarketingActivityOrdervoucherCodedepositResponse(Response):
    success_count: int = 0
    fail_count: int = 0
    success_voucher_code_list: tuple[str, ...] = ()
    fail_voucher_code_detail_list: tuple[CodeFailure, ...] = ()


class MarketingActivityOrdervoucherCodedeposit(Request[MarketingActivityOrdervoucherCodedepositResponse]):
    """Takes those that are right and names each that is not (D4.8)."""

    method = "alipay.marketing.activity.ordervoucher.codedeposit"
    response_type = MarketingActivityOrdervoucherCodedepositResponse

    activity_id: Text
    out_biz_no: OutBizNo
    merchant_access_mode: Mode = "SELF_MODE"
    voucher_codes: tuple[Code, ...] = Field(min_length=1, max_length=CODES_A_CALL)


class MarketingActivityOrdervoucherCodecountResponse(Response):
    success_count: int = 0


class MarketingActivityOrdervoucherCodecount(Request[MarketingActivityOrdervoucherCodecountResponse]):
    method = "alipay.marketing.activity.ordervoucher.codecount"
    response_type = MarketingActivityOrdervoucherCodecountResponse

    activity_id: Text
    merchant_access_mode: Mode = "SELF_MODE"


class MarketingActivityOrdervoucherSendResponse(Response):
    voucher_code: str


class MarketingActivityOrdervoucherSend(Request[MarketingActivityOrdervoucherSendResponse]):
    """One coupon to one person; the platform answers its code."""

    method = "alipay.marketing.activity.ordervoucher.send"
    response_type = MarketingActivityOrdervoucherSendResponse

    activity_id: Text
    out_biz_no: OutBizNo
    open_id: Text | None = None
    user_id: Text | None = None
    biz_dt: Second | None = None
    trade_no: Text | None = None
    trade_channel: Channel | None = None


class UseDetail(Sent):
    """Of a coupon that can be used several times."""

    voucher_use_times: Count | None = None
    voucher_use_amount: Yuan | None = None


class Item(Sent):
    """One line of the bill; `price` of one piece."""

    goods_id: Text
    goods_name: Text | None = None
    price: Yuan
    quantity: Count


class LeftDetail(Answered):
    voucher_max_un_use_times: int | None = None


class UsedResponse(Response):
    activity_id: str | None = None
    voucher_use_detail_result_info: LeftDetail | None = None


class MarketingActivityOrdervoucherUseResponse(UsedResponse):
    pass


class MarketingActivityOrdervoucherUse(Request[MarketingActivityOrdervoucherUseResponse]):
    """`total_fee` before the discount; `trade_no` is required of an Alipay trade; the store is in scope."""

    method = "alipay.marketing.activity.ordervoucher.use"
    response_type = MarketingActivityOrdervoucherUseResponse

    activity_id: Text
    voucher_code: Text
    out_biz_no: OutBizNo
    biz_dt: Second
    total_fee: Yuan
    trade_channel: Channel
    merchant_access_mode: Mode = "SELF_MODE"
    trade_no: Text | None = None
    store_id: Text | None = None
    voucher_use_detail_info: UseDetail | None = None
    goods_detail: tuple[Item, ...] | None = None


class RefundDetail(Sent):
    voucher_refund_use_times: Count | None = None
    voucher_refund_amount: Yuan | None = None


class MarketingActivityOrdervoucherRefundResponse(UsedResponse):
    pass


class MarketingActivityOrdervoucherRefund(Request[MarketingActivityOrdervoucherRefundResponse]):
    """Gives a used code back. Past its validity the call succeeds and the coupon stays unusable."""

    method = "alipay.marketing.activity.ordervoucher.refund"
    response_type = MarketingActivityOrdervoucherRefundResponse

    activity_id: Text
    voucher_code: Text
    out_biz_no: OutBizNo
    biz_dt: Second
    merchant_access_mode: Mode = "SELF_MODE"
    total_fee: Yuan | None = None
    voucher_refund_detail_info: RefundDetail | None = None


class MarketingActivityOrdervoucherInvalidResponse(TakenUpResponse):
    pass


class MarketingActivityOrdervoucherInvalid(Request[MarketingActivityOrdervoucherInvalidResponse]):
    """Takes an unused code away from its holder."""

    method = "alipay.marketing.activity.ordervoucher.invalid"
    response_type = MarketingActivityOrdervoucherInvalidResponse

    activity_id: Text
    voucher_code: Text
    out_biz_no: OutBizNo
    biz_dt: Second
    merchant_access_mode: Mode = "SELF_MODE"
