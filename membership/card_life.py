"""The moves of a member card's template on its way to the platform and back, each a compare-and-set with its
Event. Whoever makes the call makes these moves: `begin` in the transaction that intends it, the others in the
one that takes over what became of it.

Going live writes the levels that cards can reach from then on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from membership.card_designing import DraftChanged, live_terms_of
from membership.models import CardLevel, CardRevision, CardTemplate
from membership.models.card_template import CARD_TEMPLATE_TRANSITIONS, CardTemplateState
from merchants import events
from merchants.models import User

State = CardTemplateState
BEGINS = {State.DRAFT: State.CREATING, State.LIVE: State.MODIFYING}
ENDS = {State.CREATING: State.DRAFT, State.MODIFYING: State.LIVE}  # where a refusal leads back to
LIMITS_OF_WORDS = {"refusal": 80, "words": 400}


def begin(template: CardTemplate, *, version: int, by: User | None) -> CardTemplate:
    """draft → creating, or live → modifying. Raises DraftChanged when `version` is not the newest one."""
    to = BEGINS.get(State(template.state))
    if to is None or to not in CARD_TEMPLATE_TRANSITIONS[template.state]:
        raise DraftChanged
    with transaction.atomic():
        rows = CardTemplate.objects.filter(pk=template.pk, state=template.state, version=version)
        asked = {"operations": F("operations") + 1, "asked_version": version, "refusal": "", "words": ""}
        if not rows.update(state=to, changed_at=Now(), **asked):
            raise DraftChanged
        template.refresh_from_db()
        _tell("card.submitted", template, by)
    return template


def request_id(template: CardTemplate) -> str:
    """Of the operation under way: the same at each repetition, another for the next one."""
    return f"card-{template.pk}-{template.operations}"


def went_live(template: CardTemplate, *, template_id: str, at: datetime) -> bool:
    """The platform has the version that was asked for. False: nothing is under way."""
    with transaction.atomic():
        rows = CardTemplate.objects.filter(pk=template.pk, state__in=ENDS)
        found: CardTemplate | None = rows.select_for_update(no_key=True).first()
        if found is None or found.asked_version is None:
            return False
        kept = CardRevision.objects.get(template=found, version=found.asked_version)
        rows.update(
            state=State.LIVE,
            template_id=template_id or found.template_id,
            live_terms=kept.terms,
            live_version=kept.version,
            asked_version=None,
        )
        template.refresh_from_db()
        _take_levels(template, at=at)
        _tell("card.live", template, None)
    return True


def refused(template: CardTemplate, *, sub_code: str, words: str) -> bool:
    """Back to where it was asked from. False: nothing is under way."""
    back = ENDS.get(State(template.state))
    if back is None:
        return False
    with transaction.atomic():
        rows = CardTemplate.objects.filter(pk=template.pk, state=template.state)
        said = {"refusal": sub_code[: LIMITS_OF_WORDS["refusal"]], "words": words[: LIMITS_OF_WORDS["words"]]}
        if not rows.update(state=back, asked_version=None, **said):
            return False
        template.refresh_from_db()
        _tell("card.refused", template, None, refusal=said["refusal"], words=said["words"])
    return True


def _take_levels(template: CardTemplate, *, at: datetime) -> None:
    """All lose their place first, so that two may exchange their thresholds."""
    CardLevel.objects.filter(template=template, left_out_at=None).update(left_out_at=at)
    for level in live_terms_of(template).levels:
        CardLevel.objects.update_or_create(
            template=template,
            code=level.code,
            defaults={
                "name": level.name,
                "threshold": level.threshold,
                "protection_days": level.protection_days,
                "points_percent": level.points_percent,
                "left_out_at": None,
            },
        )


def _tell(kind: str, template: CardTemplate, by: User | None, **detail: Any) -> None:
    events.record(
        kind,
        merchant=template.merchant,
        by=by,
        mini_program=template.mini_program,
        subject=template,
        detail={"name": template.name, "version": template.version, **detail},
    )
