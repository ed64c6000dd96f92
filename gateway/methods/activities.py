"""A coupon's activity in the words that both families share."""

from gateway.methods import Request, Response
from gateway.methods.coupon_terms import Mode, Text


class MarketingActivityQueryResponse(Response):
    """What the queries of each family leave out: to whom it belongs, which a person's list is asked by."""

    activity_id: str | None = None
    activity_status: str | None = None
    belong_merchant_id: str | None = None


class MarketingActivityQuery(Request[MarketingActivityQueryResponse]):
    method = "alipay.marketing.activity.query"
    response_type = MarketingActivityQueryResponse

    activity_id: Text
    merchant_id: Text | None = None
    merchant_access_mode: Mode = "SELF_MODE"
