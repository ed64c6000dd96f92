"""Member cards (会员卡): the token of whoever filled in the form, the card, its life and its end.

Sources: domain A7.7, E3.3, E.4. A person's token stands beside biz_content; it serves exactly two calls, the
query of the form and the opening.
"""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gateway.methods import Answered, Request, Response, Sent
from gateway.methods.card_terms import MAX_CARD_NUMBER, MAX_FRONT_LINES, Points, Second, Text, Yuan

Token = Annotated[str, Field(min_length=1, max_length=40)]
Number = Annotated[str, Field(min_length=1, max_length=64)]
CardNumber = Annotated[str, Field(min_length=1, max_length=MAX_CARD_NUMBER)]
SignedPoints = Annotated[str, Field(pattern=r"^[+-]?\d{1,12}(\.\d{1,2})?$")]
AnyKind = Literal["BIZ_CARD", "D_QR_CODE", "D_BAR_CODE", "EXTERNAL_CARD"]
OwnKind = Literal["BIZ_CARD", "EXTERNAL_CARD"]


class SystemOauthTokenResponse(Response):
    access_token: str
    refresh_token: str | None = None
    expires_in: int | None = None
    re_expires_in: int | None = None
    open_id: str | None = None
    user_id: str | None = None


class SystemOauthToken(Request[SystemOauthTokenResponse]):
    """Its parameters stand beside biz_content."""

    method = "alipay.system.oauth.token"
    response_type = SystemOauthTokenResponse
    outside = ("grant_type", "code", "refresh_token")

    grant_type: Literal["authorization_code", "refresh_token"] = Field(
        default="authorization_code", exclude=True
    )
    code: Text | None = Field(default=None, exclude=True)
    refresh_token: Text | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _what_the_grant_needs(self) -> Self:
        if (self.code if self.grant_type == "authorization_code" else self.refresh_token) is None:
            raise ValueError("authorization_code needs a code, refresh_token a refresh_token.")
        return self


class UserInfoShareResponse(Response):
    open_id: str | None = None
    user_id: str | None = None
    nick_name: str | None = None
    avatar: str | None = None
    gender: str | None = None
    mobile: str | None = None


class UserInfoShare(Request[UserInfoShareResponse]):
    """Who authorised the mini program; not for the token of a card's form."""

    method = "alipay.user.info.share"
    response_type = UserInfoShareResponse
    outside = ("auth_token",)

    auth_token: Token = Field(exclude=True)


class MarketingCardActivateformQueryResponse(Response):
    infos: str = ""

    @property
    def answers(self) -> dict[str, str]:
        """Field → what was filled in; the platform writes an object, or a list of them. Raises ValueError."""
        found = json.loads(self.infos) if self.infos else {}
        parts = found if isinstance(found, list) else [found]
        if not all(isinstance(one, dict) for one in parts):
            raise ValueError("infos holds no fields.")
        return {str(name): str(value) for one in parts for name, value in one.items()}


class MarketingCardActivateformQuery(Request[MarketingCardActivateformQueryResponse]):
    method = "alipay.marketing.card.activateform.query"
    response_type = MarketingCardActivateformQueryResponse
    outside = ("auth_token",)

    biz_type: Literal["MEMBER_CARD"] = "MEMBER_CARD"
    template_id: Text
    request_id: Text
    auth_token: Token = Field(exclude=True)


class CardUser(Sent):
    user_uni_id: Text
    user_uni_id_type: Literal["UID", "open_id"] = "open_id"


class FrontLine(Sent):
    label: Text
    value: Text


class DynamicCode(Sent):
    """A code of the merchant's own."""

    code_status: Text
    code_value: Text
    expire_time: Second | None = None
    time_stamp: Text | None = None


class CardFacts(Sent):
    """`point` with at most two decimals, `balance` in yuan, times Beijing wall time."""

    level: Text | None = None
    point: Points | None = None
    balance: Yuan | None = None
    front_text_list: tuple[FrontLine, ...] | None = Field(default=None, max_length=MAX_FRONT_LINES)
    front_image_id: Text | None = None
    custom_assets: Text | None = None
    mdcode_info: DynamicCode | None = None


class NewCard(CardFacts):
    external_card_no: CardNumber
    open_date: Second | None = None
    valid_date: Second | None = None


class ChangedCard(CardFacts):
    """`template_id` moves the card to another template; its dates cannot be changed."""

    external_card_no: CardNumber | None = None
    template_id: Text | None = None


class Member(Sent):
    """`gende` is the platform's spelling."""

    name: Text | None = None
    gende: Literal["MALE", "FEMALE"] | None = None
    birth: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None
    cell: Text | None = None


class Cycle(Sent):
    cycle_type: Literal["YEAR", "QUARTER", "MONTH"] | None = None
    open_status: Text | None = None
    close_reason: Literal["MANUAL_CLOSE", "EXPIRE_CLOSE", "CLOSE"] | None = None


class Purchase(Sent):
    price: Yuan
    action_date: Second | None = None
    alipay_trade_no: Text | None = None
    out_trade_no: Text | None = None
    source: Text | None = None


