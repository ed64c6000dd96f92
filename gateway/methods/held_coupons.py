"""What a person holds, as the platform's books say. Sources: domain D.7."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.methods import Answered, Request, Response, Sent
from gateway.methods.coupon_terms import Mode, Text

MOST_A_PAGE = 20


class VoucherBase(Answered):
    """`voucher_status`: SENDED (sic) can be used, USED has no use left, EXPIRED is over."""

    voucher_id: str | None = None
    voucher_code: str | None = None
    voucher_status: str | None = None
    voucher_max_use_times: int | None = None
    voucher_used_times: int | None = None
    valid_begin_time: str | None = None
    valid_end_time: str | None = None
    create_time: str | None = None
    associate_trade_no: str | None = None


class HeldVoucher(Answered):
    activity_id: str | None = None
    voucher_id: str | None = None
    voucher_status: str | None = None
    create_time: str | None = None
    user_voucher_base_info: VoucherBase | None = None


class MarketingActivityUserBatchqueryvoucherResponse(Response):
    page_num: int = 1
    page_size: int = MOST_A_PAGE
    total_size: int = 0
    user_voucher_infos: tuple[HeldVoucher, ...] = ()


class MarketingActivityUserBatchqueryvoucher(Request[MarketingActivityUserBatchqueryvoucherResponse]):
    """Newest first; expired ones for six months."""

    method = "alipay.marketing.activity.user.batchqueryvoucher"
    response_type = MarketingActivityUserBatchqueryvoucherResponse

    open_id: Text | None = None
    user_id: Text | None = None
    belong_merchant_id: Text | None = None
    sender_merchant_id: Text | None = None
    activity_id: Text | None = None
    voucher_status: Literal["SENDED", "USED", "EXPIRED"] | None = None
    page_num: Annotated[int, Field(ge=1)] = 1
    page_size: Annotated[int, Field(ge=1, le=MOST_A_PAGE)] = MOST_A_PAGE
    merchant_access_mode: Mode = "SELF_MODE"

    @model_validator(mode="after")
    def _one_merchant(self) -> Self:
        if (self.belong_merchant_id is None) == (self.sender_merchant_id is None):
            raise ValueError("Name either belong_merchant_id or sender_merchant_id.")
        return self


class MarketingActivityUserQueryvoucherResponse(Response):
    activity_id: str | None = None
    user_voucher_base_info: VoucherBase | None = None


class MarketingActivityUserQueryvoucher(Request[MarketingActivityUserQueryvoucherResponse]):
    """One coupon, by its id or by code and activity."""

    method = "alipay.marketing.activity.user.queryvoucher"
    response_type = MarketingActivityUserQueryvoucherResponse

    open_id: Text | None = None
    user_id: Text | None = None
    voucher_id: Text | None = None
    voucher_code: Text | None = None
    activity_id: Text | None = None
    merchant_id: Text | None = None
    merchant_access_mode: Mode = "SELF_MODE"

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.voucher_id is None) == (self.voucher_code is None):
            raise ValueError("Name either voucher_id or voucher_code.")
        if self.voucher_code is not None and self.activity_id is None:
            raise ValueError("A voucher_code is only known with its activity_id.")
        return self


class Consulted(Sent):
    activity_id: Text


class ConsultResult(Answered):
    """SUCCESS, COUNT_OVER_LIMIT, BUDGET_NOT_ENOUGH, ACTIVITY_NOT_START, ACTIVITY_NOT_PERMISSION or OTHER."""

    activity_id: str | None = None
    consult_result_code: str | None = None


class MarketingActivityConsultResponse(Response):
    consult_result_info_list: tuple[ConsultResult, ...] = ()


class MarketingActivityConsult(Request[MarketingActivityConsultResponse]):
    """Whether the person could get one of each now; nothing is held for anybody."""

    method = "alipay.marketing.activity.consult"
    response_type = MarketingActivityConsultResponse

    consult_activity_info_list: tuple[Consulted, ...] = Field(min_length=1, max_length=20)
    open_id: Text | None = None
    user_id: Text | None = None
    merchant_access_mode: Mode = "SELF_MODE"
