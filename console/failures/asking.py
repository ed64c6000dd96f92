"""The sends a decision is about: which of them can take part, why the others cannot, and what was checked."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.access import MerchantRequest
from console.failures.filters import FailureFilters
from console.failures.views import filters_of, name_of
from console.failures.words import CauseWords, cause_words
from console.states import send_word
from merchants.numbers import is_number
from messaging import failures
from messaging.engine.decisions import MAY_GO_ON
from messaging.engine.retriable import MOST_COUNTED, Looked, look
from messaging.models import SendControl


@dataclass(frozen=True)
class Row:
    control: SendControl
    name: str
    people: int
    why_left: str = ""


@dataclass(frozen=True)
class Asked:
    """`confirmed`: send → people as the page that was confirmed said them; None on the way to it."""

    state: str
    reason: str
    words: CauseWords
    able: list[Row]
    left: list[Row]
    checked: list[str]
    asks_whether_fixed: bool
    confirmed: dict[int, int] | None
    query: str
    too_many: bool = False

    @property
    def people(self) -> int:
        return sum(row.people for row in self.able)

    @property
    def changed(self) -> bool:
        return self.confirmed is not None and self.confirmed != {
            row.control.pk: row.people for row in self.able
        }

    @property
    def restated(self) -> str:
        """For the form that confirms them."""
        return ",".join(f"{row.control.pk}:{row.people}" for row in self.able)


def asked_of(request: MerchantRequest, given: QueryDict, *, state: str, reason: str, act: str) -> Asked:
    """Of ticked sends, of all of the filter, or of those a page restated."""
    filters = filters_of(request)
    confirmed = _confirmed(given) if request.method == "POST" else None
    counts = _counts(request, given, filters, confirmed, state=state, reason=reason)
    too_many = len(counts) > failures.MOST_SENDS
    words = cause_words(request, state=state, reason=reason)
    able: list[Row] = []
    left: list[Row] = []
    looked: Looked | None = None
    if not too_many and not words.never:
        if state == "refused":
            looked = look(request.merchant, list(counts), sub_code=reason)
        controls = failures.controls(request.merchant, list(counts))
        for send, people in counts.items():
            why = _why_left(controls[send], looked) if act == "again" else ""
            (left if why else able).append(Row(controls[send], name_of(controls[send]), people, why))
    return Asked(
        state=state,
        reason=reason,
        words=words,
        able=able,
        left=left,
        checked=[*_checked(looked, able), *_stopped(able)] if act == "again" else [],
        asks_whether_fixed=act == "again" and _asks(looked, able),
        confirmed=confirmed,
        query=filters.query,
        too_many=too_many,
    )


def _confirmed(given: QueryDict) -> dict[int, int]:
    pairs = [pair.partition(":") for pair in given.get("sends", "").split(",")[: failures.MOST_SENDS]]
    return {int(send): int(n) for send, _sign, n in pairs if is_number(send) and is_number(n)}


def _counts(
    request: MerchantRequest,
    given: QueryDict,
    filters: FailureFilters,
    confirmed: dict[int, int] | None,
    *,
    state: str,
    reason: str,
) -> dict[int, int]:
    if confirmed is None and given.get("all"):
        found = failures.sends_of(request.merchant, filters.which, state=state, reason=reason)
        return {one.send_id: one.people for one in found}
    ticked = [int(one) for one in given.getlist("send") if is_number(one)][: failures.MOST_SENDS]
    return failures.people_of(
        request.merchant, ticked if confirmed is None else list(confirmed), state=state, reason=reason
    )


def _why_left(control: SendControl, looked: Looked | None) -> str:
    if control.state not in MAY_GO_ON:
        return _("is “%(state)s”: nobody of it is sent to again") % {
            "state": send_word(control.state, control.pause_reason).word
        }
    if looked and looked.kind == "template" and control.pk not in looked.able:
        return _("its template was not seen online since; sync the templates first")
    return ""


def _asks(looked: Looked | None, able: list[Row]) -> bool:
    """Where nothing this console knows shows the repair."""
    if looked is None or not able:
        return False
    if looked.kind == "app":
        return not looked.able.issuperset(row.control.pk for row in able)
    return looked.kind == "later"


def _checked(looked: Looked | None, able: list[Row]) -> list[str]:
    """What was checked, and what was not."""
    if looked is None or not able:
        return []
    if looked.kind == "template":
        return [_("Checked: the template was seen online after the refusals.")]
    if looked.kind == "app":
        if _asks(looked, able):
            return [
                _(
                    "Not checked: no later send of this mini program was accepted yet, so only you can say"
                    " whether it is repaired."
                )
            ]
        return [_("Checked: a later send of the same mini program was accepted.")]
    if looked.consenting is not None:
        return [_consent_words(looked.consenting)]
    return [_("Not checked: only the platform knows whether it would pass now.")]


def _consent_words(n: int) -> str:
    if n > MOST_COUNTED:
        words = _("Checked: more than %(n)s of them hold a consent now. Whoever holds none is skipped.")
        return words % {"n": f"{MOST_COUNTED:,}"}
    words = ngettext(
        "Checked: %(n)s of them holds a consent now. Whoever holds none is skipped when their turn comes.",
        "Checked: %(n)s of them hold a consent now. Whoever holds none is skipped when their turn comes.",
        n,
    )
    return words % {"n": f"{n:,}"}


def _stopped(able: list[Row]) -> list[str]:
    names = {row.control.mini_program.name for row in able if row.control.mini_program.stopped_at is not None}
    words = _("The mini program “%(name)s” is stopped: they wait until it is released under Settings.")
    return [words % {"name": name} for name in sorted(names)]
