"""What one real person would see on the three surfaces, and what is to be said about the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from console.messaging.phone import Message
from console.messaging.sends.compose_form import ComposeForm
from console.messaging.sends.misfits import Cut, cut
from gateway import wire
from membership.models import PeopleList, PeopleListEntry
from messaging.engine.text import fits, is_personal, render
from messaging.sends import personal
from messaging.sends.advice import Line, advice
from messaging.sends.placeholders import PlaceholderError, compiled

LOOKS = ("look-next", "look-previous", "look-longest", "look-failing")


@dataclass(frozen=True)
class Said:
    """One keyword as this person gets it. `fits`: the platform takes it; `problem`: it cannot be read."""

    label: str
    text: str
    characters: int
    fits: bool
    problem: str


@dataclass(frozen=True)
class Preview:
    """`person` is None without a list, for a list without people, and for who may not see people."""

    said: list[Said]
    person: PeopleListEntry | None
    is_personal: bool
    message: Message

    @property
    def is_skipped(self) -> bool:
        return self.is_personal and any(said.text and not said.fits for said in self.said)


def preview_of(form: ComposeForm, *, sender: str, may_see_people: bool) -> Preview:
    values = [str(field.value() or "").strip() for field in form.value_fields]
    to = form.chosen_list
    read = [_read(value, to) for value in values]
    pieces = [one for one, _problem in read]
    person = _person(form, to, pieces) if to and may_see_people else None
    texts = person.values if person else None
    said = []
    for field, (one, problem) in zip(form.value_fields, read, strict=True):
        text = render(one, texts)
        said.append(Said(str(field.label), text, wire.text_length(text), fits(text), problem))
    message = Message(
        sender=sender,
        name=form.chosen.name if form.chosen else "",
        fields=[(one.label, one.text) for one in said],
        has_push=bool(form.chosen and form.chosen.has_push),
    )
    return Preview(said, person, is_personal(pieces), message)


def _read(value: str, to: PeopleList | None) -> tuple[list[dict[str, Any]], str]:
    """What cannot be read yet, since it is being written, stands as it is."""
    try:
        return compiled(value, to.columns if to else []), ""
    except PlaceholderError as error:
        return [{"text": value}], str(error.sentence) if to else ""


def _person(form: ComposeForm, to: PeopleList, pieces: list[list[dict[str, Any]]]) -> PeopleListEntry | None:
    given = str(form["person"].value() or "")
    now = int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else 0
    found = None
    if form.look == "look-next":
        found = personal.next_entry(to, after=now)
    elif form.look == "look-previous":
        found = personal.previous_entry(to, before=now)
    elif form.look == "look-longest":
        found = personal.longest_entry(to, pieces)
    elif form.look == "look-failing":
        found = personal.failing_entry(to, pieces, after=now)
    return found or personal.entry(to, customer_id=now) or personal.next_entry(to)


def lines(form: ComposeForm) -> list[Line]:
    return advice([str(field.value() or "").strip() for field in form.value_fields])


@dataclass(frozen=True)
class RowsThatFit:
    """`longest`: of each keyword the longest row there is."""

    longest: list[Cut]
    failing: int
    empty: list[tuple[str, int]]  # column, rows


def rows_that_fit(form: ComposeForm, *, may_see_people: bool) -> RowsThatFit | None:
    """One pass over the list; None where the text is the same for all, or cannot be read yet."""
    to = form.chosen_list
    if to is None or not to.columns:
        return None
    values: Sequence[str] = [str(field.value() or "").strip() for field in form.value_fields]
    try:
        pieces = [compiled(value, to.columns) for value in values]
    except PlaceholderError:
        return None
    found = personal.fits_of(to, pieces)
    if found is None:
        return None
    said = personal.texts_of(to, pieces, {one.customer_id for one in found.longest.values()})
    longest = [
        cut(form.keywords[n], said[one.customer_id][n], may_see_people=may_see_people)
        for n, one in found.longest.items()
        if one.customer_id in said  # nobody erased them meanwhile
    ]
    empty = [(to.columns[n], rows) for n, rows in found.empty.items() if rows]
    return RowsThatFit(longest, found.failing, empty)
