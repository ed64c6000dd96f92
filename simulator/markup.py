"""HTML for the phone: files of `templates/` with $names, every value escaped unless it is markup already."""

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Html(str):
    """Text that is safe to put into a page as it stands; only `render` and `joined` make it."""

    __slots__ = ()


def render(name: str, /, **values: object) -> Html:
    safe = {key: value if isinstance(value, Html) else escape(str(value)) for key, value in values.items()}
    return Html(_template(name).substitute(safe))


def joined(parts: Iterable[Html]) -> Html:
    return Html("".join(parts))


@cache
def _template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text(encoding="utf-8"))
