"""What pages show of templates: the library, the adopted ones, the history of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Sum, Value, When

from merchants.models import Event, Merchant, MiniProgram
from messaging.consent.recommended import recommended_to
from messaging.models import Consent, LibraryTemplate, SubscriptionTemplate

State = SubscriptionTemplate.State
COUNTED_CONSENTS = 200_000  # rows a page reads at most; beyond that it says "more than"
WAITING = (State.SUBMITTING, State.APPLIED)
LOST = (State.REJECTED, State.OFFLINE)  # it was or would have been ours, and the platform ended it
OVER = (*LOST, State.FAILED)
SHOWN = {
    "recommended": Q(is_recommended=True),
    "available": Q(selectable=True, is_adopted=False),
    "adopted": Q(is_adopted=True),
    "closed": Q(selectable=False),
}


def templates_of(
    mini_program: MiniProgram, *, text: str = "", state: str = ""
) -> QuerySet[SubscriptionTemplate]:
    """Newest first. `text` and `state` as in `template_rows`."""
    return template_rows(mini_program.merchant, text=text, state=state).filter(mini_program=mini_program)


def template_rows(merchant: Merchant, *, text: str = "", state: str = "") -> QuerySet[SubscriptionTemplate]:
    """Of all mini programs, newest first. `text` is looked for in name, template id and keywords.

    `state` may also be "differs", or "to_decide".
    """
    rows: QuerySet[SubscriptionTemplate] = SubscriptionTemplate.objects.for_merchant(merchant)
    if text:
        rows = rows.filter(_called(text))
    if state == "to_decide":
        rows = to_decide(rows)
    elif state == "differs":
        rows = rows.filter(differs=True)
    elif state:
        rows = rows.filter(state=state)
    related = rows.select_related("applied_by", "mini_program", "merchant")
    return related.order_by("-applied_at", "-pk")


def to_decide(rows: QuerySet[SubscriptionTemplate]) -> QuerySet[SubscriptionTemplate]:
    """Lost or different from the platform. One that was adopted again since is settled: nobody need look."""
    after = Q(applied_at__gt=OuterRef("applied_at")) | Q(
        applied_at=OuterRef("applied_at"), pk__gt=OuterRef("pk")
    )
    again = SubscriptionTemplate.objects.filter(
        after,
        mini_program=OuterRef("mini_program"),
        library_code=OuterRef("library_code"),
        kind=OuterRef("kind"),
        state__in=[State.APPLIED, State.APPROVED],
    )
    lost = Q(state__in=LOST)
    return rows.filter(lost & ~Exists(again) | ~lost & Q(differs=True))


def _called(text: str) -> Q:
    return Q(name__icontains=text) | Q(template_id__icontains=text) | Q(keywords__contains=[text])


def library_rows(
    mini_program: MiniProgram,
    *,
    text: str = "",
    industry: str = "",
    scene: str = "",
    kind: str = "",
    push: str = "",
    show: str = "",
) -> QuerySet[LibraryTemplate]:
    """What can be adopted first, recommended scenes before others, then in the platform's order of codes.

    Rows carry `is_recommended` and `is_adopted`. `push` is "yes", "no" or ""; `show` a key of SHOWN or "".
    """
    rows = _with_marks(mini_program)
    if text:
        by_keyword = Q(keywords__contains=[text])
        rows = rows.filter(
            Q(name__icontains=text) | Q(industry_scenario__icontains=text) | Q(code__iexact=text) | by_keyword
        )
    same = {"industry_code": industry, "industry_scenario": scene, "kind": kind}
    rows = rows.filter(**{name: value for name, value in same.items() if value})
    if push:
        rows = rows.filter(has_push=push == "yes")
    if show:
        rows = rows.filter(SHOWN[show])
    ordered: QuerySet[LibraryTemplate] = rows.order_by("-selectable", "rank", "code", "kind")
    return ordered


def _with_marks(mini_program: MiniProgram) -> Any:
    """A queryset of entries with `rank`, `is_recommended` and `is_adopted`."""
    scenes = recommended_to(mini_program.industry)
    living = SubscriptionTemplate.objects.filter(
        mini_program=mini_program, library_code=OuterRef("code"), kind=OuterRef("kind")
    ).exclude(state__in=OVER)
    recommended = [When(name__in=scenes, then=Value(True))] if scenes else []
    places = [When(name=name, then=Value(place)) for place, name in enumerate(scenes)]
    return LibraryTemplate.objects.filter(mini_program=mini_program).annotate(
        rank=Case(*places, default=Value(len(scenes)), output_field=IntegerField()),
        is_recommended=Case(*recommended, default=Value(False)),
        is_adopted=Exists(living),
    )


def library_counts(mini_program: MiniProgram, **filters: str) -> dict[str, int]:
    """How many rows library_rows() gives for each key of SHOWN, and for none of them under ""."""
    kinds = {name: Count("pk", filter=which) for name, which in SHOWN.items()}
    rows = library_rows(mini_program, **{**filters, "show": ""}).order_by()
    counted: dict[str, int] = rows.aggregate(**kinds, all=Count("pk"))
    return {**counted, "": counted["all"]}


def library_offers(mini_program: MiniProgram) -> tuple[list[str], list[str]]:
    """Codes of the industries and names of the scenes that occur in the library."""
    rows = LibraryTemplate.objects.filter(mini_program=mini_program).order_by()
    codes = rows.exclude(industry_code="").values_list("industry_code", flat=True).distinct()
    scenes = rows.exclude(industry_scenario="").values_list("industry_scenario", flat=True).distinct()
    return sorted(codes), sorted(scenes)


def other_kind(entry: LibraryTemplate) -> LibraryTemplate | None:
    """The same template with the other sort of consent, where the library offers both."""
    rows = LibraryTemplate.objects.filter(mini_program=entry.mini_program_id, code=entry.code)
    return rows.exclude(kind=entry.kind).filter(selectable=True).first()


def synced_at(mini_program: MiniProgram) -> datetime | None:
    """When the library was last copied; None: never."""
    last: datetime | None = LibraryTemplate.objects.filter(mini_program=mini_program).aggregate(
        at=Max("synced_at")
    )["at"]
    return last


def adopted(mini_program: MiniProgram) -> dict[tuple[str, str], SubscriptionTemplate]:
    """The living template by (library code, kind); the newest where there are several."""
    rows = SubscriptionTemplate.objects.filter(mini_program=mini_program).exclude(state__in=OVER)
    return {(row.library_code, row.kind): row for row in rows.order_by("applied_at", "pk")}


def source_of(template: SubscriptionTemplate) -> LibraryTemplate | None:
    """Where it can be adopted again; None when the library has no such entry."""
    rows = LibraryTemplate.objects.filter(mini_program=template.mini_program_id, selectable=True)
    rows = rows.select_related("merchant")
    return rows.filter(code=template.library_code, kind=template.kind).first()


def history(template: SubscriptionTemplate) -> list[Event]:
    """What happened to it, oldest first; at most 50 lines."""
    rows = Event.objects.for_merchant(template.merchant).filter(
        subject_kind="subscriptiontemplate", subject_id=template.pk
    )
    return list(rows.select_related("by").order_by("at", "id")[:50])


@dataclass(frozen=True)
class Held:
    """People by what they hold of one template. `is_whole` False: there are more than were counted."""

    people: int
    with_units: int
    units_left: int  # messages
    standing_now: int
    none_left: int
    drifting: int
    is_whole: bool


def consents_of(template: SubscriptionTemplate, *, at_most: int = COUNTED_CONSENTS) -> Held:
    """Reads `at_most` rows and one more, whatever the table's size."""
    some = Consent.objects.filter(template=template)[: at_most + 1]
    counted = some.aggregate(
        people=Count("pk"),
        with_units=Count("pk", filter=Q(units__gt=0)),
        units_left=Sum("units", default=0),
        standing_now=Count("pk", filter=Q(standing=True)),
        none_left=Count("pk", filter=Q(units=0, standing=False)),
        drifting=Count("pk", filter=~Q(drift="")),
    )
    return Held(**counted, is_whole=counted["people"] <= at_most)
