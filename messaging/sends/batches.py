"""A batch send from draft to launch. Its state is its control row's; here is what, to whom and when."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from coupons.placing import PlacingRefused
from gateway import wire
from membership.models import PeopleList
from merchants import events
from messaging.engine import control as engine
from messaging.engine import text
from messaging.engine.freeze import Judged, judged, lead
from messaging.engine.funnel import Funnel, forecast, stopped_by
from messaging.models import BatchSend, Review, SendControl, SendState
from messaging.sends import approval, carrying, latest, versions
from messaging.sends.content import Content, written_in
from messaging.sends.placeholders import Place, PlaceholderError, compiled, parse
from messaging.sends.wall_time import NoSuchTime, due_of

if TYPE_CHECKING:
    from merchants.models import Merchant, MiniProgram, User

TOKEN_SAMPLE = "x" * 22  # the longest recall token: the page must have room for it


@dataclass(frozen=True)
class Problem:
    """`field`: template, values.0 …, page, people_list, time, not_after or name; `message`: what to do."""

    field: str
    message: str | Promise


class DraftConflict(Exception):
    """Somebody else saved this draft first; `current` is what it is now."""

    def __init__(self, current: BatchSend) -> None:
        self.current = current
        super().__init__(f"draft {current.pk} is at version {current.version}")


class NotADraft(Exception):
    """It was launched, or ended, meanwhile."""

    def __init__(self, state: str) -> None:
        self.state = state
        super().__init__(state)


class LaunchRefused(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem.message) for problem in problems))


def new_draft(
    *, merchant: Merchant, mini_program: MiniProgram, by: User, form_token: uuid.UUID, content: Content
) -> BatchSend:
    """A draft with its control row. The same form token twice gives the same draft."""
    known: BatchSend | None = BatchSend.objects.for_merchant(merchant).filter(form_token=form_token).first()
    if known is not None:
        return known
    with transaction.atomic():
        control = SendControl.objects.create(merchant=merchant, mini_program=mini_program)
        batch: BatchSend = BatchSend.objects.create(
            merchant=merchant,
            mini_program=mini_program,
            control=control,
            zone=merchant.time_zone,
            author=by,
            form_token=form_token,
            **_columns(content),
        )
        versions.keep(batch, by=by, at=None)
        _tell("send.drafted", batch, by)
    return batch


def save_draft(
    batch: BatchSend,
    *,
    by: User,
    version: int,
    content: Content,
    at: datetime,
    by_itself: bool = False,
    window: uuid.UUID | None = None,
) -> BatchSend:
    """Compare-and-set on `version`. Raises DraftConflict, or NotADraft once it was launched.

    `by_itself`: on a pause in writing, so it is no move of the operator's and no event. `window`: the open
    form, which does not quarrel with itself over a save whose answer it never read. What arrives late by
    itself and says nothing new makes no version: somebody may be confirming the one there is.
    """
    with transaction.atomic():
        if by_itself and (same := _locked_as(batch, content)):
            return same
        begun = versions.newest_of(window, batch, since=version) or version
        rows = BatchSend.objects.filter(pk=batch.pk, version=begun)
        if not rows.update(version=F("version") + 1, changed_at=at, **_columns(content)):
            raise DraftConflict(BatchSend.objects.get(pk=batch.pk))
        # after the batch row, as launch() does; locked, so that a launch cannot slip in before the commit
        state = (
            SendControl.objects.select_for_update().values_list("state", flat=True).get(pk=batch.control_id)
        )
        if state != SendState.DRAFT:
            raise NotADraft(state)
        saved: BatchSend = BatchSend.objects.select_related("control", "template", "people_list").get(
            pk=batch.pk
        )
        versions.keep(saved, by=by, at=at, by_itself=by_itself, window=window)
        if not by_itself:
            _tell("send.edited", batch, by)
    return saved


def _locked_as(batch: BatchSend, content: Content) -> BatchSend | None:
    """The draft, locked, where it says this already."""
    rows = BatchSend.objects.select_for_update(of=("self",)).select_related(
        "control", "template", "people_list"
    )
    current: BatchSend = rows.get(pk=batch.pk)
    is_same = current.control.state == SendState.DRAFT and not differs(current, content)
    return current if is_same else None


def copy(batch: BatchSend, *, by: User, form_token: uuid.UUID) -> BatchSend:
    """A new draft with the same words and audience, without a time: the one person of a test is none."""
    audience = batch.people_list if batch.people_list and not batch.people_list.for_test else None
    name = _("%(name)s, copy") % {"name": batch.name}
    content = replace(latest.without_times(written_in(batch)), name=name, people_list=audience)
    return new_draft(
        merchant=batch.merchant,
        mini_program=batch.mini_program,
        by=by,
        form_token=form_token,
        content=content,
    )


def change_time(batch: BatchSend, *, by: User, version: int, on: date, wall: time, at: datetime) -> BatchSend:
    """The draft with another wall time, and nothing else. Raises DraftConflict, NotADraft."""
    content = replace(written_in(batch), scheduled_on=on, scheduled_time=wall)
    return save_draft(batch, by=by, version=version, content=content, at=at)


def _columns(content: Content) -> dict[str, Any]:
    return {
        "name": content.name.strip()[:80],
        "template": content.template,
        "people_list": content.people_list,
        "values": [value.strip() for value in content.values],
        "page": content.page.strip(),
        "scheduled_on": content.scheduled_on,
        "scheduled_time": content.scheduled_time,
        "not_after_on": content.not_after_on,
        "not_after_time": content.not_after_time,
        "holdout_percent": content.holdout_percent,
        "coupon": content.coupon,
    }


def differs(batch: BatchSend, content: Content) -> bool:
    """Whether saving `content` would change this draft."""
    return any(getattr(batch, name) != value for name, value in _columns(content).items())


def problems(batch: BatchSend, *, at: datetime) -> list[Problem]:
    """Everything that keeps this draft from being launched, in the order of the form. Empty: it may go."""
    found = []
    if not batch.name:
        found.append(Problem("name", _("Give this send a name, so that you find it again.")))
    return (
        found
        + _template_problems(batch)
        + _coupon_problems(batch, at)
        + _page_problems(batch)
        + _list_problems(batch)
        + _time_problems(batch, at)
    )


def problems_of_missed(batch: BatchSend) -> list[Problem]:
    """What keeps a missed send from any new time: its template or list may be gone by now."""
    return _template_problems(batch) + _list_problems(batch)


def nobody_reached(funnel: Funnel) -> list[Problem]:
    """A send that would go to nobody is not launched, nor given a new time."""
    if funnel.will_send:
        return []
    return [Problem("people_list", _("Nobody on this list can be reached now. Choose another."))]


def _template_problems(batch: BatchSend) -> list[Problem]:
    template = batch.template
    if template is None:
        return [Problem("template", _("Choose a template that is online."))]
    if not template.is_sendable:
        message = _(
            "“%(name)s” is not online, so the platform would refuse every message. Choose another template."
        )
        return [Problem("template", message % {"name": template.name})]
    found = []
    for position, keyword in enumerate(template.keywords):
        value = batch.values[position] if position < len(batch.values) else ""
        message = _value_problem(value, keyword, batch.people_list)
        if message:
            found.append(Problem(f"values.{position}", message))
    return found


def _value_problem(value: str, keyword: str, to: PeopleList | None) -> str:
    """What is wrong with it whoever gets it; a text of one person that does not fit only skips them."""
    if not value:
        return _("Fill in “%(keyword)s”.") % {"keyword": keyword}
    try:
        parts = parse(value)
        if to is not None:
            compiled(value, to.columns)
    except PlaceholderError as error:
        return str(error.sentence)
    fixed = sum(len(part) for part in parts if isinstance(part, str))
    over = fixed - wire.KEYWORD_VALUE_MAX_CHARACTERS
    if over <= 0:
        return ""
    words = {"keyword": keyword, "over": over, "limit": wire.KEYWORD_VALUE_MAX_CHARACTERS}
    if any(isinstance(part, Place) for part in parts):
        message = _(
            "“%(keyword)s” is %(over)s characters too long even where its columns are empty; "
            "the platform allows %(limit)s."
        )
        return message % words
    message = _("“%(keyword)s” is %(over)s characters too long; the platform allows %(limit)s.")
    return message % words


def _coupon_problems(batch: BatchSend, at: datetime) -> list[Problem]:
    try:
        sentence = carrying.wrong_with(batch, due_at=due(batch, at=at), at=at)
    except NoSuchTime:
        return []  # said at the time
    return [Problem("coupon", sentence)] if sentence else []


def _page_problems(batch: BatchSend) -> list[Problem]:
    if not batch.page:
        return [Problem("page", _("Say which page of the mini program the message opens."))]
    try:
        wire.page_with_parameters(batch.page, {"rt": TOKEN_SAMPLE})
    except ValueError:
        message = _("The page does not fit. With the recall token it may have at most %(limit)s characters.")
        return [Problem("page", message % {"limit": wire.PAGE_MAX_CHARACTERS})]
    return []


def _list_problems(batch: BatchSend) -> list[Problem]:
    if batch.people_list is None:
        return [Problem("people_list", _("Choose the list of people it goes to."))]
    if batch.people_list.state != PeopleList.State.READY:
        return [Problem("people_list", _("This list is still being checked. Wait until it is ready."))]
    if not batch.people_list.count:
        return [Problem("people_list", _("This list has nobody in it. Choose another one."))]
    return []


def _time_problems(batch: BatchSend, at: datetime) -> list[Problem]:
    try:
        due_at = due(batch, at=at)
    except NoSuchTime as gap:
        return [Problem("time", gap.sentence)]
    if has_passed(due_at, at=at):
        return [Problem("time", _("This time has passed. Choose a later one, or send now."))]
    if due_at > at + timedelta(days=366):
        return [Problem("time", _("This is more than a year ahead. Choose an earlier day."))]
    return [Problem("not_after", sentence) for sentence in latest.wrong_with(batch, due_at=due_at)]


def has_passed(due_at: datetime, *, at: datetime) -> bool:
    """A minute late is still in time, since wall times are entered by the minute."""
    return due_at < at - timedelta(seconds=60)


def due(batch: BatchSend, *, at: datetime) -> datetime:
    """The instant it is due; without a wall time that is right after the undo window. Raises NoSuchTime."""
    return due_of(batch.scheduled_on, batch.scheduled_time, zone=batch.zone, at=at)


def reach(batch: BatchSend, *, at: datetime, due_at: datetime | None = None) -> Funnel:
    """The funnel of a send that has a template and a list, judged for `due_at`, or else for its own time.

    The own time of a missed send has passed and tells nothing of who is reached. Raises NoSuchTime,
    PlaceholderError.
    """
    return forecast(_prepared(batch), due_at=due_at or due(batch, at=at), at=at)


def people_stopped(
    batch: BatchSend, *, gate: str, due_at: datetime, after: int = 0, limit: int = 100
) -> list[tuple[int, str | None]]:
    """The people behind one drop of reach(): (customer id, open_id), by customer id above `after`."""
    return stopped_by(_prepared(batch), gate=gate, due_at=due_at, after=after, limit=limit)


def judged_now(batch: BatchSend, *, at: datetime) -> Judged:
    """The gates as they stand, for its own time or, where that has passed, for `at`.

    Raises NoSuchTime, PlaceholderError; ValueError without a template.
    """
    at = max(batch.control.due_at or due(batch, at=at), at)
    return judged(_prepared(batch), at=at, one_by_one=True)


def _prepared(batch: BatchSend) -> SendControl:
    """The control row as launch would write it, not saved."""
    control: SendControl = SendControl.objects.select_related("merchant", "mini_program").get(
        pk=batch.control_id
    )
    for name, value in _frozen_content(batch).items():
        setattr(control, name, value)
    return control


def pieces_of(batch: BatchSend) -> list[list[dict[str, Any]]]:
    """Each value of a draft, for messaging.engine.text. Raises PlaceholderError."""
    columns = batch.people_list.columns if batch.people_list else []
    return [compiled(value, columns) for value in batch.values]


def _frozen_content(batch: BatchSend) -> dict[str, Any]:
    template = batch.template
    if template is None:
        raise ValueError("a send without a template has no content")
    pieces = pieces_of(batch)
    return {
        "template": template,
        "template_kind": template.kind,
        "platform_template_id": template.template_id,
        "fatigue_value": template.fatigue_value,
        "fatigue_unit": template.fatigue_unit,
        "fatigue_total": template.fatigue_total,
        "people_list": batch.people_list,
        "holdout_percent": batch.holdout_percent,
        "page": batch.page,
        "data": text.data_of([text.render(value) for value in pieces]),
        "pieces": pieces if text.is_personal(pieces) else [],
    }


def launch(
    batch: BatchSend, *, by: User, version: int, at: datetime, launches: int | None = None
) -> SendControl:
    """draft or approved → scheduled with the content frozen. Nothing leaves before the undo window ends.

    `version` and `launches` are those the person has seen; None: nobody saw any. Raises LaunchRefused,
    DraftConflict, MoveRefused.
    """
    wrong = problems(batch, at=at)
    if wrong:
        raise LaunchRefused(wrong)
    due_at = due(batch, at=at)
    people = batch.people_list.count if batch.people_list else 0
    undo_until = at + timedelta(seconds=settings.ENGINE_UNDO_SECONDS)
    changes = _frozen_content(batch) | {
        "launched_at": at,
        "undo_until": undo_until,
        "due_at": due_at,
        "not_after": latest.instant_of(batch),
        "prepare_at": max(undo_until, due_at - lead(people)),
        "failure": "",
    }
    control: SendControl = SendControl.objects.select_related("merchant", "mini_program").get(
        pk=batch.control_id
    )
    detail = {"people": people, "due_at": due_at.isoformat(), "version": version, "name": batch.name}
    with transaction.atomic():
        current: BatchSend = BatchSend.objects.select_for_update().get(pk=batch.pk)
        unseen = launches is not None and launches != current.launches
        if unseen or not version == batch.version == current.version:
            raise DraftConflict(current)
        allowed = _approved(batch, at) & {SendState.DRAFT, SendState.APPROVED}
        changes |= _coupon_of(batch, due_at=due_at, by=by, at=at)
        engine.move(control, SendState.SCHEDULED, by=by, only_from=allowed, detail=detail, changes=changes)
        BatchSend.objects.filter(pk=batch.pk).update(launches=F("launches") + 1)
    return control


def _coupon_of(batch: BatchSend, *, due_at: datetime, by: User, at: datetime) -> dict[str, Any]:
    """The plan under which its messages carry its coupon: made with the launch, or not at all."""
    try:
        return carrying.planned(batch, due_at=due_at, by=by, at=at)
    except PlacingRefused as refused:
        raise LaunchRefused([Problem("coupon", refused.sentence)]) from refused


def take_back(batch: BatchSend, *, by: User) -> None:
    """scheduled → draft: undo, or edit again; voids its approval. Raises MoveRefused once preparing began."""
    control = SendControl.objects.select_related("merchant", "mini_program").get(pk=batch.control_id)
    changes: dict[str, Any] = {"launched_at": None, "undo_until": None, "prepare_at": None, "due_at": None}
    with transaction.atomic():
        engine.move(
            control,
            SendState.DRAFT,
            by=by,
            only_from={SendState.SCHEDULED},
            event="send.taken_back",
            changes=changes | {"not_after": None},
        )
        approval.make_void(control, by=by, why=Review.Ended.UNDONE)


def _approved(batch: BatchSend, at: datetime) -> set[str]:
    """The states it may leave for `scheduled`. Raises LaunchRefused where its approval is missing."""
    if allowed := approval.launchable_from(batch, at=at):
        return allowed
    message = _("A second person approves it first, exactly as it is now. Ask for approval.")
    raise LaunchRefused([Problem("approval", message)])


def reschedule(
    batch: BatchSend,
    *,
    by: User,
    at: datetime,
    on: date | None,
    wall: time | None,
    not_after: latest.Wall = latest.NONE,
) -> SendControl:
    """missed → scheduled anew; right after the undo window when `on` is None. Raises LaunchRefused.

    The latest time given before does not count any more: `not_after` is the one that does.
    """
    batch.scheduled_on, batch.scheduled_time = on, wall
    batch.not_after_on, batch.not_after_time = not_after
    wrong = problems_of_missed(batch) + _time_problems(batch, at) or _coupon_problems(batch, at)
    if wrong:
        raise LaunchRefused(wrong)
    due_at = due(batch, at=at)
    control: SendControl = SendControl.objects.select_related("merchant", "mini_program").get(
        pk=batch.control_id
    )
    undo_until = at + timedelta(seconds=settings.ENGINE_UNDO_SECONDS)
    people = batch.people_list.count if batch.people_list else 0
    changes = {
        "launched_at": at,
        "undo_until": undo_until,
        "due_at": due_at,
        "not_after": latest.instant_of(batch),
        "prepare_at": max(undo_until, due_at - lead(people)),
        "failure": "",
    }
    with transaction.atomic():
        walls = {"scheduled_on": on, "scheduled_time": wall, **latest.columns(not_after)}
        BatchSend.objects.filter(pk=batch.pk).update(**walls, changed_at=at)
        changes |= _coupon_of(batch, due_at=due_at, by=by, at=at)
        engine.move(
            control,
            SendState.SCHEDULED,
            by=by,
            only_from=_approved(batch, at) & {SendState.MISSED},
            event="send.rescheduled",
            detail={"due_at": due_at.isoformat()},
            changes=changes,
        )
    return control


def _tell(kind: str, batch: BatchSend, by: User) -> None:
    events.record(
        kind,
        merchant=batch.merchant,
        by=by,
        mini_program=batch.mini_program,
        subject=batch.control,
        detail={"name": batch.name, "version": batch.version},
    )