class PaidCard(Sent):
    action: Literal["OPEN", "UPGRADE", "DOWNGRADE", "RENEW"]
    purchase_info: Purchase | None = None
    cycle_info: Cycle | None = None


class ToldCard(Answered):
    """`biz_card_no` is the platform's number of the card: what every later call names."""

    biz_card_no: str
    external_card_no: str | None = None
    template_id: str | None = None
    open_date: str | None = None
    valid_date: str | None = None
    level: str | None = None
    point: str | None = None
    balance: str | None = None


class MarketingCardOpenResponse(Response):
    card_info: ToldCard


class MarketingCardOpen(Request[MarketingCardOpenResponse]):
    """The same `out_serial_no` with the same words is the same card."""

    method = "alipay.marketing.card.open"
    response_type = MarketingCardOpenResponse
    outside = ("auth_token",)

    out_serial_no: Number
    card_template_id: Text
    card_user_info: CardUser
    card_ext_info: NewCard
    member_ext_info: Member | None = None
    open_card_channel: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")] | None = None
    open_card_channel_id: Text | None = None
    paid_outer_card_info: PaidCard | None = None
    auth_token: Token = Field(exclude=True)


class PointMessage(Sent):
    """Signed: the person is told of it."""

    changed_point: SignedPoints


class ResultResponse(Response):
    result_code: str | None = None


class MarketingCardUpdateResponse(ResultResponse):
    pass


class MarketingCardUpdate(Request[MarketingCardUpdateResponse]):
    """Taken in the order of `occur_time`: an older one is accepted and changes nothing."""

    method = "alipay.marketing.card.update"
    response_type = MarketingCardUpdateResponse

    target_card_no: Text
    target_card_no_type: Literal["BIZ_CARD"] = "BIZ_CARD"
    occur_time: Second
    card_info: ChangedCard | None = None
    merchant_card_msg_info: PointMessage | None = None
    paid_outer_card_info: PaidCard | None = None


class MarketingCardQueryResponse(Response):
    """`schema_url` is empty when the card is not in the person's card pack."""

    card_info: ToldCard
    schema_url: str = ""
    pass_id: str | None = None

    @property
    def in_card_pack(self) -> bool:
        return bool(self.schema_url)


class MarketingCardQuery(Request[MarketingCardQueryResponse]):
    method = "alipay.marketing.card.query"
    response_type = MarketingCardQueryResponse

    target_card_no: Text
    target_card_no_type: AnyKind = "BIZ_CARD"
    template_id: Text | None = None
    card_user_info: CardUser | None = None


class MarketingCardDeleteResponse(Response):
    biz_serial_no: str | None = None


class MarketingCardDelete(Request[MarketingCardDeleteResponse]):
    """CANCEL is for ever; after USER_UNBUND and PRESENT the number may be bound again."""

    method = "alipay.marketing.card.delete"
    response_type = MarketingCardDeleteResponse

    out_serial_no: Number
    target_card_no: Text
    target_card_no_type: OwnKind = "BIZ_CARD"
    reason_code: Literal["USER_UNBUND", "CANCEL", "PRESENT"]
    ext_info: Text | None = None


class MarketingCardMessageNotifyResponse(ResultResponse):
    pass


class MarketingCardMessageNotify(Request[MarketingCardMessageNotifyResponse]):
    """Points that are about to expire; once for each `notify_no`."""

    method = "alipay.marketing.card.message.notify"
    response_type = MarketingCardMessageNotifyResponse

    notify_no: Number
    notify_type: Literal["POINT_REMIND"] = "POINT_REMIND"
    notify_info: Text
    occur_time: Second
    target_card_no: Text
    target_card_no_type: OwnKind = "BIZ_CARD"


def point_reminder(points: str, until: str) -> str:
    """The `notify_info` of a reminder: so many points end then."""
    facts: dict[str, Any] = {"expired_point": points, "expired_time": until}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


class UsedBenefit(Sent):
    benefit_type: Text
    amount: Text | None = None
    count: Text | None = None
    description: Text | None = None


class MarketingCardConsumeSyncResponse(Response):
    external_card_no: str | None = None


class MarketingCardConsumeSync(Request[MarketingCardConsumeSyncResponse]):
    """A purchase with the card. `card_info` counts only where `trade_time` is newer than every change."""

    method = "alipay.marketing.card.consume.sync"
    response_type = MarketingCardConsumeSyncResponse

    target_card_no: Text
    target_card_no_type: AnyKind = "BIZ_CARD"
    trade_type: Literal["OPEN", "TRADE", "DEPOSIT", "RETURN"]
    swipe_cert_type: Literal["ALIPAY", "ENTITY", "OTHER"]
    trade_no: Number
    trade_time: Second
    trade_amount: Yuan
    act_pay_amount: Yuan | None = None
    trade_name: Text | None = None
    shop_code: Text | None = None
    memo: Text | None = None
    card_info: CardFacts | None = None
    gain_benefit_list: tuple[UsedBenefit, ...] | None = None
    use_benefit_list: tuple[UsedBenefit, ...] | None = None
