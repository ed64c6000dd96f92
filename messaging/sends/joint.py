"""One message for many merchants of a service provider: a draft each, checked together, launched one by one.

Nothing is shared but the words. Each part is a send of its merchant's, to a list of that merchant, judged by
its consent, cap and quota, with books of its own; it is launched by the same function as any other send.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from membership.models import PeopleList
from merchants import credentials, providers
from merchants.models import Merchant, MiniProgram, User
from messaging.engine.control import MoveRefused
from messaging.engine.funnel import Funnel
from messaging.models import BatchSend, DeliveryCounter, JointPart, JointSend, SendState, SubscriptionTemplate
from messaging.sends import approval, batches, review
from messaging.sends.content import Content

WhyNot = JointPart.WhyNot


@dataclass(frozen=True)
class JointContent:
    """`values` by keyword, since each merchant's template may have them in another order."""

    name: str
    library_code: str
    kind: str
    values: Mapping[str, str]
    page: str
    scheduled_on: date | None = None
    scheduled_time: time | None = None


@dataclass(frozen=True)
class Choice:
    mini_program: MiniProgram
    people_list: PeopleList | None


@dataclass(frozen=True)
class Checked:
    """A part that is not launched yet: it may go if `why_not` is empty."""

    part: JointPart
    why_not: str
    funnel: Funnel | None = None

    @property
    def last_time(self) -> str:
        """Why the last attempt came to nothing, where nothing stands in the way now."""
        return "" if self.why_not else words_of(self.part)

    @property
    def will_send(self) -> int:
        return self.funnel.will_send if self.funnel else 0


@dataclass(frozen=True)
class Figures:
    """What became of one part's people, from its counters."""

    people: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    skipped: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Launched:
    """`asked`: where a second person of that merchant approves it first."""

    done: list[JointPart] = field(default_factory=list)
    asked: list[JointPart] = field(default_factory=list)
    refused: list[JointPart] = field(default_factory=list)


def template_of(mini_program: MiniProgram, *, code: str, kind: str) -> SubscriptionTemplate | None:
    """The newest that is online."""
    rows = SubscriptionTemplate.objects.filter(mini_program=mini_program, library_code=code, kind=kind)
    online = rows.filter(state=SubscriptionTemplate.State.APPROVED).order_by("-applied_at", "-pk")
    found: SubscriptionTemplate | None = online.first()
    return found


def draft(
    *, provider: Merchant, by: User, form_token: uuid.UUID, content: JointContent, choices: Sequence[Choice]
) -> JointSend:
    """A draft for each choice that has a template and a list; why the others have none stands in their parts.

    The same form_token gives the first one again. The caller has made sure that the provider acts for all.
    """
    rows = JointSend.objects.for_merchant(provider)
    if known := rows.filter(form_token=form_token).first():
        return known  # type: ignore[no-any-return]
    try:
        with transaction.atomic():
            return _draft(provider, by, form_token, content, choices)
    except IntegrityError:
        return rows.get(form_token=form_token)  # type: ignore[no-any-return]


def _draft(
    provider: Merchant,
    by: User,
    form_token: uuid.UUID,
    content: JointContent,
    choices: Sequence[Choice],
) -> JointSend:
    templates = {
        one.mini_program.pk: template_of(one.mini_program, code=content.library_code, kind=content.kind)
        for one in choices
    }
    named = next((template.name for template in templates.values() if template), content.library_code)
    joint: JointSend = JointSend.objects.create(
        merchant=provider,
        name=content.name,
        library_code=content.library_code,
        kind=content.kind,
        template_name=named,
        form_token=form_token,
        author=by,
    )
    for one in choices:
        template = templates[one.mini_program.pk]
        why_not, keyword = _without(template, one.people_list, content)
        batch = None
        if template is not None and not why_not:
            batch = batches.new_draft(
                merchant=one.mini_program.merchant,
                mini_program=one.mini_program,
                by=by,
                form_token=uuid.uuid5(form_token, str(one.mini_program.pk)),
                content=_content(content, template, one.people_list),
            )
        JointPart.objects.create(
            merchant=one.mini_program.merchant,
            joint=joint,
            mini_program=one.mini_program,
            batch=batch,
            why_not=why_not,
            keyword=keyword,
        )
    return joint


def _without(
    template: SubscriptionTemplate | None, people_list: PeopleList | None, content: JointContent
) -> tuple[str, str]:
    """Why there can be no draft, and which keyword has no text."""
    if template is None:
        return WhyNot.NO_TEMPLATE, ""
    if people_list is None:
        return WhyNot.NO_LIST, ""
    missing = [keyword for keyword in template.keywords if not content.values.get(keyword)]
    return (WhyNot.NO_TEXT, missing[0]) if missing else ("", "")


