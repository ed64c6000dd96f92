"""A crowd send from draft to launch, and what a person decides about it afterwards."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from gateway import wire
from merchants import tokens
from messaging.engine.quiet import Quiet
from messaging.models import CrowdDecision, CrowdSend, CrowdState, SubscriptionTemplate
from messaging.sends import crowd_quota
from messaging.sends.batches import TOKEN_SAMPLE, LaunchRefused, Problem, has_passed
from messaging.sends.crowd_moves import move, move_freeing, tell
from messaging.sends.placeholders import Place, PlaceholderError, parse
from messaging.sends.rules import rules_of
from messaging.sends.wall_time import NoSuchTime, due_of

if TYPE_CHECKING:
    from merchants.models import Merchant, MiniProgram, User

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class CrowdContent:
    """What the form gave. `values` in the order of the template's keywords; no `crowd_code`: everybody."""

    name: str
    template: SubscriptionTemplate | None
    values: list[str]
    page: str
    crowd_code: str
    scheduled_on: date | None
    scheduled_time: time | None


class CrowdConflict(Exception):
    """Somebody else saved this draft first, or launched it; `current` is what it is now."""

    def __init__(self, current: CrowdSend) -> None:
        self.current = current
        super().__init__(f"crowd draft {current.pk} is at version {current.version}, {current.state}")


def new_draft(
    *, merchant: Merchant, mini_program: MiniProgram, by: User, form_token: uuid.UUID, content: CrowdContent
) -> CrowdSend:
    """The same form token twice gives the same draft."""
    with transaction.atomic():
        crowd: CrowdSend
        crowd, made = CrowdSend.objects.for_merchant(merchant).get_or_create(
            form_token=form_token,
            defaults={
                "merchant": merchant,
                "mini_program": mini_program,
                "zone": merchant.time_zone,
                "author": by,
                **_columns(content),
            },
        )
        if made:
            tell("crowd.drafted", crowd, by=by, detail={"version": 1})
    return crowd


def save_draft(crowd: CrowdSend, *, by: User, version: int, content: CrowdContent, at: datetime) -> CrowdSend:
    """Compare-and-set on `version` and on being a draft. Raises CrowdConflict."""
    with transaction.atomic():
        rows = CrowdSend.objects.filter(pk=crowd.pk, version=version, state=CrowdState.DRAFT)
        if not rows.update(version=F("version") + 1, changed_at=at, **_columns(content)):
            raise CrowdConflict(_again(crowd))
        saved = _again(crowd)
        tell("crowd.edited", saved, by=by, detail={"version": saved.version})
    return saved


def copy(crowd: CrowdSend, *, by: User, form_token: uuid.UUID) -> CrowdSend:
    """A new draft with the same words and crowd, without a time."""
    content = CrowdContent(
        name=_("%(name)s, copy") % {"name": crowd.name},
        template=crowd.template,
        values=list(crowd.values),
        page=crowd.page,
        crowd_code=crowd.crowd_code,
        scheduled_on=None,
        scheduled_time=None,
    )
    return new_draft(
        merchant=crowd.merchant,
        mini_program=crowd.mini_program,
        by=by,
        form_token=form_token,
        content=content,
    )


def _again(crowd: CrowdSend) -> CrowdSend:
    rows = CrowdSend.objects.select_related("merchant", "mini_program", "template", "author")
    found: CrowdSend = rows.get(pk=crowd.pk)
    return found


def _columns(content: CrowdContent) -> dict[str, Any]:
    return {
        "name": content.name.strip()[:80],
        "template": content.template,
        "values": [value.strip() for value in content.values],
        "page": content.page.strip(),
        "crowd_code": content.crowd_code.strip(),
        "scheduled_on": content.scheduled_on,
        "scheduled_time": content.scheduled_time,
    }


def problems(crowd: CrowdSend, *, at: datetime) -> list[Problem]:
    """Everything that keeps this draft from being launched, in the order of the form. Empty: it may go."""
    found = []
    if not crowd.name:
        found.append(Problem("name", _("Give this send a name, so that you find it again.")))
    found += _template_problems(crowd) + _page_problems(crowd)
    if crowd.crowd_code and not _CODE.fullmatch(crowd.crowd_code):
        words = _("A crowd code has letters, digits, - and _ only. Copy it from the crowd's page.")
        found.append(Problem("crowd_code", words))
    return found + _time_problems(crowd, at)


