"""When and with what words customers are reminded of a coupon that expires."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coupons.models import Coupon
from coupons.models.coupon import LIVE
from gateway import wire
from merchants.models import MiniProgram
from messaging.engine import text
from messaging.models import ReminderPolicy, SubscriptionTemplate
from messaging.models.control import MOST_HELD_OUT_PERCENT
from messaging.models.reminder import MOST_DAYS_BEFORE
from messaging.sends import reminders
from messaging.sends.batches import TOKEN_SAMPLE
from messaging.sends.reminder_policies import Decided

LONGEST_COUPON = "满" * 20
NUMBER = {"inputmode": "numeric", "autocomplete": "off"}


def _number(label: Any, *, most: int, help_text: Any) -> forms.IntegerField:
    words = format_lazy(gettext_lazy("Write a whole number from 0 to {most}."), most=most)
    errors = {"invalid": words, "min_value": words, "max_value": words, "required": words}
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=0,
        max_value=most,
        widget=forms.TextInput(attrs=NUMBER),
        error_messages=errors,
    )


class ReminderForm(forms.Form):
    """One text for each keyword of the template; {coupon} and {until} are filled in for each person."""

    coupon = forms.ChoiceField(label=gettext_lazy("Of which coupon"), required=False)
    days_before = _number(
        gettext_lazy("Days before its last day"),
        most=MOST_DAYS_BEFORE,
        help_text=gettext_lazy("0: on the last day itself."),
    )
    hour = forms.TimeField(
        label=gettext_lazy("From this time of day on"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={
            "required": gettext_lazy("Choose a time."),
            "invalid": gettext_lazy("Choose a time."),
        },
    )
    page = forms.CharField(
        label=gettext_lazy("Page it opens"),
        help_text=gettext_lazy("Where the coupon is used, such as pages/coupon/index."),
        max_length=wire.PAGE_MAX_CHARACTERS,
        error_messages={"required": gettext_lazy("Say which page the message opens.")},
    )
    holdout_percent = _number(
        gettext_lazy("Held back to compare, in per cent"),
        most=MOST_HELD_OUT_PERCENT,
        help_text=gettext_lazy("So many get no reminder, so that you see what reminding is worth."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        mini_program: MiniProgram,
        template: SubscriptionTemplate,
        policy: ReminderPolicy | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.template = template
        rows = Coupon.objects.for_merchant(mini_program.merchant).filter(mini_program=mini_program)
        newest = rows.filter(state__in=[*LIVE, "stopped", "ended"]).order_by("-id")[:200]
        self._coupons = {str(one.pk): one for one in newest}
        field: Any = self.fields["coupon"]
        every = _("Every coupon that has no reminder of its own")
        field.choices = [("", every), *((pk, one.name) for pk, one in self._coupons.items())]
        if policy is not None:
            del self.fields["coupon"]
        for number, keyword in enumerate(template.keywords, start=1):
            self.fields[f"text{number}"] = forms.CharField(
                label=keyword,
                max_length=200,
                error_messages={"required": _("Write what stands here.")},
            )

    @property
    def text_fields(self) -> list[forms.BoundField]:
        return [self[f"text{number}"] for number in range(1, len(self.template.keywords) + 1)]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for bound in self.text_fields:
            self._fit(bound.name, found.get(bound.name))
        page = found.get("page")
        try:
            if page:
                wire.page_with_parameters(page, {"rt": TOKEN_SAMPLE})
        except ValueError:
            words = _("With the recall mark a page has at most %(n)s characters. Shorten it.")
            self.add_error("page", words % {"n": wire.PAGE_MAX_CHARACTERS})
        return found

    def _fit(self, name: str, said: str | None) -> None:
        """With the longest coupon name there can be."""
        if not said:
            return
        longest = said.replace(reminders.COUPON, LONGEST_COUPON).replace(reminders.UNTIL, "12月31日 23:59")
        if not text.fits(longest):
            words = _("With a long coupon name it has %(n)s characters; at most %(most)s fit. Shorten it.")
            most = wire.KEYWORD_VALUE_MAX_CHARACTERS
            self.add_error(name, words % {"n": wire.text_length(longest), "most": most})

    @property
    def chosen_coupon(self) -> Coupon | None:
        return self._coupons.get(self.cleaned_data.get("coupon", ""))

    @property
    def decided(self) -> Decided:
        found = self.cleaned_data
        return Decided(
            days_before=found["days_before"],
            hour=found["hour"],
            template=self.template,
            values=[found[bound.name] for bound in self.text_fields],
            page=found["page"],
            holdout_percent=found["holdout_percent"],
        )


def fresh(template: SubscriptionTemplate) -> dict[str, Any]:
    """Safe to begin with: the day before, at ten, a tenth held back."""
    texts = [reminders.COUPON, f"{reminders.UNTIL} 到期"]
    said = {f"text{n}": texts[n - 1] if n <= len(texts) else "" for n in range(1, len(template.keywords) + 1)}
    return {"days_before": 1, "hour": "10:00", "holdout_percent": 10, **said}


def initial_of(policy: ReminderPolicy) -> dict[str, Any]:
    said = {f"text{n}": value for n, value in enumerate(policy.values, start=1)}
    names = ("days_before", "hour", "page", "holdout_percent")
    return {**{name: getattr(policy, name) for name in names}, **said}


def sample(values: list[str], *, coupon: str = "满10减5") -> list[str]:
    """As the message would say it about a coupon that ends in two days."""
    wall = timezone.localtime() + timedelta(days=2)
    until = f"{wall.month}月{wall.day}日 23:59"
    return [one.replace(reminders.COUPON, coupon).replace(reminders.UNTIL, until) for one in values]
