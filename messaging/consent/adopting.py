"""Adopting a library template, and watching what the platform makes of it.

submitting → applied → approved | rejected → offline; submitting → failed. The platform's word wins, so a
template may also come back. Applying has no idempotency key: when its outcome is unknown the row stays
`submitting` with the refusal `unknown`, and watch() looks for a template of ours that no row owns. It is
never applied for twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Min, Q
from django.utils.translation import gettext as _

from gateway.methods import messages
from merchants import calls, events
from merchants.models import GatewayCall, MiniProgram, User
from messaging.consent.asking import NotAnswered, ask_all_pages
from messaging.consent.drift import PlatformCopy, listed
from messaging.consent.library import KINDS, SCENE_RULES, fatigue_columns
from messaging.models import LibraryTemplate, SubscriptionTemplate

log = logging.getLogger(__name__)
State = SubscriptionTemplate.State

SETTLE_TASK = "messaging.settle_adoption"
UNKNOWN = "unknown"  # the refusal of a row whose application got no trustworthy answer
NOT_SENT = "not_sent"
MIN_KEYWORDS, MAX_KEYWORDS = 2, 5
SEARCH_FOR = timedelta(minutes=10)  # after that a template that is not listed was never made
SETTLED_AFTER = timedelta(minutes=1)  # a template this young may be missing from the list
WATCH_EVERY = timedelta(hours=1)

STATES: Mapping[str, State] = {
    "ONLINE": State.APPROVED,
    "OFFLINE": State.OFFLINE,
    "AUDITING": State.APPLIED,
    "REJECTED": State.REJECTED,
}
TRANSITIONS: Mapping[str, frozenset[str]] = {
    State.SUBMITTING: frozenset({State.APPLIED, State.APPROVED, State.REJECTED, State.OFFLINE, State.FAILED}),
    State.APPLIED: frozenset({State.APPROVED, State.REJECTED, State.OFFLINE}),
    State.APPROVED: frozenset({State.APPLIED, State.REJECTED, State.OFFLINE}),
    State.REJECTED: frozenset({State.APPLIED, State.APPROVED, State.OFFLINE}),
    State.OFFLINE: frozenset({State.APPLIED, State.APPROVED, State.REJECTED}),
    State.FAILED: frozenset(),
}


class AdoptRefused(Exception):
    """It cannot be adopted like this; the message tells the person what to do. Nothing was sent."""


def adopt(
    *, library_template: LibraryTemplate, keywords: Sequence[str], by: User, form_token: UUID
) -> SubscriptionTemplate:
    """Writes the row and the intended call; the order of `keywords` fixes keyword1 … keywordN for ever.

    The same form_token gives the first row again. Raises AdoptRefused.
    """
    first = _made_by(form_token, library_template)
    if first is not None:
        return first
    _check(library_template, keywords)
    try:
        with transaction.atomic():
            return _apply(library_template, list(keywords), by=by, form_token=form_token)
    except IntegrityError:
        first = _made_by(form_token, library_template)
        if first is None:
            raise AdoptRefused(
                _("This form was sent before. Open the library again and choose the template once more.")
            ) from None
        return first


def _made_by(form_token: UUID, library_template: LibraryTemplate) -> SubscriptionTemplate | None:
    mine = SubscriptionTemplate.objects.for_merchant(library_template.merchant)
    found: SubscriptionTemplate | None = mine.filter(form_token=form_token).first()
    return found


def _check(library_template: LibraryTemplate, keywords: Sequence[str]) -> None:
    if not library_template.selectable:
        raise AdoptRefused(
            library_template.not_selectable_reason
            or _("The platform does not let this mini program adopt this template. Choose another one.")
        )
    if not MIN_KEYWORDS <= len(keywords) <= MAX_KEYWORDS:
        raise AdoptRefused(_("Choose 2 to 5 keywords; %(n)s are chosen now.") % {"n": len(keywords)})
    if len(set(keywords)) != len(keywords):
        raise AdoptRefused(_("Each keyword can be chosen once. Remove the one that is there twice."))
    foreign = [keyword for keyword in keywords if keyword not in library_template.keywords]
    if foreign:
        raise AdoptRefused(
            _("The template has no keyword %(keyword)s. Choose from: %(known)s.")
            % {"keyword": foreign[0], "known": listed(library_template.keywords)}
        )


def _apply(
    source: LibraryTemplate, keywords: list[str], *, by: User, form_token: UUID
) -> SubscriptionTemplate:
    template = SubscriptionTemplate.objects.create(
        merchant_id=source.merchant_id,
        mini_program=source.mini_program,
        library_code=source.code,
        name=source.name,
        keywords=keywords,
        kind=source.kind,
        has_push=source.has_push,
        fatigue_value=source.fatigue_value,
        fatigue_unit=source.fatigue_unit,
        fatigue_total=source.fatigue_total,
        form_token=form_token,
        applied_by=by,
    )
    template.refresh_from_db()  # applied_at comes from the database
    calls.intend(
        mini_program=source.mini_program,
        method=messages.OpenMiniMessageTemplateApply.method,
        target=template,
        body={
            "lib_code": source.code,
            "scene_rule": SCENE_RULES[source.kind],
            "keyword_list": [{"name": keyword} for keyword in keywords],
        },
        idempotency_key=f"template:{template.pk}",
        settle_task=SETTLE_TASK,
    )
    _record("template.submitted", template, by=by, detail={"keywords": keywords})
    return template


def settle(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of an application. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        template = SubscriptionTemplate.objects.select_for_update().get(
            pk=call.target_id, merchant_id=merchant_id
        )
        _take_over(template, call)
        return calls.settle(call.pk)


def _take_over(template: SubscriptionTemplate, call: GatewayCall) -> None:
    if call.state == GatewayCall.State.ACCEPTED:
        template_id = str(call.answer["template_id"])
        if not _is_owned(template, template_id):
            _move(template, State.APPLIED, template_id=template_id, refusal="")
            return
        # watch() gave it to a twin of this row, which got no answer either; the twin's template is still free
        log.warning("%s: %s belongs to another row", call, template_id)
    elif call.state == GatewayCall.State.REFUSED:
        _move(template, State.FAILED, refusal=(call.sub_code or call.code)[:80])
        return
    elif call.state == GatewayCall.State.DEAD:
        _move(template, State.FAILED, refusal=NOT_SENT)
        return
    waiting = SubscriptionTemplate.objects.filter(pk=template.pk, state=State.SUBMITTING)
    if waiting.exclude(refusal=UNKNOWN).update(refusal=UNKNOWN):
        _record("template.unanswered", template)


def watch(mini_program: MiniProgram, *, at: datetime) -> int:
    """Compares our templates with the platform's list and follows it. Returns how many rows moved.

    What we held before the question was asked can be missed in the answer; what came later cannot.
    Raises asking.NotAnswered.
    """
    held = set(
        SubscriptionTemplate.objects.filter(mini_program=mini_program)
        .exclude(template_id="")
        .values_list("template_id", flat=True)
    )
    listed: dict[str, messages.AdoptedTemplate] = {
        theirs.template_id: theirs
        for theirs in ask_all_pages(
            mini_program,
            lambda number: messages.OpenMiniMessageTemplateBatchquery(page_num=number),
            lambda answer: answer.template_list,
        )
    }
    moved = 0
    with transaction.atomic():
        rows = SubscriptionTemplate.objects.select_for_update().filter(mini_program=mini_program)
        ours = list(rows.exclude(state=State.FAILED).order_by("pk"))
        owned = {template.template_id for template in ours}
        free = [theirs for template_id, theirs in listed.items() if template_id not in owned]
        for template in ours:
            if template.state == State.SUBMITTING:
                moved += template.refusal == UNKNOWN and _find(template, free, at)
            elif template.template_id in listed:
                moved += _follow(template, listed[template.template_id])
            elif template.template_id in held and at - template.applied_at > SETTLED_AFTER:
                moved += _move(template, State.OFFLINE)
        rows.filter(pk__in=[template.pk for template in ours]).update(checked_at=at)
    return moved


def due_for_watching(*, at: datetime) -> list[tuple[int, int]]:
    """(merchant, mini program) ids: with a template that waits for the platform each time, others hourly."""
    waits = Q(state__in=[State.SUBMITTING, State.APPLIED])
    live = SubscriptionTemplate.objects.exclude(state=State.FAILED)
    waiting = live.filter(waits).values_list("merchant_id", "mini_program_id").distinct()
    hourly = (
        live.values("merchant_id", "mini_program_id")
        .annotate(seen=Min("checked_at"))
        .filter(Q(seen=None) | Q(seen__lt=at - WATCH_EVERY))
        .values_list("merchant_id", "mini_program_id")
    )
    return sorted({*waiting, *hourly})


def watch_one(merchant_id: int, mini_program_id: int, *, at: datetime) -> None:
    """watch() for a task: a platform that does not answer is logged; the next turn asks again."""
    mini_program = MiniProgram.objects.get(pk=mini_program_id, merchant_id=merchant_id)
    try:
        watch(mini_program, at=at)
    except NotAnswered as error:
        log.warning("templates of %s were not compared: %s", mini_program, error)


def _find(template: SubscriptionTemplate, free: list[messages.AdoptedTemplate], at: datetime) -> bool:
    """Gives the row a free template that is what we applied for; after SEARCH_FOR it has failed."""
    for theirs in free:
        if _is_what_we_applied_for(template, theirs):
            free.remove(theirs)
            state = STATES.get(theirs.status or "", State.APPLIED)
            return _move(template, state, template_id=theirs.template_id, refusal="")
    asked = GatewayCall.objects.filter(target_kind="subscriptiontemplate", target_id=template.pk)
    answered_at = asked.aggregate(at=Max("finished_at"))["at"] or template.applied_at
    return at - answered_at > SEARCH_FOR and _move(template, State.FAILED)


def _is_what_we_applied_for(template: SubscriptionTemplate, theirs: messages.AdoptedTemplate) -> bool:
    return (
        not _differences(template, theirs).as_detail()
        and bool(theirs.name and theirs.keywords)
        and theirs.scene_rule in KINDS
    )


def _follow(template: SubscriptionTemplate, theirs: messages.AdoptedTemplate) -> bool:
    state = STATES.get(theirs.status or "")
    _note(template, _differences(template, theirs, status="" if state else theirs.status or "?"))
    fatigue = fatigue_columns(theirs.fatigue)
    if theirs.fatigue is not None and any(
        getattr(template, name) != value for name, value in fatigue.items()
    ):
        SubscriptionTemplate.objects.filter(pk=template.pk).update(**fatigue)
    return state is not None and state != template.state and _move(template, state)


def _differences(
    template: SubscriptionTemplate, theirs: messages.AdoptedTemplate, *, status: str = ""
) -> PlatformCopy:
    """What the platform's copy has otherwise; what it leaves out is no difference."""
    name, keywords = (theirs.name or "")[:80], tuple(word[:40] for word in theirs.keywords)
    kind = KINDS.get(theirs.scene_rule or "", "")
    return PlatformCopy(
        name=name if name != template.name else "",
        keywords=keywords if keywords != tuple(template.keywords) else (),
        kind=kind if kind != template.kind else "",
        status=status,
    )


