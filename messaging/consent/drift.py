"""Where the platform's copy of an adopted template is another than ours, and taking that copy over.

The event that told of a difference carries the platform's copy; the row only that there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from merchants import events
from merchants.models import Event, User
from messaging.models import Kind, SubscriptionTemplate

DIFFERS = "template.differs"


def listed(words: Iterable[str]) -> str:
    return pgettext("between items of a list", ", ").join(words)


class TakeOverRefused(Exception):
    """Nothing was changed; the message tells the person what to do."""


@dataclass(frozen=True)
class PlatformCopy:
    """What the platform has otherwise; empty where it has what we have."""

    name: str = ""
    keywords: Sequence[str] = ()
    kind: str = ""
    status: str = ""

    def as_detail(self) -> dict[str, object]:
        """For an event; what is empty is left out."""
        told = {
            "their_name": self.name,
            "their_keywords": list(self.keywords),
            "their_kind": self.kind,
            "their_status": self.status,
        }
        return {key: value for key, value in told.items() if value}

    @property
    def in_words(self) -> str:
        """One line, `what: theirs`; empty when nothing differs."""
        pairs = (
            (_("name"), self.name),
            (_("keywords"), listed(self.keywords)),
            (_("kind"), str(Kind(self.kind).label) if self.kind else ""),
            (_("status"), self.status),
        )
        lines = [_("%(what)s: %(theirs)s") % {"what": what, "theirs": told} for what, told in pairs if told]
        return "; ".join(lines)

    @property
    def can_be_taken_over(self) -> bool:
        """Another kind has other consents, and a status we cannot read has no rule: both need a person."""
        return bool(self.name or self.keywords) and not self.kind and not self.status


def platform_copy(template: SubscriptionTemplate) -> PlatformCopy | None:
    """As last told; None while the two agree, or where no event tells."""
    if not template.differs:
        return None
    told = Event.objects.for_merchant(template.merchant).filter(
        subject_kind="subscriptiontemplate", subject_id=template.pk, kind=DIFFERS
    )
    last = told.order_by("-at", "-id").first()
    detail = last.detail if last else {}
    copy = PlatformCopy(
        name=detail.get("their_name", ""),
        keywords=tuple(detail.get("their_keywords", ())),
        kind=detail.get("their_kind", ""),
        status=detail.get("their_status", ""),
    )
    return copy if copy.as_detail() else None


def take_over(template: SubscriptionTemplate, *, seen: str, by: User) -> SubscriptionTemplate:
    """The platform's name and keywords become ours. `seen` is the difference the person looked at.

    Values of drafts stay in their places, keyword1 first. What is launched keeps what was frozen.
    Raises TakeOverRefused when the difference is another by now, or cannot be taken over.
    """
    copy = platform_copy(template)
    if copy is None or template.difference != seen:
        raise TakeOverRefused(
            _("The platform's copy has changed since you looked. Compare the two again, then decide.")
        )
    if not copy.can_be_taken_over:
        raise TakeOverRefused(
            _("Only a name and keywords can be taken over. Adopt the template again to follow the platform.")
        )
    before = {"name": template.name, "keywords": list(template.keywords)}
    after = {"name": copy.name or template.name, "keywords": list(copy.keywords or template.keywords)}
    with transaction.atomic():
        rows = SubscriptionTemplate.objects.filter(pk=template.pk, differs=True, difference=seen)
        if not rows.update(differs=False, difference="", **after):
            raise TakeOverRefused(_("A colleague or the platform was faster. Look at the template again."))
        events.record(
            "template.taken_over",
            merchant=template.merchant,
            by=by,
            mini_program=template.mini_program,
            subject=template,
            detail={
                "name": after["name"],
                "keywords_before": before["keywords"],
                "keywords": after["keywords"],
            },
        )
    template.refresh_from_db()
    return template
