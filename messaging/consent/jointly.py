"""Adopting one library template for many mini programs: each has its own application, and its own answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from merchants.models import MiniProgram, User
from messaging.consent import adopting
from messaging.models import LibraryTemplate, SubscriptionTemplate

State = SubscriptionTemplate.State
ALIVE = (State.SUBMITTING, State.APPLIED, State.APPROVED)


@dataclass(frozen=True)
class Adoption:
    """Either the template it led to, or why there is none."""

    mini_program: MiniProgram
    template: SubscriptionTemplate | None
    refusal: str = ""


@dataclass(frozen=True)
class Offer:
    """A template that the libraries of `mini_programs` have under one code; `keywords` are common to all."""

    code: str
    kind: str
    name: str
    keywords: tuple[str, ...]
    mini_programs: int

    @property
    def key(self) -> str:
        return f"{self.code}:{self.kind}"


def token_of(form_token: UUID, mini_program: MiniProgram) -> UUID:
    """The same form for the same mini program is the same application, however often it arrives."""
    return uuid5(form_token, str(mini_program.pk))


def offers(mini_programs: Sequence[MiniProgram]) -> list[Offer]:
    """What may be adopted in at least one of them; by name."""
    rows = LibraryTemplate.objects.filter(mini_program__in=mini_programs, selectable=True)
    grouped: dict[tuple[str, str], list[LibraryTemplate]] = {}
    for row in rows.order_by("name", "code", "kind", "mini_program_id"):
        grouped.setdefault((row.code, row.kind), []).append(row)
    return [_offer(same) for same in grouped.values()]


def _offer(same: list[LibraryTemplate]) -> Offer:
    first = same[0]
    common = [word for word in first.keywords if all(word in row.keywords for row in same)]
    return Offer(first.code, first.kind, first.name, tuple(common), len(same))


def online(mini_programs: Sequence[MiniProgram]) -> dict[str, list[SubscriptionTemplate]]:
    """What can be written with, by Offer.key: the newest that is online in each mini program."""
    rows = SubscriptionTemplate.objects.filter(mini_program__in=mini_programs, state=State.APPROVED)
    rows = rows.select_related("mini_program__merchant")
    newest: dict[tuple[str, int], SubscriptionTemplate] = {}
    for row in rows.order_by("name", "mini_program__merchant__name", "mini_program_id", "applied_at", "pk"):
        newest[f"{row.library_code}:{row.kind}", row.mini_program_id] = row
    found: dict[str, list[SubscriptionTemplate]] = {}
    for (key, _app), row in newest.items():
        found.setdefault(key, []).append(row)
    return found


def adopt_for(
    mini_programs: Sequence[MiniProgram],
    *,
    offer: Offer,
    keywords: Sequence[str],
    by: User,
    form_token: UUID,
) -> list[Adoption]:
    """Applies for each, in a transaction of its own; who cannot is told apart and keeps nobody back.

    Repeatable with the same form_token.
    """
    entries = _entries(mini_programs, offer)
    found = []
    for one in mini_programs:
        token, entry = token_of(form_token, one), entries.get(one.pk)
        refusal = why_not(one, offer, entry, token=token)
        if refusal or entry is None:
            found.append(Adoption(one, None, refusal))
            continue
        try:
            template = adopting.adopt(library_template=entry, keywords=keywords, by=by, form_token=token)
            found.append(Adoption(one, template))
        except adopting.AdoptRefused as refused:
            found.append(Adoption(one, None, str(refused)))
    return found


def adoptions(mini_programs: Sequence[MiniProgram], *, offer: Offer, form_token: UUID) -> list[Adoption]:
    """What became of adopt_for(), as it stands."""
    tokens = {token_of(form_token, one): one for one in mini_programs}
    made = {
        row.mini_program_id: row
        for row in SubscriptionTemplate.objects.filter(
            mini_program__in=mini_programs, form_token__in=list(tokens)
        )
    }
    entries = _entries(mini_programs, offer)
    return [
        Adoption(one, made.get(one.pk), "" if one.pk in made else why_not(one, offer, entries.get(one.pk)))
        for one in mini_programs
    ]


def why_not(
    mini_program: MiniProgram, offer: Offer, entry: LibraryTemplate | None, *, token: UUID | None = None
) -> str:
    """Empty: it may be adopted. An adoption by the same form is no obstacle to itself."""
    if entry is None:
        return _("Its library does not have this template. Sync its library, then try again.")
    if not entry.selectable:
        return entry.not_selectable_reason or _("The platform does not let this mini program adopt it.")
    alive = SubscriptionTemplate.objects.filter(
        mini_program=mini_program, library_code=offer.code, kind=offer.kind, state__in=ALIVE
    )
    if alive.exclude(form_token=token).exists():
        return _("It has adopted this template already.")
    return ""


def _entries(mini_programs: Sequence[MiniProgram], offer: Offer) -> dict[int, LibraryTemplate]:
    rows = LibraryTemplate.objects.filter(
        mini_program__in=mini_programs, code=offer.code, kind=offer.kind
    ).select_related("mini_program", "merchant")
    return {row.mini_program_id: row for row in rows}
