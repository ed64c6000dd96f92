"""Check before sending to a crowd: all restated, what nobody will know, and the confirmation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from console import second_factor
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect
from console.messaging.crowds.forms import ConfirmForm
from console.messaging.crowds.lookup import address, crowd_of, moved_on
from console.messaging.crowds.views import fields_of, message_of
from console.messaging.sends.readiness import Check, anchor
from console.messaging.sends.timing import timing
from console.messaging.sends.words import span_words
from messaging.consent.reports import consents_of
from messaging.models import CrowdSend, CrowdState
from messaging.sends import crowd as crowds
from messaging.sends import crowd_quota
from messaging.sends.advice import claims_in
from messaging.sends.batches import LaunchRefused, Problem
from messaging.sends.crowd_moves import CrowdMoved
from messaging.sends.wall_time import NoSuchTime

PAGE, PARTIAL = "messaging/crowds/launch.html", "messaging/crowds/_launch.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def crowd_launch(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    crowd = crowd_of(request, crowd_id)
    if crowd.state != CrowdState.DRAFT:
        return moved_on(request, crowd)
    at = timezone.now()
    problems = crowds.problems(crowd, at=at)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, _context(request, crowd, _fresh(crowd), problems, at))
    form = ConfirmForm(request.POST)
    if problems or not form.is_valid():
        return invalid(request, PAGE, PARTIAL, _context(request, crowd, form, problems, at))
    if not second_factor.passes(request):
        return invalid(request, PAGE, PARTIAL, _context(request, crowd, form, problems, at))
    given = form.cleaned_data
    try:
        crowds.launch(crowd, by=request.user, version=given["version"], launches=given["launches"], at=at)
    except LaunchRefused as refused:
        return invalid(request, PAGE, PARTIAL, _context(request, crowd, form, refused.problems, at))
    except CrowdMoved:
        return moved_on(request, crowd)
    except crowds.CrowdConflict as conflict:
        if conflict.current.state != CrowdState.DRAFT:
            return moved_on(request, crowd)
        current = crowd_of(request, crowd.pk)
        context = _context(request, current, _fresh(current), crowds.problems(current, at=at), at)
        return invalid(request, PAGE, PARTIAL, context | {"changed": True})
    return redirect(request, address("crowd", crowd))


def _fresh(crowd: CrowdSend) -> ConfirmForm:
    return ConfirmForm(initial={"version": crowd.version, "launches": crowd.launches})


def _context(
    request: MerchantRequest, crowd: CrowdSend, form: ConfirmForm, problems: list[Problem], at: datetime
) -> dict[str, Any]:
    fields = fields_of(crowd)
    checks = _checks(crowd, problems, at=at)
    return {
        "crowd": crowd,
        "form": form,
        "problems": [(problem, anchor(problem.field)) for problem in problems],
        "checks": checks,
        "passed": sum(check.tone != "bad" for check in checks),
        "fields": fields,
        "message": message_of(crowd, fields, sender=request.merchant.name),
        "held": consents_of(crowd.template) if crowd.template else None,
        "timing": timing(crowd.scheduled_on, crowd.scheduled_time, crowd.zone),
        "undo_window": span_words(settings.ENGINE_UNDO_SECONDS),
        "missed_window": span_words(settings.ENGINE_MISSED_SECONDS),
        "at": at,
    }


def _checks(crowd: CrowdSend, problems: list[Problem], *, at: datetime) -> list[Check]:
    """Each line with what it rests on; those that fail are told once more where they are repaired."""
    wrong = {problem.field.partition(".")[0] for problem in problems}
    found = [_template_check(crowd)]
    if crowd.template:
        fits = "values" not in wrong
        words = _("Every field fits the platform's limits") if fits else _("A field does not fit")
        found.append(Check("good" if fits else "bad", words))
        claims = claims_in(crowd.values)
        if claims:
            words = _("“%(word)s” is an absolute claim; the platform may refuse it")
            found.append(Check("hint", words % {"word": claims[0].word}))
        else:
            found.append(Check("good", _("No absolute claim found")))
    fits = "page" not in wrong
    words = _("The page has room for the recall token") if fits else _("The page does not fit yet")
    found.append(Check("good" if fits else "bad", words))
    return [*found, _quota_check(crowd, at=at)]


def _template_check(crowd: CrowdSend) -> Check:
    if crowd.template is None or not crowd.template.is_sendable:
        return Check("bad", _("The template is not online"))
    return Check("good", _("The template is online"), at=crowd.template.checked_at)


def _quota_check(crowd: CrowdSend, *, at: datetime) -> Check:
    try:
        day = crowd_quota.day_of(crowds.due(crowd, at=at))
    except NoSuchTime as gap:
        return Check("bad", gap.sentence)
    left = crowd_quota.left(crowd.mini_program, day)
    named = {"n": left, "day": f"{day:%Y-%m-%d}"}
    note = _("Our own count by Beijing day. The platform counts also those sent from its own console.")
    if not left:
        return Check("bad", _("No crowd message is left for %(day)s") % named, note=note)
    if day == crowd_quota.day_of(at):
        words = ngettext(
            "You can still send %(n)s crowd message today",
            "You can still send %(n)s crowd messages today",
            left,
        )
    else:
        words = ngettext(
            "You can still send %(n)s crowd message on %(day)s",
            "You can still send %(n)s crowd messages on %(day)s",
            left,
        )
    return Check("good", words % named, note=note)
