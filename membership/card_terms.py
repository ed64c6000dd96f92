"""What a member card shows and promises, as one value that holds or is refused (domain E.2, E.3, E.5).

A refusal names the place and a code; the sentences stand in membership/card_designing.py. Where the platform
publishes no length, it is ours.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

MOST_COLUMNS, MOST_TITLE, MOST_VALUE = 10, 16, 32
MOST_ACTIONS, MOST_ACTION_TEXT, MOST_CODE = 3, 6, 32
QUICK_SERVICES = (0, 2)
MOST_COMPONENTS = 16
MOST_FORM_FIELDS = 20
MOST_PREFIX, LEAST_LENGTH, MOST_NUMBER = 10, 8, 32
MOST_LEVELS = 10
MOST_DAYS = 3_650


class Mode(StrEnum):
    FREE = "free"
    PAID = "paid"
    STORED_VALUE = "stored_value"


class WriteOff(StrEnum):
    """How the till knows the card: a code of its number, of the platform, of the merchant's server, none."""

    QR = "qrcode"
    BAR = "barcode"
    PLATFORM_QR = "dqrcode"
    PLATFORM_BAR = "dbarcode"
    OWN_QR = "mdqrcode"
    OWN_BAR = "mdbarcode"
    TEXT = "text"
    NONE = "none"


class Layout(StrEnum):
    LIST = "list"
    GRID = "grid"


class Opens(StrEnum):
    """What a tap on a column does."""

    NOTHING = "nothing"
    TEXT = "text"
    PAGE = "page"


class ValidityKind(StrEnum):
    UNLIMITED = "unlimited"
    DAYS = "days"
    UNTIL = "until"


class Basis(StrEnum):
    """What a level is reached by."""

    POINTS = "points"
    SPENDING = "spending"


class Cycle(StrEnum):
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"


class FormField(StrEnum):
    MOBILE = "OPEN_FORM_FIELD_MOBILE"
    GENDER = "OPEN_FORM_FIELD_GENDER"
    NAME = "OPEN_FORM_FIELD_NAME"
    BIRTHDAY = "OPEN_FORM_FIELD_BIRTHDAY"
    IDCARD = "OPEN_FORM_FIELD_IDCARD"
    EMAIL = "OPEN_FORM_FIELD_EMAIL"
    ADDRESS = "OPEN_FORM_FIELD_ADDRESS"
    CITY = "OPEN_FORM_FIELD_CITY"
    IS_STUDENT = "OPEN_FORM_FIELD_IS_STUDENT"
    MEMBER_GRADE = "OPEN_FORM_FIELD_MEMBER_GRADE"


# The platform gives these to apps only that were granted them (用户信息申请).
SENSITIVE = frozenset({FormField.MOBILE, FormField.NAME, FormField.BIRTHDAY, FormField.EMAIL})
BALANCE, POINT, LEVEL, TELEPHONE = STANDARD = ("BALANCE", "POINT", "LEVEL", "TELEPHONE")


def _text(most: int, least: int = 1) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


Title = Annotated[str, _text(MOST_TITLE)]
Line = Annotated[str, _text(64)]
Optional20 = Annotated[str, _text(20, 0)]
Code = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9_]{{1,{MOST_CODE}}}$")]
Image = Annotated[str, _text(128)]
OptionalImage = Annotated[str, _text(128, 0)]
Link = Annotated[str, StringConstraints(pattern=r"^(https|alipays)://[^\s]+$", max_length=512)]
OptionalLink = Annotated[str, StringConstraints(pattern=r"^((https|alipays)://[^\s]+)?$", max_length=512)]


class Part(BaseModel):
    # defaults too: what a choice asks for may be what was left out
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)


class Face(Part):
    name: Annotated[str, _text(20)]
    brand: Optional20 = ""
    logo_id: Image
    background_id: Image
    text_color: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#ffffff"
    slogan: Optional20 = ""
    slogan_image_id: OptionalImage = ""
    banner_id: OptionalImage = ""
    banner_url: OptionalLink = ""
    features: Annotated[list[Title], Field(max_length=4)] = []
    layout: Layout = Layout.LIST
    has_lines: bool = False  # up to four lines of its own on each card's face
    has_picture: bool = False  # a picture of its own on each card's face


