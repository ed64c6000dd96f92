"""Reminders of coupons that expire: decided, previewed for tomorrow, compared with who was held back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console import focus, second_factor
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.words import reason_words
from console.reminders.forms import ReminderForm, fresh, initial_of, sample
from merchants.numbers import is_number
from messaging.models import ReminderPolicy, ReminderRound, SubscriptionTemplate
from messaging.recall.chance import differs
from messaging.sends import reminder_policies
from messaging.sends.reminder_preview import preview
from messaging.sends.reminders import policies

PAGE, FORM = "reminders/form.html", "reminders/_form.html"
SHOWN_ROUNDS = 40


@dataclass(frozen=True)
class Sums:
    """Of the rounds that are shown: coupons used among those reminded, and among those held back."""

    reminded: int
    used: int
    held_out: int
    used_held_out: int

    @property
    def share(self) -> float | None:
        return self.used / self.reminded if self.reminded else None

    @property
    def share_held_out(self) -> float | None:
        return self.used_held_out / self.held_out if self.held_out else None

    @property
    def is_told_apart(self) -> bool:
        return differs(self.used, self.reminded, self.used_held_out, self.held_out)


@require_safe
@merchant_page("coupons.view")
def reminders(request: MerchantRequest) -> HttpResponse:
    rows = policies(request.merchant.pk).filter(mini_program=request.mini_program)
    found = [(policy, _sums(policy)) for policy in rows[:100]]
    return render(request, "reminders/list.html", {"policies": found})


@require_safe
@merchant_page("coupons.view")
def reminder(request: MerchantRequest, policy_id: int) -> HttpResponse:
    policy = _policy(request, policy_id)
    looked = preview(policy, at=timezone.now()) if policy.stopped_at is None else None
    skipped = (
        [(reason_words("skipped", gate), n) for gate, n in sorted(looked.skipped.items())] if looked else []
    )
    context = {
        "policy": policy,
        "preview": looked,
        "skipped": skipped,
        "texts": list(zip(policy.template.keywords, sample(policy.values), strict=False)),
        "rounds": list(_rounds(policy)),
        "sums": _sums(policy),
        "is_offline": not policy.template.is_sendable,
    }
    return render(request, "reminders/reminder.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def reminder_new(request: MerchantRequest) -> HttpResponse:
    """Without `?template=` the templates that are online are offered first."""
    asked = request.GET.get("template", "")
    app = request.mini_program
    rows = SubscriptionTemplate.objects.for_merchant(request.merchant).filter(
        mini_program=app, state=SubscriptionTemplate.State.APPROVED
    )
    template = rows.filter(pk=int(asked)).first() if is_number(asked) else None
    if app is None or template is None:
        return render(request, "reminders/choose.html", {"templates": rows.order_by("-pk")[:100]})
    form = ReminderForm(request.POST or None, mini_program=app, template=template, initial=fresh(template))
    context = {"form": form, "template": template}
    if request.method != "POST":
        return answer(request, PAGE, FORM, context)
    if not form.is_valid() or not second_factor.passes(request):
        focus.on_first_problem(form)
        return invalid(request, PAGE, FORM, context)
    try:
        made = reminder_policies.create(
            request.merchant, app, form.chosen_coupon, form.decided, by=request.user
        )
    except reminder_policies.PolicyStands:
        form.add_error("coupon", _("There is a reminder of it already. Change that one, or stop it first."))
        return invalid(request, PAGE, FORM, context)
    toast(request, _("Saved. The next round goes by it."))
    return redirect(request, "reminder", merchant=request.merchant.slug, policy_id=made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def reminder_edit(request: MerchantRequest, policy_id: int) -> HttpResponse:
    policy = _policy(request, policy_id)
    if policy.stopped_at is not None:
        return redirect(request, "reminder", merchant=request.merchant.slug, policy_id=policy.pk)
    form = ReminderForm(
        request.POST or None,
        mini_program=policy.mini_program,
        template=policy.template,
        policy=policy,
        initial=initial_of(policy),
    )
    context = {
        "form": form,
        "template": policy.template,
        "policy": policy,
        "version": _version(request, policy),
    }
    if request.method != "POST":
        return answer(request, PAGE, FORM, context)
    if not form.is_valid() or not second_factor.passes(request):
        focus.on_first_problem(form)
        return invalid(request, PAGE, FORM, context)
    try:
        reminder_policies.change(policy, form.decided, version=_version(request, policy), by=request.user)
    except reminder_policies.PolicyChanged:
        form.add_error(None, _("Somebody changed or stopped it meanwhile. Look at it again, then decide."))
        return invalid(request, PAGE, FORM, context)
    toast(request, _("Saved. The next round goes by it."))
    return redirect(request, "reminder", merchant=request.merchant.slug, policy_id=policy.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.brake")
def reminder_stop(request: MerchantRequest, policy_id: int) -> HttpResponse:
    policy = _policy(request, policy_id)
    if request.method != "POST":
        return answer(request, "reminders/stop.html", "reminders/_stop_form.html", {"policy": policy})
    if reminder_policies.stop(policy, by=request.user):
        toast(request, _("Stopped. Nobody is reminded by it any more; what was handed over still leaves."))
    return redirect(request, "reminder", merchant=request.merchant.slug, policy_id=policy.pk)


def _policy(request: MerchantRequest, policy_id: int) -> ReminderPolicy:
    found: ReminderPolicy = get_object_or_404(policies(request.merchant.pk), pk=policy_id)
    show_mini_program(request, found.mini_program)
    return found


def _version(request: MerchantRequest, policy: ReminderPolicy) -> int:
    given = request.POST.get("version", "")
    return int(given) if is_number(given) else policy.version


def _rounds(policy: ReminderPolicy) -> Any:
    return ReminderRound.objects.filter(policy=policy).order_by("-round_on")[:SHOWN_ROUNDS]


def _sums(policy: ReminderPolicy) -> Sums:
    rounds = list(_rounds(policy))
    return Sums(
        reminded=sum(one.reminded for one in rounds),
        used=sum(one.used for one in rounds),
        held_out=sum(one.held_out for one in rounds),
        used_held_out=sum(one.used_held_out for one in rounds),
    )
