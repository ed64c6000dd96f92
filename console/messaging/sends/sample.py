"""One person of a list and the message as they get it, with the way to the next and the one before."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from console.messaging.phone import Message
from membership.models import PeopleListEntry
from merchants.numbers import is_number
from messaging.engine import text
from messaging.models import BatchSend
from messaging.sends import batches, personal
from messaging.sends.placeholders import PlaceholderError


@dataclass(frozen=True)
class Sample:
    """`person` is None without a list, or for one without people. `before` and `after` ask for a neighbour.

    Both are query strings, empty where nobody stands there.
    """

    message: Message
    person: PeopleListEntry | None
    is_personal: bool
    before: str = ""
    after: str = ""


def sample_of(batch: BatchSend, *, after: int = 0, before: int = 0) -> Sample:
    """The person next to the one of that customer id; the first of the list where there is none."""
    template, to = batch.template, batch.people_list
    person = None
    if to is not None:
        found = personal.previous_entry(to, before=before) if before else None
        person = found or personal.next_entry(to, after=after) or personal.next_entry(to)
    said, is_personal = _said(batch, person)
    message = Message(
        sender=batch.merchant.name,
        name=template.name if template else "",
        fields=list(zip(template.keywords, said, strict=False)) if template else [],
        has_push=bool(template and template.has_push),
    )
    if to is None or person is None:
        return Sample(message, None, is_personal)
    here = person.customer_id
    return Sample(
        message,
        person,
        is_personal,
        before=f"?before={here}" if personal.previous_entry(to, before=here) else "",
        after=f"?after={here}" if personal.next_entry(to, after=here) else "",
    )


def neighbour_in(query: QueryDict) -> dict[str, int]:
    """Whom the arrows beside the preview lead to: next to the person of this customer id."""
    given = {name: query.get(name, "") for name in ("before", "after")}
    return {name: int(value) for name, value in given.items() if is_number(value)}


def _said(batch: BatchSend, person: PeopleListEntry | None) -> tuple[list[str], bool]:
    """Each value as this person gets it, and whether it differs from person to person.

    What cannot be read stands as it is.
    """
    try:
        pieces = batches.pieces_of(batch)
    except PlaceholderError:
        return list(batch.values), False
    own = person.values if person else None
    return [text.render(value, own) for value in pieces], text.is_personal(pieces)
