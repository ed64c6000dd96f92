"""The platform's template library as one mini program sees it, copied whole on request."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from gateway.methods import messages
from merchants import events
from merchants.models import MiniProgram, User
from messaging.consent.asking import ask_all_pages
from messaging.models import Kind, LibraryTemplate
from messaging.models.templates import FatigueUnit

log = logging.getLogger(__name__)
GONE = "gone"
KINDS = {"one_time_subscribe": Kind.ONE_TIME, "long_term_subscribe": Kind.LONG_TERM}
SCENE_RULES: dict[str, messages.SceneRule] = {
    Kind.ONE_TIME: "one_time_subscribe",
    Kind.LONG_TERM: "long_term_subscribe",
}
_OWN_KEY = {"merchant", "mini_program", "code", "kind", "id"}


def sync_library(mini_program: MiniProgram, *, at: datetime, by: User | None = None) -> int:
    """Copies all pages; vanished entries stay, `gone` and not selectable. Returns how many the library has.

    Nothing changes unless every page came. Two at once are harmless. Raises asking.NotAnswered.
    """
    entries = {
        (entry.code, KINDS[entry.scene_rule]): entry
        for entry in ask_all_pages(
            mini_program,
            lambda number: messages.OpenMiniMessageTemplatelibBatchquery(page_num=number),
            lambda answer: answer.template_lib_list,
        )
        if _is_understood(entry)
    }
    rows = [_row(mini_program, entry, kind, at) for (_code, kind), entry in sorted(entries.items())]
    with transaction.atomic():
        changing = {field.name for field in LibraryTemplate._meta.concrete_fields} - _OWN_KEY
        LibraryTemplate.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["mini_program", "code", "kind"],
            update_fields=sorted(changing),
        )
        gone = _mark_gone(mini_program, set(entries), at)
        if by is not None:
            detail = {"entries": len(rows), "gone": gone}
            events.record(
                "library.synced",
                merchant=mini_program.merchant,
                by=by,
                mini_program=mini_program,
                subject=mini_program,
                detail=detail,
            )
    return len(rows)


def fatigue_columns(rule: messages.Fatigue | None) -> dict[str, object]:
    """Columns of FatigueRule; no rule, and a rule in a unit we do not know, is 0."""
    if rule is None or not rule.total or not rule.value:
        return {"fatigue_value": 0, "fatigue_unit": FatigueUnit.DAY, "fatigue_total": 0}
    if rule.unit not in FatigueUnit.values:
        log.warning("a fatigue rule comes in the unit %r, which nobody here can count", rule.unit)
        return fatigue_columns(None)
    return {"fatigue_value": rule.value, "fatigue_unit": rule.unit, "fatigue_total": rule.total}


def _is_understood(entry: messages.LibraryTemplate) -> bool:
    if entry.scene_rule in KINDS and entry.keywords:
        return True
    log.warning("library entry %s is left out: scene_rule %r", entry.code, entry.scene_rule)
    return False


def _row(
    mini_program: MiniProgram, entry: messages.LibraryTemplate, kind: Kind, at: datetime
) -> LibraryTemplate:
    reason = entry.not_selectable_reason
    return LibraryTemplate(
        merchant_id=mini_program.merchant_id,
        mini_program=mini_program,
        code=entry.code,
        kind=kind,
        name=(entry.name or entry.code)[:80],
        keywords=[keyword[:40] for keyword in entry.keywords],
        industry_code=(entry.industry_code or "")[:40],
        industry_scenario=(entry.industry_scenario or "")[:80],
        has_push=bool(entry.has_push),
        delivery_settings=(entry.delivery_settings or "")[:20],
        selectable=entry.selectable is not False,
        not_selectable_reason=((reason and reason.reason_text) or "")[:200],
        not_selectable_url=((reason and reason.action_url) or "")[:300],
        status=(entry.status or "")[:20],
        synced_at=at,
        **fatigue_columns(entry.fatigue),
    )


def _mark_gone(mini_program: MiniProgram, present: set[tuple[str, Kind]], at: datetime) -> int:
    rows = LibraryTemplate.objects.filter(mini_program=mini_program).exclude(status=GONE)
    vanished = [row.pk for row in rows if (row.code, row.kind) not in present]
    return LibraryTemplate.objects.filter(pk__in=vanished).update(status=GONE, selectable=False, synced_at=at)
