"""Problem rows leave the house: they hold people's ids, so every download is an event."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from membership import uploads
from membership.models import PeopleList
from merchants import events
from merchants.models import User


def take_problem_rows(people_list: PeopleList, *, by: User) -> Path | None:
    """The file to hand out, or None: nothing was left out, or the file's time is over."""
    path = uploads.problem_path(people_list)
    if path is None:
        return None
    with transaction.atomic():
        events.record(
            "list.problems_downloaded",
            merchant=people_list.merchant,
            by=by,
            mini_program=people_list.mini_program,
            subject=people_list,
            detail={"name": people_list.name},
        )
    return path