def _template_problems(crowd: CrowdSend) -> list[Problem]:
    template = crowd.template
    if template is None:
        return [Problem("template", _("Choose a template that is online."))]
    if not template.is_sendable:
        words = _(
            "“%(name)s” is not online, so the platform would refuse every message. Choose another template."
        )
        return [Problem("template", words % {"name": template.name})]
    found = []
    for position, keyword in enumerate(template.keywords):
        value = crowd.values[position] if position < len(crowd.values) else ""
        if words := _value_problem(value, keyword):
            found.append(Problem(f"values.{position}", words))
    if not found:
        try:
            data_of(crowd)
        except ValueError:
            words = _("The fields together are too long; the platform allows %(limit)s characters.")
            found.append(Problem("values.0", words % {"limit": f"{wire.DATA_MAX_CHARACTERS:,}"}))
    return found


def _value_problem(value: str, keyword: str) -> str:
    if not value:
        return _("Fill in “%(keyword)s”.") % {"keyword": keyword}
    try:
        parts = parse(value)
    except PlaceholderError as error:
        return str(error.sentence)
    place = next((part for part in parts if isinstance(part, Place)), None)
    if place is not None:
        words = _(
            "A crowd gets the same words: {%(column)s} cannot be filled in. Write the text itself, "
            "or send to a list."
        )
        return words % {"column": place.column}
    over = wire.text_length(plain(value)) - wire.KEYWORD_VALUE_MAX_CHARACTERS
    if over <= 0:
        return ""
    words = _("“%(keyword)s” is %(over)s characters too long; the platform allows %(limit)s.")
    return words % {"keyword": keyword, "over": over, "limit": wire.KEYWORD_VALUE_MAX_CHARACTERS}


def _page_problems(crowd: CrowdSend) -> list[Problem]:
    if not crowd.page:
        return [Problem("page", _("Say which page of the mini program the message opens."))]
    try:
        wire.page_with_parameters(crowd.page, {"rt": TOKEN_SAMPLE})
    except ValueError:
        words = _("The page does not fit. With the recall token it may have at most %(limit)s characters.")
        return [Problem("page", words % {"limit": wire.PAGE_MAX_CHARACTERS})]
    return []


def _time_problems(crowd: CrowdSend, at: datetime) -> list[Problem]:
    try:
        due_at = due(crowd, at=at)
    except NoSuchTime as gap:
        return [Problem("time", gap.sentence)]
    if has_passed(due_at, at=at):
        return [Problem("time", _("This time has passed. Choose a later one, or send now."))]
    if due_at > at + timedelta(days=366):
        return [Problem("time", _("This is more than a year ahead. Choose an earlier day."))]
    quiet = quiet_of(crowd.merchant)
    free_at = quiet.until(due_at) if quiet else None
    if free_at is not None:
        words = _("It is quiet then, and a crowd send is not held back for hours. It may go from %(time)s.")
        return [Problem("time", words % {"time": f"{free_at:%Y-%m-%d %H:%M}"})]
    if crowd.mini_program.stopped_at and due_at < at + timedelta(seconds=settings.ENGINE_MISSED_SECONDS):
        words = _("“%(name)s” is stopped. Release it first, or choose a later time.")
        return [Problem("time", words % {"name": crowd.mini_program.name})]
    if not crowd_quota.left(crowd.mini_program, crowd_quota.day_of(due_at)):
        return [Problem("time", none_left_words(due_at))]
    return []


def none_left_words(due_at: datetime) -> str:
    words = _(
        "No crowd message is left for %(day)s: all %(limit)s of that day are used or planned. "
        "Choose another day."
    )
    limit = settings.CROWD_SENDS_PER_DAY
    return words % {"day": f"{crowd_quota.day_of(due_at):%Y-%m-%d}", "limit": limit}


def quiet_of(merchant: Merchant) -> Quiet | None:
    rules, _version = rules_of(merchant)
    if rules.quiet_from is None or rules.quiet_to is None:
        return None
    return Quiet(rules.quiet_from, rules.quiet_to, ZoneInfo(merchant.time_zone))


