"""What a message opens: the page of a mini program, and the `alipays://` link operators know (B6.5)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

from django.utils.translation import gettext as _

from gateway import wire

SCHEME = "alipays://platformapi/startapp"


class LinkError(ValueError):
    """The sentence says what to do."""


def is_link(text: str) -> bool:
    return text.strip().lower().startswith(("alipays:", "alipay:"))


def page_of_link(link: str, *, app_id: str) -> tuple[str, dict[str, str]]:
    """Path and parameters of a startapp link; those of `query` join those of the page. Raises LinkError."""
    parts = urlsplit(link.strip())
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (parts.netloc + parts.path).lower() != "platformapi/startapp" or "appId" not in given:
        raise LinkError(
            _("This link cannot be read. It begins with %(start)s.") % {"start": SCHEME + "?appId="}
        )
    if given["appId"] != app_id:
        words = _(
            "This link opens another mini program (%(theirs)s); this one is %(ours)s. Paste a link of this "
            "one, or write its page."
        )
        raise LinkError(words % {"theirs": given["appId"], "ours": app_id})
    if not given.get("page"):
        raise LinkError(_("This link names no page, so it opens the home page. Write which page it is."))
    path, parameters = wire.parameters_of_page(given["page"])
    _none, query = wire.parameters_of_page(f"?{given.get('query', '')}")
    return path, parameters | query


def parameters_of_lines(text: str) -> dict[str, str]:
    """`name=value`, one to a line. Raises LinkError."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not name:
            raise LinkError(_("Line %(n)s is not name=value, such as goods_id=17.") % {"n": number})
        found[name] = value
    return found


def lines_of_parameters(parameters: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name}={value}" for name, value in parameters)


def page_with(path: str, parameters: dict[str, str]) -> str:
    """As it is kept and sent. Raises LinkError where it does not fit."""
    if not path and not parameters:
        return ""
    try:
        if not parameters and "?" not in path:
            return wire.require_length(path, wire.PAGE_MAX_CHARACTERS, "The page")
        return wire.page_with_parameters(path, parameters)
    except ValueError as error:
        words = _(
            "Page and parameters do not fit: encoded they may have %(limit)s characters. Shorten a parameter."
        )
        raise LinkError(words % {"limit": wire.PAGE_MAX_CHARACTERS}) from error


def startapp_link(page: str, *, app_id: str) -> str:
    """For use outside messages: notes, posters, other channels."""
    return f"{SCHEME}?appId={app_id}&page={quote(page, safe='')}"
