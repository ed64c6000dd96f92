"""One single message as a caller asks for it, and whether it can be one at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway import wire
from membership import customers
from merchants.models import MiniProgram
from messaging.engine import text
from messaging.models import SubscriptionTemplate
from messaging.sends.batches import TOKEN_SAMPLE

LONGEST_PK = 18  # digits of an id of ours


class CannotBeSent(Exception):
    """`code`: a word for programs. The sentence says what to change; it never repeats what was handed in."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


@dataclass(frozen=True)
class Asked:
    """`template`: our id or the platform's. `data`: text by keyword, named as on the template or keyword1….

    `not_after` None: whenever it can leave.
    """

    idempotency_key: str
    open_id: str
    template: str
    data: Mapping[str, str]
    page: str
    not_after: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """Of all but the key: the same whatever the order of the fields and the zone of the time."""
        said: dict[str, Any] = {
            "open_id": self.open_id,
            "template": self.template,
            "data": dict(self.data),
            "page": self.page,
            "not_after": self.not_after.astimezone(UTC).isoformat() if self.not_after else None,
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Fitting:
    """What can be handed over: `data` as the platform wants it."""

    asked: Asked
    template: SubscriptionTemplate
    customer_id: int
    data: dict[str, dict[str, str]]


class Desk:
    """Judges what one request asks for: two queries, however many messages it has."""

    def __init__(self, mini_program: MiniProgram, asked: Iterable[Asked]) -> None:
        asked = list(asked)
        names = {one.template for one in asked}
        ours = {int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= LONGEST_PK}
        rows = SubscriptionTemplate.objects.filter(mini_program=mini_program)
        found = [
            *rows.filter(pk__in=ours),
            *rows.filter(template_id__in=names).exclude(template_id=""),
        ]
        # the platform's own id wins where one reads like an id of ours
        self._templates = {str(one.pk): one for one in found} | {one.template_id: one for one in found}
        self._people = customers.known(mini_program, {one.open_id for one in asked})

    def judge(self, asked: Asked, *, at: datetime) -> Fitting:
        """Raises CannotBeSent; the message may be handed in again under the same key once it is put right."""
        template = self._templates.get(asked.template)
        if template is None:
            raise CannotBeSent(
                "template_unknown",
                "This mini program has no template with this id. Use the id of one that is online.",
            )
        if not template.is_sendable:
            raise CannotBeSent(
                "template_not_online",
                "The template is not online, so the platform would refuse. Use one that is online.",
            )
        if asked.not_after is not None and asked.not_after <= at:
            raise CannotBeSent(
                "too_late", "not_after has passed, so nothing would be sent. Give a later one."
            )
        data = text.data_of(_values(asked.data, template.keywords))
        _check_page(asked.page)
        customer_id = self._people.get(asked.open_id)
        if customer_id is None:
            raise CannotBeSent(
                "person_unknown",
                "Nobody with this open_id is known under this mini program, or they asked to be forgotten."
                " Nobody is made up: people come by an audience or by the consent they gave.",
            )
        return Fitting(asked, template, customer_id, data)


def _values(data: Mapping[str, str], keywords: list[str]) -> list[str]:
    """The texts in the order of the template's keywords."""
    place = {name: n for n, name in enumerate(keywords)} | {
        f"keyword{n}": n - 1 for n in range(1, len(keywords) + 1)
    }
    values: dict[int, str] = {}
    for name, value in data.items():
        if name not in place:
            raise CannotBeSent(
                "data_wrong", f"data names what the template has not. It takes {_list(keywords)}."
            )
        if place[name] in values:
            raise CannotBeSent("data_wrong", f"data names {keywords[place[name]]} twice.")
        values[place[name]] = _value(value, keywords[place[name]])
    missing = [name for n, name in enumerate(keywords) if n not in values]
    if missing:
        raise CannotBeSent("data_wrong", f"data lacks {_list(missing)}.")
    ordered = [values[n] for n in range(len(keywords))]
    if text.data_length(ordered) > wire.DATA_MAX_CHARACTERS:
        most = f"{wire.DATA_MAX_CHARACTERS:,}"
        raise CannotBeSent("data_wrong", f"All texts together are too long; the platform takes {most}.")
    return ordered


def _value(value: str, keyword: str) -> str:
    kept = value.strip(text.BLANK)
    if not kept:
        raise CannotBeSent("data_wrong", f"The text of {keyword} is empty.")
    if not _is_text(kept):
        raise CannotBeSent("data_wrong", f"The text of {keyword} has a control character in it. Take it out.")
    length, most = wire.text_length(kept), wire.KEYWORD_VALUE_MAX_CHARACTERS
    if length > most:
        raise CannotBeSent(
            "data_wrong", f"The text of {keyword} is {length} characters long; the platform takes {most}."
        )
    return kept


def _is_text(value: str) -> bool:
    """No control character, and no half of a character, which no database keeps."""
    return not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value)


def _check_page(page: str) -> None:
    try:
        if not _is_text(page):
            raise ValueError("a control character")
        wire.page_with_parameters(page, {"rt": TOKEN_SAMPLE})
    except ValueError:
        most = wire.PAGE_MAX_CHARACTERS
        raise CannotBeSent(
            "page_wrong",
            f"page does not fit: a path of the mini program, with the recall mark at most {most} characters.",
        ) from None


def _list(names: list[str]) -> str:
    return ", ".join(names)
