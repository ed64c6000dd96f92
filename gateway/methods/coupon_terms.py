"""What both families of coupons say of themselves: the blocks that create, modify and query share.

Amounts are yuan as text, times Beijing wall time, numbers text, as the platform writes them.
"""

from typing import Annotated, Literal

from pydantic import Field

from gateway.methods import Answered, Sent

Text = Annotated[str, Field(min_length=1)]
Yuan = Annotated[str, Field(pattern=r"^\d{1,10}(\.\d{1,2})?$")]
Second = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
Count = Annotated[str, Field(pattern=r"^\d{1,8}$")]
ActivityName = Annotated[str, Field(min_length=1, max_length=20)]
OutBizNo = Annotated[str, Field(min_length=1, max_length=64)]
Mode = Literal["SELF_MODE", "AGENCY_MODE"]
VoucherType = Literal["FIX_VOUCHER", "DISCOUNT_VOUCHER", "SPECIAL_VOUCHER", "EXCHANGE_VOUCHER"]
ClockTime = Annotated[str, Field(pattern=r"^\d\d:\d\d:\d\d$")]


class FixVoucher(Sent):
    amount: Yuan
    floor_amount: Yuan | None = None


class DiscountVoucher(Sent):
    """`discount` is what is paid: 6.5 takes 35 % off."""

    discount: Annotated[str, Field(pattern=r"^\d(\.\d)?$")]
    ceiling_amount: Yuan | None = None
    floor_amount: Yuan | None = None


class SpecialVoucher(Sent):
    special_amount: Yuan
    floor_amount: Yuan | None = None


class ExchangeGoods(Sent):
    exchange_goods_name: Text


class ExchangeVoucher(Sent):
    amount: Yuan
    biz_type: Literal["GROUP_BUY_EXCHANGE_VOUCHER", "FIX_EXCHANGE_VOUCHER"]
    floor_amount: Yuan | None = None
    exchange_goods_info: ExchangeGoods | None = None


class DeductInfo(Sent):
    """One of the four, as the type says."""

    voucher_type: VoucherType
    fix_voucher_info: FixVoucher | None = None
    discount_voucher_info: DiscountVoucher | None = None
    special_voucher_info: SpecialVoucher | None = None
    exchange_voucher_info: ExchangeVoucher | None = None


class Display(Sent):
    brand_name: Text | None = None
    voucher_name: Text | None = None
    voucher_description: Text | None = None
    customer_service_mobile: Text | None = None
    brand_logo: Text | None = None
    voucher_image: Text | None = None


class SendRule(Sent):
    quantity: Count | None = None
    publish_start_time: Second | None = None
    publish_end_time: Second | None = None
    max_quantity_by_day: Count | None = None
    quantity_limit_per_user: Count | None = None
    quantity_limit_per_user_period_type: Literal["DAY", "WEEK", "MONTH", "LIFE_CYCLE"] | None = None
    natural_person_limit: Literal["true", "false"] | None = None


class SaleMode(Sent):
    sale_amount: Yuan


class SendMode(Sent):
    voucher_send_mode: Literal["DIRECT_SEND_MODE", "SALE_MODE", "VOUCHER_PACKAGE"] | None = None
    voucher_send_rule_info: SendRule | None = None
    voucher_sale_mode_info: SaleMode | None = None


class EndTime(Sent):
    """`NEXT_DAY`: the range ends on the day after it began."""

    end_time: ClockTime
    end_time_type: Literal["CURRENT_DAY", "NEXT_DAY"] | None = None


class TimeRange(Sent):
    begin_time: ClockTime
    end_time_info: EndTime


class WeekRule(Sent):
    week_day: Text
    time_range_info: TimeRange | None = None


class PeriodRule(Sent):
    rule_type: Literal["WEEK", "HOLIDAY", "DATE"]
    week_rule_info: WeekRule | None = None


class TimeRestriction(Sent):
    usable_period_info: tuple[PeriodRule, ...] | None = None


class AbsolutePeriod(Sent):
    valid_begin_time: Second | None = None
    valid_end_time: Second | None = None
    time_restrict_info: TimeRestriction | None = None


class RelativePeriod(Sent):
    valid_days_after_receive: Count
    wait_days_after_receive: Count | None = None
    valid_days_relative_type: Literal["ROUND_FORWARD", "ROUND_BACKWARD"] | None = None
    time_restrict_info: TimeRestriction | None = None


class UseTime(Sent):
    period_type: Literal["ABSOLUTE", "RELATIVE"]
    absolute_period_info: AbsolutePeriod | None = None
    relative_period_info: RelativePeriod | None = None


class UseRule(Sent):
    voucher_use_time_info: UseTime
    voucher_max_use_times: Count | None = None


class MiniAppGuide(Sent):
    mini_app_url: Text


class UseGuide(Sent):
    use_guide_mode: tuple[Literal["OFFLINE_CODE", "MINI_APP", "SCAN_CODE", "CAN_USE"], ...] | None = None
    mini_app_use_guide_info: MiniAppGuide | None = None


class CustomerGuide(Sent):
    voucher_use_guide_info: UseGuide


class Shops(Sent):
    available_shop_ids: tuple[Text, ...] | None = None


class Geography(Sent):
    available_geography_scope_type: Literal["SHOP", "CITY_CODE"] | None = None
    available_geography_shop_info: Shops | None = None


class Goods(Sent):
    """`goods_name` and `origin_amount` are set together or not at all (domain D2.2)."""

    goods_name: Text | None = None
    origin_amount: Yuan | None = None
    available_goods_sku_ids: tuple[Text, ...] | None = None


class AvailableScope(Sent):
    voucher_available_geography_scope_info: Geography | None = None
    voucher_available_goods_info: Goods | None = None


class ActivityBase(Sent):
    activity_name: ActivityName
    code_mode: Literal["MERCHANT_UPLOAD", "MERCHANT_API"] | None = None


class PayActivityBase(Sent):
    activity_name: ActivityName


# --- what a query tells -----------------------------------------------------------------------------------


class Audit(Answered):
    audit_type: str | None = None
    audit_result: str | None = None
    audit_reason: str | None = None


class Summary(Answered):
    publish_count: int | None = None
    used_count: int | None = None


class ToldRule(Answered):
    quantity: int | None = None
    publish_start_time: str | None = None
    publish_end_time: str | None = None


class ToldSendMode(Answered):
    voucher_send_rule_info: ToldRule | None = None


class ToldBase(Answered):
    activity_status: str | None = None
    activity_operation_status: str | None = None
    activity_name: str | None = None
