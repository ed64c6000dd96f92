"""Card templates (会员卡模板), their form, address and benefits. Sources: domain E.2, E.3, E4.8.

`notify_url` stands beside biz_content: where the platform tells that a card of the template was opened or
ended.
"""

import json
from typing import Annotated, Self
from urllib.parse import unquote

from pydantic import Field, model_validator

from gateway.methods import Answered, Request, Response, Sent
from gateway.methods.card_terms import (
    MAX_ACTIONS,
    MAX_CARD_NUMBER,
    Action,
    Channel,
    CodeConf,
    Column,
    FieldRule,
    FormConf,
    FormField,
    Level,
    OpenConf,
    PaidConf,
    Second,
    Style,
    TemplateBenefit,
    Text,
    WriteOff,
    check_actions,
    check_form,
    check_unique,
)

MOST_A_PAGE = 20
RequestId = Annotated[str, Field(min_length=1, max_length=32)]
NotifyUrl = Annotated[str, Field(pattern=r"^https?://", max_length=256)]


class TemplateResponse(Response):
    template_id: str


class MarketingCardTemplateCreateResponse(TemplateResponse):
    pass


class MarketingCardTemplateCreate(Request[MarketingCardTemplateCreateResponse]):
    """The same `request_id` with the same words is the same template."""

    method = "alipay.marketing.card.template.create"
    response_type = MarketingCardTemplateCreateResponse
    outside = ("notify_url",)

    request_id: RequestId
    card_type: Annotated[str, Field(pattern="^OUT_MEMBER_CARD$")] = "OUT_MEMBER_CARD"
    biz_no_prefix: Annotated[str, Field(max_length=10, pattern=r"^[0-9A-Za-z]*$")] | None = None
    biz_no_suffix_len: Annotated[str, Field(pattern=r"^(8|9|[12]\d|3[0-2])$")]
    write_off_type: WriteOff
    template_style_info: Style
    column_info_list: tuple[Column, ...] | None = None
    field_rule_list: tuple[FieldRule, ...] | None = None
    card_level_conf: tuple[Level, ...] | None = None
    card_action_list: tuple[Action, ...] | None = Field(default=None, max_length=MAX_ACTIONS)
    open_card_conf: OpenConf | None = None
    mdcode_notify_conf: CodeConf | None = None
    template_benefit_info: tuple[TemplateBenefit, ...] | None = None
    template_form_config: FormConf | None = None
    paid_outer_card_conf: PaidConf | None = None
    pub_channels: tuple[Channel, ...] | None = None
    shop_ids: tuple[Text, ...] | None = None
    notify_url: NotifyUrl | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.biz_no_prefix or "") + int(self.biz_no_suffix_len) > MAX_CARD_NUMBER:
            raise ValueError(f"A card number has at most {MAX_CARD_NUMBER} characters.")
        if self.write_off_type in ("mdqrcode", "mdbarcode") and self.mdcode_notify_conf is None:
            raise ValueError("A dynamic code of the merchant's own needs mdcode_notify_conf.")
        _check_lists(self.column_info_list, self.card_action_list)
        return self


class MarketingCardTemplateModifyResponse(TemplateResponse):
    pass


class MarketingCardTemplateModify(Request[MarketingCardTemplateModifyResponse]):
    """What is named is replaced; shops are only added, rules of fields never changed."""

    method = "alipay.marketing.card.template.modify"
    response_type = MarketingCardTemplateModifyResponse
    outside = ("notify_url",)

    request_id: RequestId
    template_id: Text
    biz_no_prefix: Annotated[str, Field(max_length=10, pattern=r"^[0-9A-Za-z]*$")] | None = None
    biz_no_suffix_len: Annotated[str, Field(pattern=r"^(8|9|[12]\d|3[0-2])$")] | None = None
    write_off_type: WriteOff | None = None
    template_style_info: Style | None = None
    column_info_list: tuple[Column, ...] | None = None
    card_level_conf: tuple[Level, ...] | None = None
    card_action_list: tuple[Action, ...] | None = Field(default=None, max_length=MAX_ACTIONS)
    open_card_conf: OpenConf | None = None
    mdcode_notify_conf: CodeConf | None = None
    template_benefit_info: tuple[TemplateBenefit, ...] | None = None
    template_form_config: FormConf | None = None
    paid_outer_card_conf: PaidConf | None = None
    pub_channels: tuple[Channel, ...] | None = None
    shop_ids: tuple[Text, ...] | None = None
    notify_url: NotifyUrl | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_lists(self.column_info_list, self.card_action_list)
        return self


def _check_lists(columns: tuple[Column, ...] | None, actions: tuple[Action, ...] | None) -> None:
    check_unique([one.code for one in columns or ()], "columns")
    check_unique([one.code for one in actions or ()], "actions")
    check_actions(actions)


class ToldStyle(Answered):
    card_show_name: str | None = None
    brand_name: str | None = None
    logo_id: str | None = None
    background_id: str | None = None
    bg_color: str | None = None
    slogan: str | None = None
    column_info_layout: str | None = None


class ToldColumn(Answered):
    code: str | None = None
    title: str | None = None
    value: str | None = None
    operate_type: str | None = None


class ToldRule(Answered):
    field_name: str | None = None
    rule_name: str | None = None
    rule_value: str | None = None


class ToldLevel(Answered):
    level: str | None = None
    level_show_name: str | None = None
    level_desc: str | None = None


class ToldMiniApp(Answered):
    mini_app_id: str | None = None
    mini_page_param: str | None = None
    display_on_list: str | None = None


class ToldAction(Answered):
    code: str | None = None
    text: str | None = None
    url_type: str | None = None
    url: str | None = None
    mini_app_url: ToldMiniApp | None = None


