"""A cause of failures in words: what it is, what to do, where that is done, and whether to try again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console.access import MerchantRequest
from console.help.meanings import SKIPPED
from console.messaging.sends.causes import CAUSES
from merchants.refusals import Group, sentence
from messaging.engine.retriable import NEVER, Kind, kind_of
from messaging.models import SkipReason

GROUPS: Mapping[Group, tuple[str | Promise, str | Promise]] = {
    "person": (_("About one person"), _("the others of the send were not touched by it")),
    "message": (
        _("About the message or the template"),
        _("the same for everybody in the send"),
    ),
    "app": (_("About the mini program, its keys and rights"), _("nothing of it passes until it is mended")),
    "platform": (
        _("About the way to the platform"),
        _("it never left, or the reason is not known here"),
    ),
}
NEVER_LEFT: Mapping[str, str | Promise] = {
    SkipReason.GAVE_UP: _(
        "Several tries did not get as far as the platform. Check the connection. These people keep their"
        " consent; a new send reaches them."
    ),
    SkipReason.NOT_SENT: _(
        "It certainly never left. These people keep their consent; a new send reaches them."
    ),
}
# Why nobody of it can be sent to again.
WHY_NEVER: Mapping[Kind, str | Promise] = {
    "choice": _("They chose to hear less, so a second attempt is not offered."),
    "identity": _("A second attempt would carry the same number and be refused again. Correct the list."),
    "frozen": _(
        "A send keeps its words and its template as launched, so a second attempt would be refused again."
        " Copy the send, mend it, and send the copy to these people."
    ),
}
WHY_SKIPPED = _(
    "They were never called for, so there is no attempt to repeat. Export the people of a send below and"
    " upload them as an audience for a new one."
)


@dataclass(frozen=True)
class Fix:
    """Where a cause is mended."""

    words: str | Promise
    url: str


@dataclass(frozen=True)
class _Place:
    words: str | Promise
    url_name: str
    capability: str


TEMPLATES = _Place(_("To the templates"), "templates", "templates.view")
LIBRARY = _Place(_("To the template library"), "template_library", "templates.view")
KEYS = _Place(_("To mini programs & keys"), "mini_programs", "mini_programs.view")
LISTS = _Place(_("To the audiences"), "lists", "lists.view")
CONSENTING = _Place(_("List everyone with consent"), "list_from_consent", "lists.upload")
RULES = _Place(_("To the sending rules"), "rules", "rules.view")
PLACES: Mapping[str, _Place] = {
    **dict.fromkeys(("MSG_TEMPLATE_NOT_EXIST", "MSG_TEMPLATE_ID_VALID", "MSG_TEMPLATE_INVALID"), TEMPLATES),
    **dict.fromkeys(("USER_TEMPLATE_ILLEGAL", "TEMPLATE_ILLEGAL", "USER_TEMPLATE_STATUS_ILLEGAL"), TEMPLATES),
    **dict.fromkeys(("USER_TEMPLATE_LACK_KEYWORD", "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL"), TEMPLATES),
    **dict.fromkeys(("MESSAGE_LIBRARY_ILLEGAL", "KEYWORDS_NUMBER_INVALID"), LIBRARY),
    **dict.fromkeys(("USER_ID_INVALID", "OPENID_INVALID"), LISTS),
    "MSG_UNSUBSCRIBED": CONSENTING,
    "MSG_SINGLE_SD_OVER": RULES,
    SkipReason.GAVE_UP: KEYS,
    SkipReason.NOT_SENT: KEYS,
}


@dataclass(frozen=True)
class CauseWords:
    """`code` is empty where the words say it all. `never`: why nobody can be sent to again, or empty."""

    title: str | Promise
    remedy: str | Promise
    code: str
    never: str | Promise
    fix: Fix | None


def cause_words(request: MerchantRequest, *, state: str, reason: str) -> CauseWords:
    fix = _fix(request, state, reason)
    if state == "unknown":
        told = CAUSES[reason]
        return CauseWords(told.title, told.sentence, "", "", fix)
    if state == "skipped":
        remedy = NEVER_LEFT.get(reason) or SKIPPED[reason]
        return CauseWords(SkipReason(reason).label, remedy, "", WHY_SKIPPED, fix)
    said, kind = sentence(reason), kind_of(reason)
    never = WHY_NEVER[kind] if kind in NEVER else ""
    return CauseWords(said.title, said.remedy, reason, never, fix)


def _fix(request: MerchantRequest, state: str, reason: str) -> Fix | None:
    place = None if state == "unknown" else PLACES.get(reason)
    if place is None and state == "refused" and kind_of(reason) == "app":
        place = KEYS
    if place is None or not request.staff.can(place.capability):
        return None
    return Fix(place.words, reverse(place.url_name, args=[request.merchant.slug]))


def address(request: MerchantRequest, url_name: str, query: str, **more: str) -> str:
    """One of the desk's pages with the filters in force."""
    parts = [part for part in (query, urlencode(more)) if part]
    where = reverse(url_name, args=[request.merchant.slug])
    return f"{where}?{'&'.join(parts)}" if parts else where
