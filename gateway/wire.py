"""Between our values and the platform's text: yuan and fen, Beijing time, `page` parameters, limits.

Nowhere else in the code are yuan strings or Beijing-time strings read or written.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

PAGE_MAX_CHARACTERS = 128
KEYWORD_VALUE_MAX_CHARACTERS = 50
DATA_MAX_CHARACTERS = 2048
TEMPLATE_ID_MAX_CHARACTERS = 64
USER_ID_MAX_CHARACTERS = 20
FORM_ID_MAX_CHARACTERS = 64
SUBSCRIBE_QUERY_MAX_TEMPLATES = 3
ADOPT_MIN_KEYWORDS = 2
ADOPT_MAX_KEYWORDS = 5
PAGE_SIZE_MAX = 10

_YUAN = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,2}))?")
_BEIJING = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?")
# Encoded inside the block as well, because they would end a name or a value once the block is decoded.
_INNER = {ord(character): quote(character, safe="") for character in "%&=+#"}
_FORM = [quote_plus(bytes([byte])) for byte in range(256)]


def fen_from_yuan(text: str) -> int:
    """`"12.30"` → 1230. Raises ValueError for anything but yuan with at most two decimals."""
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an amount in yuan such as 12.30.")
    sign, yuan, decimals = match.groups()
    fen = int(yuan) * 100 + int((decimals or "").ljust(2, "0"))
    return -fen if sign else fen


def yuan_from_fen(amount_fen: int) -> str:
    """1230 → `"12.30"`; always two decimals."""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{yuan}.{fen:02d}"


def beijing_text(moment: datetime) -> str:
    """An aware datetime as `yyyy-MM-dd HH:mm:ss` in Beijing time; what is below a second is cut off."""
    if moment.tzinfo is None:
        raise ValueError("A time without a zone cannot be sent to the platform.")
    return moment.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "seconds")


def beijing_text_to_the_millisecond(moment: datetime) -> str:
    """An aware datetime as `yyyy-MM-dd HH:mm:ss.SSS` in Beijing time; what is below is cut off."""
    if moment.tzinfo is None:
        raise ValueError("A time without a zone cannot be sent to the platform.")
    return moment.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "milliseconds")


def moment_from_beijing(text: str) -> datetime:
    """`yyyy-MM-dd HH:mm:ss` with or without `.SSS`, read as Beijing time, as an aware datetime in UTC."""
    if _BEIJING.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a Beijing time such as 2026-03-01 09:30:00.")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a date that exists.") from None


def text_length(text: str) -> int:
    """How the limits of the platform are counted: characters (code points), not bytes."""
    return len(text)


def require_length(text: str, limit: int, what: str) -> str:
    """`text` itself; raises ValueError naming `what`, its length and the limit."""
    length = text_length(text)
    if length > limit:
        raise ValueError(f"{what} is {length} characters long; the platform takes at most {limit}.")
    return text


def message_data(values: Mapping[str, str]) -> str:
    """The `data` text of a template message: `{"keyword1": "…"}` → `{"keyword1":{"value":"…"}}`.

    Raises ValueError if there is none, if a value passes 50 characters, or the whole 2,048.
    """
    if not values:
        raise ValueError("A message needs at least one keyword.")
    for name, value in values.items():
        require_length(value, KEYWORD_VALUE_MAX_CHARACTERS, name)
    data = json.dumps(
        {name: {"value": value} for name, value in values.items()}, ensure_ascii=False, separators=(",", ":")
    )
    return require_length(data, DATA_MAX_CHARACTERS, "The message data")


def page_with_parameters(path: str, parameters: Mapping[str, str]) -> str:
    """`pages/x` and k1=v1, k2=v2 → `pages/x?k1%3Dv1%26k2%3Dv2`.

    Everything after `?` is encoded as one block, because otherwise the mini program receives the first
    parameter only. Parameters already in `path` are kept in their order, whether written plainly (`a=1&b=2`)
    or as one block; one given again takes the new value. Raises ValueError past 128 characters.
    """
    page, present = _bare(path)
    merged = {**present, **parameters}
    if "" in merged:
        raise ValueError("A page parameter has no name.")
    if merged:
        plain = "&".join(f"{k.translate(_INNER)}={v.translate(_INNER)}" for k, v in merged.items())
        page = f"{page}?{quote(plain, safe='')}"
    return require_length(page, PAGE_MAX_CHARACTERS, "The page path with its parameters")


@lru_cache(maxsize=256)
def _bare(path: str) -> tuple[str, dict[str, str]]:
    """As parameters_of_page(), kept: messages of a send share their page. Raises ValueError without one."""
    page, present = parameters_of_page(path)
    if not page:
        raise ValueError("The page path is empty. Give a path such as pages/index/index.")
    return page, present


def form_text(value: str) -> str:
    """As urllib's quote_plus(), three times as fast: a form is encoded for every message."""
    return "".join([_FORM[byte] for byte in value.encode()])


def parameters_of_page(page: str) -> tuple[str, dict[str, str]]:
    """The bare path and the parameters of a `page`, written plainly or as one block."""
    path, _, query = page.partition("?")
    if "=" not in query and "&" not in query:
        query = unquote(query)
    parameters = {}
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            parameters[unquote(name)] = unquote(value)
    return path, parameters