def words_of(part: JointPart) -> str:
    """What `why_not` says to a person, in their language; empty when it says nothing."""
    known = {
        WhyNot.NO_TEMPLATE: _("No template of this kind is online here. Adopt it first."),
        WhyNot.NO_LIST: _("No list was chosen."),
        WhyNot.NO_TEXT: _("Its template has the keyword “%(keyword)s”, and no text was written for it."),
        WhyNot.REFUSED: _("It could not be launched last time. Nothing stands in the way now; try again."),
        WhyNot.CHANGED: _("Somebody changed this draft after the check. Look at it, then try again."),
    }
    words = known.get(WhyNot(part.why_not), "") if part.why_not else ""
    return words % {"keyword": part.keyword} if part.why_not == WhyNot.NO_TEXT else words


def _content(
    content: JointContent, template: SubscriptionTemplate, people_list: PeopleList | None
) -> Content:
    return Content(
        name=content.name,
        template=template,
        people_list=people_list,
        values=[content.values[keyword] for keyword in template.keywords],
        page=content.page,
        scheduled_on=content.scheduled_on,
        scheduled_time=content.scheduled_time,
    )


def parts_of(joint: JointSend) -> list[JointPart]:
    """By merchant. A merchant that ended the authorisation is not shown any more, whatever was sent."""
    rows = joint.parts.filter(merchant__in=providers.acted_for(joint.merchant)).select_related(
        "merchant",
        "mini_program__provider_app",
        "batch__control__mini_program",
        "batch__control__merchant",
        "batch__template",
        "batch__people_list",
        "batch__mini_program",
        "batch__merchant",
    )
    return list(rows.order_by("merchant__name", "mini_program__name", "pk"))


def check(part: JointPart, *, at: datetime) -> Checked:
    """Whether it could be launched now, and whom it would reach."""
    batch = part.batch
    if batch is None:
        return Checked(part, words_of(part))
    if trouble := credentials.authorisation_trouble(part.mini_program):
        return Checked(part, trouble)
    problems = batches.problems(batch, at=at)
    if problems:
        return Checked(part, str(problems[0].message))
    funnel = batches.reach(batch, at=at)
    nobody = batches.nobody_reached(funnel)
    return Checked(part, str(nobody[0].message) if nobody else "", funnel)


def launch(joint: JointSend, *, by: User, confirmed: Mapping[int, tuple[int, int]], at: datetime) -> Launched:
    """Launches the parts as confirmed: {part id: (version, launches) as seen}. Each in its own transaction.

    What was launched before is left alone, so a second run launches nobody twice. A part that cannot go says
    why and keeps nobody back.
    """
    done = Launched()
    for part in parts_of(joint):
        seen = confirmed.get(part.pk)
        if seen is None or part.batch is None or part.batch.control.state != SendState.DRAFT:
            continue
        why_not = launch_part(part, part.batch, by=by, seen=seen, at=at)
        if why_not is None:
            continue
        JointPart.objects.filter(pk=part.pk).update(why_not=why_not)
        went = done.asked if approval.is_needed(part.batch) else done.done
        (done.refused if why_not else went).append(part)
    return done


def launch_part(
    part: JointPart, batch: BatchSend, *, by: User, seen: tuple[int, int], at: datetime
) -> str | None:
    """Why it was not launched; empty when it was, or when its approval was asked for; None when somebody else
    has launched it meanwhile."""
    if check(part, at=at).why_not:
        return WhyNot.REFUSED
    try:
        if approval.is_needed(batch):
            review.ask(batch, by=by, version=seen[0], at=at)
        else:
            batches.launch(batch, by=by, version=seen[0], launches=seen[1], at=at)
    except batches.LaunchRefused:
        return WhyNot.REFUSED
    except batches.DraftConflict as conflict:
        return WhyNot.CHANGED if conflict.current.control.state == SendState.DRAFT else None
    except MoveRefused:
        return None
    return ""


def figures(parts: Sequence[JointPart]) -> dict[int, Figures]:
    """By part id, for those that were launched; two statements for all."""
    started = {
        part.batch.control_id: part
        for part in parts
        if part.batch is not None and part.batch.control.state != SendState.DRAFT
    }
    counted: dict[int, dict[str, int]] = {}
    rows = DeliveryCounter.objects.filter(send_id__in=list(started)).values_list("send_id", "state")
    for send, state, n in rows.annotate(total=Sum("n")):
        counted.setdefault(send, {})[state] = n
    return {part.pk: _figures(part, counted.get(send, {})) for send, part in started.items()}


def _figures(part: JointPart, counts: dict[str, int]) -> Figures:
    people = part.batch.people_list.count if part.batch and part.batch.people_list else 0
    settled = {name: counts.get(name, 0) for name in ("accepted", "refused", "unknown", "skipped")}
    waiting = counts.get("queued", 0) + counts.get("sending", 0) if counts else people
    return Figures(people=people, waiting=waiting, **settled)


def total_of(found: Sequence[Figures]) -> Figures:
    names = ("people", "accepted", "refused", "unknown", "skipped", "waiting")
    return Figures(**{name: sum(getattr(one, name) for one in found) for name in names})
