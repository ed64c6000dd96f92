"""One message as a phone shows it, for templates/messaging/_phone.html: composer, launch, templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """`name` is the template's, empty while none is chosen; `fields` are pairs of keyword and text, in order.

    Without a template nobody can say whether there is a push, so its place stays open.
    """

    sender: str
    name: str
    fields: Sequence[tuple[str, str]]
    has_push: bool

    @property
    def first(self) -> str:
        """What each surface shows first: the text of keyword1, the template's name while that is empty."""
        return (self.fields[0][1] if self.fields else "") or self.name

    @property
    def second(self) -> str:
        return self.fields[1][1] if len(self.fields) > 1 else ""
