"""Which sends the desk looks at: days by their start, one mini program, one template. All in the address."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.recall.filters import RANGES, RecallFilters
from merchants.models import Merchant
from messaging.failures import Which
from messaging.models import SubscriptionTemplate
from messaging.recall.figures import start_of

__all__ = ["RANGES", "FailureFilters"]


class FailureFilters(RecallFilters):
    template = forms.ChoiceField(label=gettext_lazy("Template"))

    def __init__(self, data: Any, *, merchant: Merchant, today: date) -> None:
        self.merchant = merchant
        super().__init__(data, merchant=merchant, today=today)

    def offer(self) -> None:
        super().offer()
        rows = SubscriptionTemplate.objects.for_merchant(self.merchant).order_by("name", "pk")
        named = [
            (str(pk), f"{name} · {number[-4:]}" if number else name)
            for pk, name, number in rows.values_list("pk", "name", "template_id")
        ]
        choices = [("", _("All templates")), *named]
        self.fields["template"].choices = choices  # type: ignore[attr-defined]

    @property
    def which(self) -> Which:
        period, app, template = self.period, self.mini_program, self.applied.get("template")
        return Which(
            start_of(period.first, self.merchant),
            start_of(period.last + timedelta(days=1), self.merchant),
            mini_program_id=app.pk if app else None,
            template_id=int(template) if template else None,
        )
