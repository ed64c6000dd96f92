"""Absolute claims marked where they stand: the text as it will read, and what is said about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from console.messaging.sends.compose_form import ComposeForm
from console.messaging.sends.preview import Preview
from messaging.sends.advice import Claim, claims_in


@dataclass(frozen=True)
class Part:
    text: str
    is_claim: bool


@dataclass(frozen=True)
class Remark:
    """`action` is the value of the button that repairs it; empty where there is nothing to repair here."""

    sentence: str
    button: str = ""
    action: str = ""


@dataclass(frozen=True)
class Marked:
    """One field: `parts` make up its text. Both are empty without a claim."""

    position: int
    parts: Sequence[Part]
    remarks: Sequence[Remark]


def marked(form: ComposeForm, preview: Preview) -> list[Marked]:
    """Each keyword: its text for the person the preview shows, else as written where only that has one."""
    return [
        _marked(position, str(field.value() or ""), said.text)
        for position, (field, said) in enumerate(zip(form.value_fields, preview.said, strict=True))
    ]


def _marked(position: int, written: str, read: str) -> Marked:
    here, there = claims_in([written]), claims_in([read])
    own = {claim.word for claim in here}
    remarks = [_remark(position, claim) for claim in here]
    remarks += [_from_a_column(claim) for claim in there if claim.word not in own]
    parts = _parts(read, there) if there else _parts(written, here) if here else ()
    return Marked(position, list(parts), remarks)


def _parts(text: str, claims: Sequence[Claim]) -> Iterator[Part]:
    done = 0
    for claim in claims:
        if claim.start - 1 > done:
            yield Part(text[done : claim.start - 1], False)
        yield Part(claim.word, True)
        done = claim.end
    if done < len(text):
        yield Part(text[done:], False)


def _remark(position: int, claim: Claim) -> Remark:
    words = _(
        "Characters %(start)s to %(end)s: “%(word)s” is an absolute claim; "
        "the platform may refuse the whole batch."
    )
    button = (
        _("Use “%(instead)s” instead") % {"instead": claim.instead}
        if claim.instead
        else _("Leave “%(word)s” out") % {"word": claim.word}
    )
    named = {"start": claim.start, "end": claim.end, "word": claim.word}
    return Remark(words % named, button, f"repair-{position}-{claim.start}")


def _from_a_column(claim: Claim) -> Remark:
    words = _(
        "“%(word)s” comes from a column of the list and is an absolute claim; the platform may refuse "
        "the whole batch. Change the list, or write the text without that column."
    )
    return Remark(words % {"word": claim.word})