class ToldBenefitOfTemplate(Answered):
    title: str | None = None
    benefit_desc: tuple[str, ...] = ()
    start_date: str | None = None
    end_date: str | None = None


class ToldFields(Answered):
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class ToldForm(Answered):
    fields: ToldFields | None = None


class MarketingCardTemplateQueryResponse(Response):
    """The platform's copy; how a card's number is shown (write_off_type) it does not tell."""

    biz_no_prefix: str | None = None
    biz_no_suffix_len: str | None = None
    card_type: str | None = None
    template_style_info: ToldStyle | None = None
    column_info_list: tuple[ToldColumn, ...] = ()
    field_rule_list: tuple[ToldRule, ...] = ()
    card_level_confs: tuple[ToldLevel, ...] = ()
    card_action_list: tuple[ToldAction, ...] = ()
    template_benefit_info: tuple[ToldBenefitOfTemplate, ...] = ()
    template_form_config: ToldForm | None = None
    shop_ids: tuple[str, ...] = ()


class MarketingCardTemplateQuery(Request[MarketingCardTemplateQueryResponse]):
    method = "alipay.marketing.card.template.query"
    response_type = MarketingCardTemplateQueryResponse

    template_id: Text


class ToldTemplate(Answered):
    template_id: str | None = None
    card_type: str | None = None
    gmt_create: str | None = None
    gmt_modified: str | None = None
    template_style_info: ToldStyle | None = None


class MarketingCardTemplateBatchqueryResponse(Response):
    mcard_template: tuple[ToldTemplate, ...] = ()
    template_total: int = 0


class MarketingCardTemplateBatchquery(Request[MarketingCardTemplateBatchqueryResponse]):
    method = "alipay.marketing.card.template.batchquery"
    response_type = MarketingCardTemplateBatchqueryResponse

    page_no: Annotated[int, Field(ge=1)] = 1
    page_size: Annotated[int, Field(ge=1, le=MOST_A_PAGE)] = MOST_A_PAGE


# --- the form and its address -----------------------------------------------------------------------------


class FormTexts(Sent):
    """Each the text of an object with `common_fields`, as the platform wants it."""

    required: Text
    optional: Text | None = None


def form_texts(required: tuple[FormField, ...], optional: tuple[FormField, ...] = ()) -> FormTexts:
    """Raises ValueError unless something is required and no field is asked for twice."""
    check_form(required, optional)
    texts = [
        json.dumps({"common_fields": list(fields)}) if fields else None for fields in (required, optional)
    ]
    return FormTexts.model_validate({"required": texts[0], "optional": texts[1]})


class MarketingCardFormtemplateSetResponse(Response):
    pass


class MarketingCardFormtemplateSet(Request[MarketingCardFormtemplateSetResponse]):
    """Set again, who holds a card sees the form again. Phone, name, birthday and email need an approval."""

    method = "alipay.marketing.card.formtemplate.set"
    response_type = MarketingCardFormtemplateSetResponse

    template_id: Text
    fields: FormTexts


class MarketingCardActivateurlApplyResponse(Response):
    apply_card_url: str

    @property
    def url(self) -> str:
        """The address itself: the platform answers it encoded."""
        return unquote(self.apply_card_url)


class MarketingCardActivateurlApply(Request[MarketingCardActivateurlApplyResponse]):
    """`callback` has no parameters and is the app's registered address; `out_string` comes back with it."""

    method = "alipay.marketing.card.activateurl.apply"
    response_type = MarketingCardActivateurlApplyResponse

    template_id: Text
    callback: Annotated[str, Field(pattern=r"^https?://[^?#\s]+$")]
    out_string: Text | None = None
    follow_app_id: Text | None = None


# --- benefits ---------------------------------------------------------------------------------------------


class Benefit(Sent):
    """Shown inside its dates only. `ext_info`: JSON text with openUrl."""

    template_id: Text
    title: Text
    benefit_desc: tuple[Text, ...] = Field(min_length=1)
    start_date: Second
    end_date: Second
    ext_info: Text | None = None


class MarketingCardBenefitCreateResponse(Response):
    benefit_id: str


class MarketingCardBenefitCreate(Request[MarketingCardBenefitCreateResponse]):
    """The call has no number of its own: after an unknown outcome ask by benefit.query before repeating."""

    method = "alipay.marketing.card.benefit.create"
    response_type = MarketingCardBenefitCreateResponse

    mcard_template_benefit: Benefit


class MarketingCardBenefitModifyResponse(Response):
    pass


class MarketingCardBenefitModify(Request[MarketingCardBenefitModifyResponse]):
    method = "alipay.marketing.card.benefit.modify"
    response_type = MarketingCardBenefitModifyResponse

    benefit_id: Text
    mcard_template_benefit: Benefit


class ToldBenefit(Answered):
    benefit_id: str | None = None
    template_id: str | None = None
    title: str | None = None
    benefit_desc: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    ext_info: str | None = None


class MarketingCardBenefitQueryResponse(Response):
    mcard_template_benefit_query: tuple[ToldBenefit, ...] = ()


class MarketingCardBenefitQuery(Request[MarketingCardBenefitQueryResponse]):
    method = "alipay.marketing.card.benefit.query"
    response_type = MarketingCardBenefitQueryResponse

    template_id: Text
    benefit_id: Text | None = None


class MarketingCardBenefitDeleteResponse(Response):
    pass


class MarketingCardBenefitDelete(Request[MarketingCardBenefitDeleteResponse]):
    method = "alipay.marketing.card.benefit.delete"
    response_type = MarketingCardBenefitDeleteResponse

    template_id: Text
    benefit_id: Text
