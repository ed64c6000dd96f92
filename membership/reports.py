"""What pages show of people lists: rows of the list page, the outcome of one import."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from membership import uploads
from membership.models import PeopleList
from merchants.models import Merchant

UNDER_WAY = (PeopleList.State.CHECKING, PeopleList.State.CHECKED, PeopleList.State.IMPORTING)
STATE_GROUPS = {
    "under_way": UNDER_WAY,
    "ready": (PeopleList.State.READY,),
    "failed": (PeopleList.State.FAILED,),
}


def list_rows(merchant: Merchant, *, text: str = "", group: str = "") -> QuerySet[PeopleList]:
    """Newest first. `text` is looked for in name, purpose and file name; `group` is one of STATE_GROUPS."""
    rows = PeopleList.objects.for_merchant(merchant).select_related("created_by", "mini_program", "job")
    if text:
        rows = rows.filter(
            Q(name__icontains=text) | Q(purpose__icontains=text) | Q(file_name__icontains=text)
        )
    if group:
        rows = rows.filter(state__in=STATE_GROUPS[group])
    ordered: QuerySet[PeopleList] = rows.order_by("-created_at", "-id")
    return ordered


@dataclass(frozen=True)
class ImportOutcome:
    """rows = usable + malformed + repeated + unknown; `added` of the usable were new customers."""

    rows: int
    usable: int
    malformed: int
    repeated: int
    unknown: int
    added: int
    has_problem_file: bool

    @property
    def left_out(self) -> int:
        return self.malformed + self.repeated + self.unknown

    @property
    def balanced(self) -> bool:
        return self.rows == self.usable + self.left_out


def import_outcome(people_list: PeopleList) -> ImportOutcome | None:
    """None until the list is ready."""
    if people_list.state != PeopleList.State.READY:
        return None
    return ImportOutcome(
        rows=people_list.rows,
        usable=people_list.count,
        malformed=people_list.malformed,
        repeated=people_list.repeated,
        unknown=people_list.unknown,
        added=int(people_list.job.result.get("added", 0)) if people_list.job else 0,
        has_problem_file=uploads.problem_path(people_list) is not None,
    )
