"""What a card template says of the card: the blocks that create and modify share. Sources: domain E.2."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.methods import Sent

MAX_ACTIONS, MAX_FRONT_LINES = 3, 4
MAX_CARD_NUMBER = 32
QUICK_SERVICES = (0, 2)
Text = Annotated[str, Field(min_length=1)]
Points = Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,2})?$")]
Yuan = Annotated[str, Field(pattern=r"^\d{1,10}(\.\d{1,2})?$")]
Second = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
Switch = Literal["true", "false"]
WriteOff = Literal["qrcode", "barcode", "dqrcode", "dbarcode", "mdqrcode", "mdbarcode", "text", "none"]
FormField = Literal[
    "OPEN_FORM_FIELD_MOBILE",
    "OPEN_FORM_FIELD_GENDER",
    "OPEN_FORM_FIELD_NAME",
    "OPEN_FORM_FIELD_BIRTHDAY",
    "OPEN_FORM_FIELD_IDCARD",
    "OPEN_FORM_FIELD_EMAIL",
    "OPEN_FORM_FIELD_ADDRESS",
    "OPEN_FORM_FIELD_CITY",
    "OPEN_FORM_FIELD_IS_STUDENT",
    "OPEN_FORM_FIELD_MEMBER_GRADE",
]
FormFields = Annotated[tuple[FormField, ...], Field(max_length=20)]


class Style(Sent):
    """`bg_color` is the colour of the writing in the middle. Pictures are ids of uploads."""

    card_show_name: Text
    logo_id: Text | None = None
    background_id: Text | None = None
    bg_color: Text | None = None
    brand_name: Text | None = None
    feature_descriptions: tuple[Text, ...] | None = None
    slogan: Text | None = None
    slogan_img_id: Text | None = None
    banner_img_id: Text | None = None
    banner_url: Text | None = None
    column_info_layout: Literal["list", "grid"] | None = None
    front_text_list_enable: Switch | None = None
    front_image_enable: Switch | None = None


class MoreInfo(Sent):
    title: Text | None = None
    url: Text | None = None
    params: Text | None = None
    descs: tuple[Text, ...] | None = None


class Column(Sent):
    """`code`: BALANCE, POINT, LEVEL, TELEPHONE or one of the merchant's own."""

    code: Text
    title: Text
    value: Text | None = None
    operate_type: Literal["openNative", "openWeb", "staticinfo"] = "staticinfo"
    more_info: MoreInfo | None = None
    icon_id: Text | None = None
    tag: Text | None = None
    group_title: Text | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        more = self.more_info or MoreInfo()
        if self.code == "TELEPHONE" and self.operate_type != "staticinfo":
            raise ValueError("TELEPHONE is shown, it opens nothing.")
        if self.operate_type == "openNative" and not more.descs:
            raise ValueError("openNative needs more_info.descs.")
        if self.operate_type == "openWeb" and not more.url:
            raise ValueError("openWeb needs more_info.url.")
        return self


class FieldRule(Sent):
    """How a field of a card comes to its value. Cannot be changed once the template is made."""

    field_name: Literal["Balance", "Point", "Level", "OpenDate", "ValidDate"]
    rule_name: Literal["ASSIGN_FROM_REQUEST", "DATE_IN_FUTURE", "CONST"]
    rule_value: Text

    @model_validator(mode="after")
    def _dates_only(self) -> Self:
        if self.rule_name == "DATE_IN_FUTURE" and self.field_name not in ("OpenDate", "ValidDate"):
            raise ValueError("DATE_IN_FUTURE is for dates.")
        return self


class Level(Sent):
    """`level` is what card.open and card.update name."""

    level: Text
    level_show_name: Text
    level_desc: Text | None = None
    level_icon: Text | None = None


class MiniApp(Sent):
    mini_app_id: Text
    mini_page_param: Text | None = None
    mini_query_param: Text | None = None
    display_on_list: Switch | None = None


class Action(Sent):
    code: Annotated[str, Field(min_length=1, max_length=32)]
    text: Annotated[str, Field(min_length=1, max_length=6)]
    url_type: Literal["url", "miniAppUrl"]
    url: Text | None = None
    mini_app_url: MiniApp | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.url if self.url_type == "url" else self.mini_app_url) is None:
            raise ValueError("An action needs the target that its url_type names.")
        return self


class Right(Sent):
    title: Text
    detail: Text | None = None
    logo_id: Text | None = None


class OpenConf(Sent):
    open_card_source_type: Literal["ISV", "MER"]
    source_app_id: Text
    open_card_url: Text
    conf: Text | None = None
    card_rights: tuple[Right, ...] | None = None


class CodeConf(Sent):
    """Where the platform asks for a dynamic code of the merchant's own."""

    url: Annotated[str, Field(pattern=r"^https://")]
    ext_params: Text | None = None


class TemplateBenefit(Sent):
    title: Text
    benefit_desc: tuple[Text, ...]
    start_date: Second | None = None
    end_date: Second | None = None


class Channel(Sent):
    pub_channel: Literal["SHOP_DETAIL"] = "SHOP_DETAIL"
    ext_info: Text | None = None


class ConfiguredFields(Sent):
    required: FormFields
    optional: FormFields = ()

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        check_form(self.required, self.optional)
        return self


class FormConf(Sent):
    fields: ConfiguredFields
    open_card_mini_app_id: Text | None = None


class Price(Sent):
    price: Yuan
    price_type: Literal["FIXED"] = "FIXED"
    desc: Text | None = None
    worth: Text | None = None


class OpenSelling(Sent):
    price_detail: tuple[Price, ...]
    selling_url: Text | None = None
    start_date: Second | None = None
    end_date: Second | None = None


class CycleSelling(Sent):
    support_cycle_sell: Switch | None = None
    cycle_type: tuple[Literal["YEAR", "QUARTER", "MONTH"], ...] | None = None
    cycle_selling_url: Text | None = None


class ManageUrls(Sent):
    cycle_manage_url: Text | None = None
    downgrade_url: Text | None = None
    refund_url: Text | None = None
    renew_url: Text | None = None
    upgrade_url: Text | None = None


class PaidConf(Sent):
    """Of a card that is sold (付费外卡)."""

    open_selling_conf: OpenSelling | None = None
    cycle_selling_conf: CycleSelling | None = None
    manage_url_conf: ManageUrls | None = None


def check_form(required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """Raises ValueError unless something is required and no field is asked for twice; at most 20."""
    fields = [*required, *optional]
    if not required:
        raise ValueError("A form needs at least one required field.")
    if len(set(fields)) < len(fields) or len(fields) > 20:
        raise ValueError("A form asks for at most 20 fields, each of them once.")


def check_actions(actions: tuple[Action, ...] | None) -> None:
    """Raises ValueError unless none or two of the actions stand in the card pack."""
    shown = sum(
        one.mini_app_url is not None and one.mini_app_url.display_on_list == "true" for one in actions or ()
    )
    if shown not in QUICK_SERVICES:
        raise ValueError("Either none or two actions have display_on_list.")


def check_unique(names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"No two {what} have one code.")