def due(crowd: CrowdSend, *, at: datetime) -> datetime:
    """The instant it is due; without a wall time right after the undo window. Raises NoSuchTime."""
    return due_of(crowd.scheduled_on, crowd.scheduled_time, zone=crowd.zone, at=at)


def plain(value: str) -> str:
    """A value without columns as it is sent: doubled braces are one. Raises PlaceholderError."""
    return "".join(part for part in parse(value) if isinstance(part, str))


def data_of(crowd: CrowdSend) -> str:
    """As the platform takes it. Raises ValueError past its limits, PlaceholderError for what is no text."""
    return wire.message_data({f"keyword{n}": plain(value) for n, value in enumerate(crowd.values, start=1)})


def launch(crowd: CrowdSend, *, by: User, version: int, launches: int, at: datetime) -> None:
    """draft → scheduled with the content frozen and one crowd send of that day taken.

    `version` and `launches` are those the person has seen. Raises LaunchRefused, CrowdConflict, CrowdMoved.
    """
    wrong = problems(crowd, at=at)
    if wrong:
        raise LaunchRefused(wrong)
    undo_until = at + timedelta(seconds=settings.ENGINE_UNDO_SECONDS)
    due_at = max(due(crowd, at=at), undo_until)  # a wall time of this minute leaves the undo its seconds
    with transaction.atomic():
        current: CrowdSend = CrowdSend.objects.select_for_update().get(pk=crowd.pk)
        if (version, launches) != (current.version, current.launches) or version != crowd.version:
            raise CrowdConflict(_again(crowd))
        move(
            crowd,
            CrowdState.SCHEDULED,
            by=by,
            only_from={CrowdState.DRAFT},
            detail={"due_at": due_at.isoformat(), "version": version},
            changes={
                **_frozen(crowd, due_at=due_at),
                "launched_at": at,
                "undo_until": undo_until,
            },
        )
        if not crowd_quota.take(crowd.mini_program, crowd_quota.day_of(due_at)):
            raise LaunchRefused([Problem("time", none_left_words(due_at))])


def _frozen(crowd: CrowdSend, *, due_at: datetime) -> dict[str, Any]:
    template = crowd.template
    if template is None:
        raise ValueError("a crowd send without a template has no content")
    token = tokens.make_for_crowd(crowd.pk)
    return {
        "due_at": due_at,
        "platform_template_id": template.template_id,
        "template_kind": template.kind,
        "data": data_of(crowd),
        "sent_page": wire.page_with_parameters(crowd.page, {"rt": token}),
        "quota_day": crowd_quota.day_of(due_at),
        "launches": F("launches") + 1,
        "missed_reason": "",
    }


THAWED: dict[str, Any] = {
    "launched_at": None,
    "undo_until": None,
    "due_at": None,
    "data": "",
    "sent_page": "",
    "missed_reason": "",
}


def take_back(crowd: CrowdSend, *, by: User) -> None:
    """scheduled | missed → draft: undo, or another time. Raises CrowdMoved once it is being submitted."""
    move_freeing(crowd, CrowdState.DRAFT, by=by, event="crowd.taken_back", changes=THAWED)


def cancel(crowd: CrowdSend, *, by: User, why: str = "") -> None:
    """Before submission only: the platform takes nothing back. Raises CrowdMoved."""
    move_freeing(crowd, CrowdState.CANCELLED, by=by, detail={"why": why} if why else {})


def decide(crowd: CrowdSend, decision: str, *, by: User, at: datetime) -> bool:
    """What a person makes of an unknown outcome. False: it was decided, or answered, meanwhile."""
    if decision not in {CrowdDecision.SUBMITTED, CrowdDecision.WRITTEN_OFF}:
        raise ValueError(f"{decision!r} decides nothing")
    with transaction.atomic():
        rows = CrowdSend.objects.filter(pk=crowd.pk, state=CrowdState.UNKNOWN, decision="")
        if not rows.update(decision=decision, decided_by=by, decided_at=at):
            return False
        is_off = decision == CrowdDecision.WRITTEN_OFF
        tell("crowd.written_off_by_hand" if is_off else "crowd.submitted_by_hand", crowd, by=by)
    crowd.refresh_from_db()
    return True
