"""The words and numbers of member cards: what is fixed by the platform, and what this one had to choose."""

import re
from decimal import Decimal

# SIM: none of these is published; `card_limits` of an app changes them.
CARD_LIMITS = {
    "templates": 50,
    "columns": 10,
    "column_title_chars": 16,
    "column_value_chars": 32,
    "actions_on_modify": 4,
    "out_string_chars": 128,
    "form_hours": 24,
    "code_seconds": 120,
}
CARD_TYPE = "OUT_MEMBER_CARD"
STATIC_CODES = ("qrcode", "barcode")
DYNAMIC_CODES = {"dqrcode": "D_QR_CODE", "dbarcode": "D_BAR_CODE"}
MERCHANT_CODES = ("mdqrcode", "mdbarcode")
WRITE_OFF_TYPES = (*STATIC_CODES, *DYNAMIC_CODES, *MERCHANT_CODES, "text", "none")
BALANCE, POINT, LEVEL, TELEPHONE = "BALANCE", "POINT", "LEVEL", "TELEPHONE"
NATIVE, WEB, STATIC = OPERATE_TYPES = ("openNative", "openWeb", "staticinfo")
URL, MINI_APP_URL = URL_TYPES = ("url", "miniAppUrl")
FROM_REQUEST, IN_FUTURE, CONST = RULES = ("ASSIGN_FROM_REQUEST", "DATE_IN_FUTURE", "CONST")
# Which field of a card a rule is about.
RULED = {
    "Balance": "balance",
    "Point": "point",
    "Level": "level",
    "OpenDate": "open_date",
    "ValidDate": "valid_date",
}
DATES = ("OpenDate", "ValidDate")
CHANNEL = "SHOP_DETAIL"
SOURCES = ("ISV", "MER")
CYCLES = ("YEAR", "QUARTER", "MONTH")
PAID_ACTIONS = ("OPEN", "UPGRADE", "DOWNGRADE", "RENEW")
CLOSE_REASONS = ("MANUAL_CLOSE", "EXPIRE_CLOSE", "CLOSE")
FIXED = "FIXED"
MAX_ACTIONS, MAX_ACTION_TEXT, MAX_CODE = 3, 6, 32
SHOWN_ON_LIST = (0, 2)
MAX_PREFIX, SUFFIX_RANGE, MAX_CARD_NUMBER = 10, (8, 32), 32
MAX_REQUEST_ID = 32
MAX_FRONT_LINES = 4
MAX_PAGE = 20
USER_UNBUND, CANCEL, PRESENT = END_REASONS = ("USER_UNBUND", "CANCEL", "PRESENT")
TRADE_TYPES = ("OPEN", "TRADE", "DEPOSIT", "RETURN")
SWIPED_BY = ("ALIPAY", "ENTITY", "OTHER")
BIZ_CARD, EXTERNAL_CARD = "BIZ_CARD", "EXTERNAL_CARD"
_AMOUNT = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,2})?", re.ASCII)


def amount_of(text: str) -> Decimal | None:
    """Points and yuan: at most two decimals; None for anything else."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def short_amount(text: str) -> str:
    """120.00 is 120."""
    return text.removesuffix(".00")