def _note(template: SubscriptionTemplate, theirs: PlatformCopy) -> None:
    difference = theirs.in_words[:300]
    rows = SubscriptionTemplate.objects.filter(pk=template.pk).exclude(difference=difference)
    if rows.update(differs=bool(difference), difference=difference) and difference:
        _record("template.differs", template, detail=theirs.as_detail())


def _move(template: SubscriptionTemplate, to: State, **changes: str) -> bool:
    """Compare-and-set by the state we read, with its event. False when that is not the state any more."""
    was = template.state
    if to not in TRANSITIONS[was]:
        return False
    if not SubscriptionTemplate.objects.filter(pk=template.pk, state=was).update(state=to, **changes):
        return False
    template.refresh_from_db()
    _record(f"template.{to}", template, detail={"was": was, **changes})
    return True


def _is_owned(template: SubscriptionTemplate, template_id: str) -> bool:
    twins = SubscriptionTemplate.objects.filter(
        mini_program=template.mini_program_id, template_id=template_id
    )
    return twins.exclude(pk=template.pk).exists()


def _record(
    kind: str,
    template: SubscriptionTemplate,
    *,
    by: User | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    events.record(
        kind,
        merchant=template.merchant,
        by=by,
        mini_program=template.mini_program,
        subject=template,
        detail={"name": template.name, **(detail or {})},
    )
