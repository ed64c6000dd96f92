"""What pages show of people lists: rows of the list page, the outcome of one list, a few of its people."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from membership import staging, uploads
from membership.models import PeopleList, PeopleListEntry
from merchants.models import Merchant
from merchants.numbers import by_number

State = PeopleList.State
UNDER_WAY = (State.CHECKING, State.IMPORTING)
COUNTED = (State.CHECKED, State.IMPORTING, State.READY)
EXAMPLES = 5
STATE_GROUPS = {
    "waiting": (State.UPLOADED, State.CHECKED),
    "under_way": UNDER_WAY,
    "ready": (PeopleList.State.READY,),
    "failed": (PeopleList.State.FAILED,),
}


def audiences(merchant: Merchant) -> QuerySet[PeopleList]:
    """What a send may be written to: not the list of one that a test made for itself."""
    found: QuerySet[PeopleList] = PeopleList.objects.for_merchant(merchant).filter(for_test=False)
    return found


def list_rows(
    merchant: Merchant, *, text: str = "", group: str = "", source: str = ""
) -> QuerySet[PeopleList]:
    """Audiences, newest first. `text`: in name, purpose, file name, or the number; `group`: STATE_GROUPS."""
    rows = audiences(merchant).select_related("created_by", "mini_program", "job")
    if text:
        rows = rows.filter(
            Q(name__icontains=text)
            | Q(purpose__icontains=text)
            | Q(file_name__icontains=text)
            | by_number(text)
        )
    if group:
        rows = rows.filter(state__in=STATE_GROUPS[group])
    if source:
        rows = rows.filter(source=source)
    ordered: QuerySet[PeopleList] = rows.order_by("-created_at", "-id")
    return ordered


@dataclass(frozen=True)
class ImportOutcome:
    """rows = usable + left_out; `added` of the usable were or would be new customers."""

    rows: int
    usable: int
    malformed: int
    repeated: int
    unknown: int
    opted_out: int
    added: int
    by_rule: bool
    has_problem_file: bool

    @property
    def left_out(self) -> int:
        return self.malformed + self.repeated + self.unknown + self.opted_out

    @property
    def balanced(self) -> bool:
        return self.rows == self.usable + self.left_out


def import_outcome(people_list: PeopleList) -> ImportOutcome | None:
    """Of the dry run, then of the import. None while nothing is counted."""
    if people_list.state not in (State.CHECKED, State.READY):
        return None
    return ImportOutcome(
        rows=people_list.rows,
        usable=people_list.count,
        malformed=people_list.malformed,
        repeated=people_list.repeated,
        unknown=people_list.unknown,
        opted_out=people_list.opted_out,
        added=int(people_list.job.result.get("added", 0)) if people_list.job else 0,
        by_rule=people_list.source == PeopleList.Source.RULE,
        has_problem_file=uploads.problem_path(people_list) is not None,
    )


@dataclass(frozen=True)
class Example:
    """One person of a list: the id as we know it (None once forgotten) and the values kept."""

    open_id: str | None
    values: list[str]


def examples(people_list: PeopleList) -> list[Example]:
    """The first few people: of the dry run before the import, of the list after it."""
    if people_list.state == State.CHECKED:
        found = staging.first_judged(people_list.pk, most=EXAMPLES)
    else:
        rows = PeopleListEntry.objects.filter(people_list=people_list).order_by("customer_id")
        found = list(rows.values_list("customer__open_id", "values")[:EXAMPLES])
    blank = [""] * len(people_list.columns)
    return [Example(open_id, values or blank) for open_id, values in found]