class Column(Part):
    """`code`: of STANDARD, filled from the card, or the merchant's own with a value that is fixed."""

    code: Code
    title: Title
    value: Annotated[str, _text(MOST_VALUE, 0)] = ""
    opens: Opens = Opens.NOTHING
    lines: Annotated[list[Line], Field(max_length=10)] = []
    url: OptionalLink = ""
    icon_id: OptionalImage = ""
    tag: Annotated[str, _text(8, 0)] = ""
    group: Annotated[str, _text(MOST_TITLE, 0)] = ""

    @field_validator("opens")
    @classmethod
    def _telephone_is_plain(cls, opens: Opens, info: ValidationInfo) -> Opens:
        if info.data.get("code") == TELEPHONE and opens != Opens.NOTHING:
            raise PydanticCustomError("telephone_opens", "a telephone opens nothing")
        return opens

    @field_validator("lines")
    @classmethod
    def _text_is_there(cls, lines: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("opens") == Opens.TEXT and not lines:
            raise PydanticCustomError("column_text", "no text to open")
        return lines

    @field_validator("url")
    @classmethod
    def _page_is_there(cls, url: str, info: ValidationInfo) -> str:
        if info.data.get("opens") == Opens.PAGE and not url:
            raise PydanticCustomError("column_page", "no page to open")
        return url


class Action(Part):
    """A button below the card, to a `page` of the mini program or a `url`. Quick ones stand on its cell."""

    code: Code
    text: Annotated[str, _text(MOST_ACTION_TEXT)]
    page: Annotated[str, _text(128, 0)] = ""
    query: Annotated[str, _text(256, 0)] = ""
    url: OptionalLink = ""
    is_quick: bool = False

    @field_validator("url")
    @classmethod
    def _leads_to_one_place(cls, url: str, info: ValidationInfo) -> str:
        if bool(url) == bool(info.data.get("page")):
            raise PydanticCustomError("action_target", "one place to lead to")
        return url

    @field_validator("is_quick")
    @classmethod
    def _quick_stays_here(cls, is_quick: bool, info: ValidationInfo) -> bool:
        # the platform takes the mark only beside a page of a mini program
        if is_quick and info.data.get("url"):
            raise PydanticCustomError("quick_is_page", "a quick service is a page")
        return is_quick


class Benefit(Part):
    title: Title
    lines: Annotated[list[Line], Field(min_length=1, max_length=10)]
    begins_at: AwareDatetime
    ends_at: AwareDatetime

    @field_validator("ends_at")
    @classmethod
    def _ends_later(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        begins_at = info.data.get("begins_at")
        if begins_at is not None and ends_at <= begins_at:
            raise PydanticCustomError("benefit_ends", "ends before it begins")
        return ends_at


class Form(Part):
    """What somebody fills in to open the card."""

    required: Annotated[list[FormField], Field(min_length=1, max_length=MOST_FORM_FIELDS)]
    optional: list[FormField] = []

    @field_validator("required")
    @classmethod
    def _once(cls, required: list[FormField]) -> list[FormField]:
        if len(set(required)) < len(required):
            raise PydanticCustomError("twice", "named twice")
        return required

    @field_validator("optional")
    @classmethod
    def _apart(cls, optional: list[FormField], info: ValidationInfo) -> list[FormField]:
        required = info.data.get("required", [])
        if set(required) & set(optional):
            raise PydanticCustomError("form_both", "required and optional")
        if len(set(optional)) < len(optional):
            raise PydanticCustomError("twice", "named twice")
        if len(required) + len(optional) > MOST_FORM_FIELDS:
            raise PydanticCustomError("form_fields", "too many fields", {"most": MOST_FORM_FIELDS})
        return optional


class LevelTerms(Part):
    """`threshold`: points earned, or fen spent, within one period. `points_percent`: 150 earns half as much
    again."""

    code: Code
    name: Annotated[str, _text(10)]
    description: Annotated[str, _text(64, 0)] = ""
    icon_id: OptionalImage = ""
    threshold: Annotated[int, Field(ge=0, le=10**12)]
    protection_days: Annotated[int, Field(ge=0, le=MOST_DAYS)] = 0
    points_percent: Annotated[int, Field(ge=100, le=1_000)] = 100


class LevelRule(Part):
    basis: Basis = Basis.POINTS
    period_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 365


class PointRule(Part):
    """`fen_per_point`: what an order must cost for one point; none: orders earn nothing.

    `valid_days`: none: for ever.
    """

    fen_per_point: Annotated[int, Field(ge=1, le=10**8)] | None = None
    valid_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None


class Numbers(Part):
    """Of the cards: prefix and the digits after it, of which the last two only check the others."""

    prefix: Annotated[str, StringConstraints(pattern=rf"^[A-Z0-9]{{0,{MOST_PREFIX}}}$")] = ""
    length: Annotated[int, Field(ge=LEAST_LENGTH, le=MOST_NUMBER)] = 20

    @field_validator("length")
    @classmethod
    def _fits(cls, length: int, info: ValidationInfo) -> int:
        if len(info.data.get("prefix", "")) + length > MOST_NUMBER:
            raise PydanticCustomError("number_long", "too long in all", {"most": MOST_NUMBER})
        return length


class Validity(Part):
    kind: ValidityKind = ValidityKind.UNLIMITED
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None
    until: AwareDatetime | None = None

    @field_validator("days")
    @classmethod
    def _days(cls, days: int | None, info: ValidationInfo) -> int | None:
        if info.data.get("kind") == ValidityKind.DAYS and days is None:
            raise PydanticCustomError("validity_days", "how many days")
        return days

    @field_validator("until")
    @classmethod
    def _until(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        if info.data.get("kind") == ValidityKind.UNTIL and until is None:
            raise PydanticCustomError("validity_until", "until when")
        return until


class Paid(Part):
    """Of a card that is bought. `selling_url`: where; the other links are for who has one."""

    price_fen: Annotated[int, Field(ge=1, le=100_000_000)]
    worth_fen: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    description: Annotated[str, _text(64, 0)] = ""
    selling_url: Link
    cycles: list[Cycle] = []
    cycle_url: OptionalLink = ""
    cycle_manage_url: OptionalLink = ""
    renew_url: OptionalLink = ""
    upgrade_url: OptionalLink = ""
    downgrade_url: OptionalLink = ""
    refund_url: OptionalLink = ""

    @field_validator("cycle_url")
    @classmethod
    def _cycles_are_sold(cls, url: str, info: ValidationInfo) -> str:
        if info.data.get("cycles") and not url:
            raise PydanticCustomError("cycle_page", "where cycles are sold")
        return url


class Terms(Part):
    mode: Mode = Mode.FREE
    write_off: WriteOff = WriteOff.QR
    code_url: OptionalLink = ""  # the merchant's server that makes the code, of mdqrcode and mdbarcode
    face: Face
    columns: Annotated[list[Column], Field(max_length=MOST_COLUMNS)] = []
    actions: Annotated[list[Action], Field(max_length=MOST_ACTIONS)] = []
    benefits: list[Benefit] = []
    form: Form
    levels: Annotated[list[LevelTerms], Field(max_length=MOST_LEVELS)] = []
    level_rule: LevelRule = LevelRule()
    points: PointRule = PointRule()
    numbers: Numbers = Numbers()
    validity: Validity = Validity()
    paid: Paid | None = None
    open_url: OptionalLink = ""
    shop_ids: list[Annotated[str, _text(64)]] = []
    in_shop_pages: bool = False

    @field_validator("code_url")
    @classmethod
    def _own_codes_have_a_server(cls, url: str, info: ValidationInfo) -> str:
        is_own = info.data.get("write_off") in (WriteOff.OWN_QR, WriteOff.OWN_BAR)
        if is_own and not url.startswith("https://"):
            raise PydanticCustomError("code_server", "own codes need a server")
        return url

    @field_validator("columns")
    @classmethod
    def _columns_hold(cls, columns: list[Column], info: ValidationInfo) -> list[Column]:
        _each_once([one.code for one in columns])
        face = info.data.get("face")
        if face is not None and face.layout == Layout.GRID and not all(one.icon_id for one in columns):
            raise PydanticCustomError("grid_icons", "a grid has icons")
        if info.data.get("mode") == Mode.STORED_VALUE and BALANCE not in {one.code for one in columns}:
            raise PydanticCustomError("balance_column", "stored value shows its balance")
        return columns

    @field_validator("actions")
    @classmethod
    def _actions_hold(cls, actions: list[Action]) -> list[Action]:
        _each_once([one.code for one in actions])
        if sum(one.is_quick for one in actions) not in QUICK_SERVICES:
            raise PydanticCustomError("quick_services", "none or two")
        return actions

    @field_validator("levels")
    @classmethod
    def _levels_rise(cls, levels: list[LevelTerms]) -> list[LevelTerms]:
        _each_once([one.code for one in levels])
        thresholds = [one.threshold for one in levels]
        if thresholds and thresholds[0] != 0:
            raise PydanticCustomError("first_level", "the first begins at 0")
        if any(low >= high for low, high in pairwise(thresholds)):
            raise PydanticCustomError("levels_rise", "each above the one before")
        return levels

    @field_validator("paid")
    @classmethod
    def _paid_has_a_price(cls, paid: Paid | None, info: ValidationInfo) -> Paid | None:
        if info.data.get("mode") == Mode.PAID and paid is None:
            raise PydanticCustomError("price", "no price")
        if info.data.get("mode") != Mode.PAID and paid is not None:
            raise PydanticCustomError("no_price", "a price without need")
        return paid

    @field_validator("shop_ids")
    @classmethod
    def _shops_once(cls, shop_ids: list[str]) -> list[str]:
        _each_once(shop_ids)
        return shop_ids

    @model_validator(mode="after")
    def _components_fit(self) -> Self:
        if components(self) > MOST_COMPONENTS:
            words = {"most": MOST_COMPONENTS, "there": components(self), "field": "columns"}
            raise PydanticCustomError("components", "too many components", words)
        return self


def components(terms: Terms) -> int:
    """What stands on the page of the card, all in all."""
    return len(terms.columns) + len(terms.actions) + len(terms.benefits)


def _each_once(names: list[str]) -> None:
    if repeated := sorted({one for one in names if names.count(one) > 1}):
        raise PydanticCustomError("repeated", "repeated", {"name": repeated[0]})
