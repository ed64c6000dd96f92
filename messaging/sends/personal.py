"""A draft's text on real people: the next recipient, the longest row, how many rows it does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from membership.models import PeopleList, PeopleListEntry
from messaging.engine import sql
from messaging.engine.text import BLANK, Pieces, is_personal, render, rendering


@dataclass(frozen=True)
class Longest:
    """The longest rendered text of one keyword, and whose it is."""

    characters: int
    customer_id: int


@dataclass(frozen=True)
class Fits:
    """Of all rows of a list. `longest` and `empty` by position of keyword and of column.

    `empty`: rows without text in a column that has no fallback.
    """

    rows: int
    failing: int
    longest: dict[int, Longest]
    empty: dict[int, int]


def entry(people_list: PeopleList, *, customer_id: int) -> PeopleListEntry | None:
    return _entries(people_list).filter(customer_id=customer_id).first()


def next_entry(people_list: PeopleList, *, after: int = 0) -> PeopleListEntry | None:
    return _entries(people_list).filter(customer_id__gt=after).order_by("customer_id").first()


def previous_entry(people_list: PeopleList, *, before: int) -> PeopleListEntry | None:
    return _entries(people_list).filter(customer_id__lt=before).order_by("-customer_id").first()


def longest_entry(people_list: PeopleList, pieces: Pieces) -> PeopleListEntry | None:
    """Whose longest value is the longest of all."""
    found = fits_of(people_list, pieces)
    if found is None or not found.longest:
        return None
    most = max(found.longest.values(), key=lambda one: one.characters)
    return entry(people_list, customer_id=most.customer_id)


def texts_of(people_list: PeopleList, pieces: Pieces, customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """Each keyword's text for each of these people of the list. One query."""
    rows = PeopleListEntry.objects.filter(people_list=people_list, customer_id__in=list(customer_ids))
    return {
        customer_id: [render(value, values) for value in pieces]
        for customer_id, values in rows.values_list("customer_id", "values")
    }


def failing_entry(people_list: PeopleList, pieces: Pieces, *, after: int = 0) -> PeopleListEntry | None:
    """The next one the text does not fit, by customer id; after the last the first again."""
    if not is_personal(pieces):
        return None
    text = rendering(pieces, {})
    statement = f"""
        SELECT e.customer_id FROM membership_peoplelistentry e {text.join}
        WHERE e.people_list_id = %(people_list)s AND e.customer_id > %(after)s AND {text.fails}
        ORDER BY e.customer_id LIMIT 1
    """  # noqa: S608 - positions and constants only; every text is a parameter
    for start in (after, 0):
        parameters = text.parameters | {"people_list": people_list.pk, "after": start}
        for (customer_id,) in sql.rows(statement, parameters):
            return entry(people_list, customer_id=customer_id)
    return None


def fits_of(people_list: PeopleList, pieces: Pieces) -> Fits | None:
    """One pass over the list. None where the text is the same for everybody, or the list has nobody."""
    if not is_personal(pieces):
        return None
    text = rendering(pieces, {})
    personal = [n for n, value in enumerate(pieces) if is_personal([value])]
    bare = sorted({one["column"] for value in pieces for one in value if one.get("fallback") == ""})
    columns = ["count(*)", f"count(*) FILTER (WHERE {text.fails})"]
    columns += [f"max(ARRAY[length(said.v{n + 1})::bigint, -e.customer_id])" for n in personal]
    columns += [
        f"count(*) FILTER (WHERE btrim(coalesce(e.\"values\" ->> {int(one)}, ''), %(blank)s) = '')"
        for one in bare
    ]
    statement = f"""
        SELECT {", ".join(columns)} FROM membership_peoplelistentry e {text.join}
        WHERE e.people_list_id = %(people_list)s
    """  # noqa: S608 - positions and constants only; every text is a parameter
    parameters = text.parameters | {"people_list": people_list.pk, "blank": BLANK}
    rows, failing, *found = sql.rows(statement, parameters)[0]
    if not rows:
        return None
    longest = {n: Longest(pair[0], -pair[1]) for n, pair in zip(personal, found, strict=False)}
    return Fits(rows, failing, longest, dict(zip(bare, found[len(personal) :], strict=True)))


def _entries(people_list: PeopleList) -> QuerySet[PeopleListEntry]:
    return PeopleListEntry.objects.filter(people_list=people_list).select_related("customer")
