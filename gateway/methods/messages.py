"""Subscription messages: the template library, adopted templates, one person's consent, one message."""

from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, model_validator

from gateway import wire
from gateway.methods import Answered, Request, Response, Sent

SceneRule = Literal["one_time_subscribe", "long_term_subscribe"]
PageSize = Annotated[int, Field(ge=1, le=wire.PAGE_SIZE_MAX)]
PageNumber = Annotated[int, Field(ge=1)]
TemplateId = Annotated[str, Field(min_length=1, max_length=wire.TEMPLATE_ID_MAX_CHARACTERS)]


class OpenAppMiniTemplatemessageSendResponse(Response):
    """Nothing but the code: the platform gives a message no id."""


class OpenAppMiniTemplatemessageSend(Request[OpenAppMiniTemplatemessageSendResponse]):
    """Send one message to one person.

    The method has no idempotency key: the same call made twice can reach the person twice. `data` is made by
    `wire.message_data`, `page` by `wire.page_with_parameters`. Subscription templates
    take no `form_id`.
    """

    method = "alipay.open.app.mini.templatemessage.send"
    response_type = OpenAppMiniTemplatemessageSendResponse

    to_user_id: str | None = Field(None, min_length=1, max_length=wire.USER_ID_MAX_CHARACTERS)
    to_open_id: str | None = Field(None, min_length=1)
    user_template_id: TemplateId
    page: str = Field(min_length=1, max_length=wire.PAGE_MAX_CHARACTERS)
    data: str = Field(max_length=wire.DATA_MAX_CHARACTERS)
    form_id: str | None = Field(None, min_length=1, max_length=wire.FORM_ID_MAX_CHARACTERS)

    @model_validator(mode="after")
    def _one_recipient(self) -> Self:
        if (self.to_user_id is None) == (self.to_open_id is None):
            raise ValueError("A message goes to either a to_user_id or a to_open_id.")
        return self


class SubscribeRelation(Answered):
    """`subscribe_type` is `longterm` or `onetime`; `subscribe_state` and `keep_state` are "1" or "0"."""

    template_id: str
    subscribe_type: str | None = None
    subscribe_state: str | None = None
    keep_state: str | None = None
    show: bool | None = None

    @property
    def subscribed(self) -> bool:
        return self.subscribe_state == "1"


class OpenAppMessagetemplateSubscribeQueryResponse(Response):
    """`subscribe_relations` is absent, here empty, for a person who never answered a prompt."""

    show_component: bool | None = None
    subscribe_relations: tuple[SubscribeRelation, ...] = ()


class OpenAppMessagetemplateSubscribeQuery(Request[OpenAppMessagetemplateSubscribeQueryResponse]):
    """Ask for one person's consent to at most three templates of one prompt."""

    method = "alipay.open.app.messagetemplate.subscribe.query"
    response_type = OpenAppMessagetemplateSubscribeQueryResponse

    user_id: str | None = Field(None, min_length=1, max_length=wire.USER_ID_MAX_CHARACTERS)
    open_id: str | None = Field(None, min_length=1)
    template_id_list: tuple[TemplateId, ...] = Field(
        min_length=1, max_length=wire.SUBSCRIBE_QUERY_MAX_TEMPLATES
    )

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.user_id is None) == (self.open_id is None):
            raise ValueError("Consent is asked for either a user_id or an open_id.")
        return self


class Fatigue(Answered):
    """At most `total` messages per person and template in `value` units of `unit` (`day` or `week`)."""

    value: int | None = None
    unit: str | None = None
    total: int | None = None


class NotSelectableReason(Answered):
    reason_text: str | None = None
    action_url: str | None = None


class LibraryTemplate(Answered):
    code: str
    name: str | None = None
    keyword_desc: str | None = None
    scene_rule: str | None = None
    industry_code: str | None = None
    industry_scenario: str | None = None
    has_push: bool | None = None
    delivery_settings: str | None = None
    fatigue: Fatigue | None = None
    selectable: bool | None = None
    not_selectable_reason: NotSelectableReason | None = None
    status: str | None = None

    @property
    def keywords(self) -> tuple[str, ...]:
        return _keywords(self.keyword_desc)


class OpenMiniMessageTemplatelibBatchqueryResponse(Response):
    template_lib_list: tuple[LibraryTemplate, ...] = ()
    page_num: int | None = None
    page_size: int | None = None
    total_count: int | None = None


class OpenMiniMessageTemplatelibBatchquery(Request[OpenMiniMessageTemplatelibBatchqueryResponse]):
    """One page of the template library as this app sees it."""

    method = "alipay.open.mini.message.templatelib.batchquery"
    response_type = OpenMiniMessageTemplatelibBatchqueryResponse

    industry_code: str | None = None
    industry_scenario: str | None = None
    scene_rule: SceneRule | None = None
    has_push: bool | None = None
    page_num: PageNumber = 1
    page_size: PageSize = wire.PAGE_SIZE_MAX


class Keyword(Sent):
    name: str = Field(min_length=1)


class OpenMiniMessageTemplateApplyResponse(Response):
    template_id: str


class OpenMiniMessageTemplateApply(Request[OpenMiniMessageTemplateApplyResponse]):
    """Adopt a library template. The order of the keywords fixes keyword1 … keywordN for ever."""

    method = "alipay.open.mini.message.template.apply"
    response_type = OpenMiniMessageTemplateApplyResponse

    lib_code: str = Field(min_length=1)
    scene_rule: SceneRule
    keyword_list: tuple[Keyword, ...] = Field(
        min_length=wire.ADOPT_MIN_KEYWORDS, max_length=wire.ADOPT_MAX_KEYWORDS
    )


class AdoptedTemplate(Answered):
    template_id: str
    name: str | None = None
    keyword_desc: str | None = None
    scene_rule: str | None = None
    delivery_settings: str | None = None
    fatigue: Fatigue | None = None
    status: str | None = None

    @property
    def keywords(self) -> tuple[str, ...]:
        return _keywords(self.keyword_desc)


class OpenMiniMessageTemplateBatchqueryResponse(Response):
    template_list: tuple[AdoptedTemplate, ...] = ()
    page_num: int | None = None
    page_size: int | None = None
    total_count: int | None = None


class OpenMiniMessageTemplateBatchquery(Request[OpenMiniMessageTemplateBatchqueryResponse]):
    """One page of the app's adopted templates. Here the platform wants `page_size` as text."""

    method = "alipay.open.mini.message.template.batchquery"
    response_type = OpenMiniMessageTemplateBatchqueryResponse

    biz_type: Literal["sub_msg"] = "sub_msg"
    status_list: tuple[str, ...] | None = None
    page_num: PageNumber = 1
    page_size: Annotated[PageSize, PlainSerializer(str, return_type=str)] = wire.PAGE_SIZE_MAX


def _keywords(keyword_desc: str | None) -> tuple[str, ...]:
    """The platform writes them in one text with commas, Western or Chinese."""
    parts = (keyword_desc or "").replace("，", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())
