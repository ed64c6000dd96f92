"""A coupon as fields: money in yuan, time on Beijing's wall clock; what is wrong says what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.coupons.words import WEEKDAYS
from console.lists import FilterForm
from console.states import COUPON
from coupons import designing
from coupons.models import Coupon
from coupons.models.coupon import (
    KINDS,
    CodeMode,
    CouponState,
    Family,
    Kind,
    Period,
    Rounding,
    Scope,
    Validity,
)
from coupons.terms import BEIJING
from merchants.models import Merchant, Store

ALL = ("", gettext_lazy("All"))
MONEY = re.compile(r"\d{1,9}(\.\d{1,2})?")
MOMENT = "%Y-%m-%dT%H:%M"
MONEY_WRONG = gettext_lazy("Write an amount in yuan with at most two decimals, such as 5 or 5.50.")
NUMBER_WRONG = gettext_lazy("Write a whole number.")


class Yuan(forms.Field):
    """Text in, fen out; empty is None."""

    def __init__(self, *, label: Any, help_text: Any = "") -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label=label, help_text=help_text, required=False, widget=widget)

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip().removeprefix("¥").replace(",", "")
        if not text:
            return None
        if not MONEY.fullmatch(text):
            raise forms.ValidationError(MONEY_WRONG)
        return int(Decimal(text) * 100)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return f"{value // 100}" if value % 100 == 0 else f"{value / 100:.2f}"
        return value


class Tenths(forms.Field):
    """6.5 in, 65 out."""

    def __init__(self) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        help_text = gettext_lazy("What is paid, in tenths: 6.5 takes 35% off.")
        super().__init__(label=gettext_lazy("Discount"), help_text=help_text, required=False, widget=widget)

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        if not re.fullmatch(r"\d(\.\d)?", text):
            raise forms.ValidationError(_("Write 0.1 to 9.9 with at most one decimal."))
        return int(Decimal(text) * 10)

    def prepare_value(self, value: Any) -> Any:
        return f"{value // 10}.{value % 10}" if isinstance(value, int) else value


class WallMoment(forms.Field):
    """A moment in Beijing, to the minute."""

    def __init__(self, *, label: Any, required: bool = False, help_text: Any = "") -> None:
        widget = forms.TextInput(attrs={"type": "datetime-local"})
        error = {"required": gettext_lazy("Choose day and time.")}
        super().__init__(
            label=label, required=required, help_text=help_text, widget=widget, error_messages=error
        )

    def to_python(self, value: Any) -> datetime | None:
        text = str(value or "").strip().replace(" ", "T")[:16]
        if not text:
            return None
        try:
            return datetime.strptime(text, MOMENT).replace(tzinfo=BEIJING)
        except ValueError as error:
            raise forms.ValidationError(_("Write day and time as 2026-03-01 09:30.")) from error

    def prepare_value(self, value: Any) -> Any:
        return f"{value.astimezone(BEIJING):{MOMENT}}" if isinstance(value, datetime) else value


def whole(label: Any, help_text: Any = "") -> forms.IntegerField:
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=0,
        max_value=2_000_000_000,
        widget=widget,
        error_messages={"invalid": NUMBER_WRONG, "min_value": NUMBER_WRONG, "max_value": NUMBER_WRONG},
    )


def words(label: Any, *, most: int, help_text: Any = "", required: bool = False, lines: int = 0) -> Any:
    too_long = gettext_lazy("At most %(limit_value)d characters; this has %(show_value)d. Shorten it.")
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=most,
        required=required,
        widget=forms.Textarea(attrs={"rows": lines}) if lines else forms.TextInput(),
        error_messages={"max_length": too_long, "required": gettext_lazy("Write something here.")},
    )


def choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one.")},
    )


class CouponForm(forms.Form):
    """`family` is fixed before the form is shown: the two have little in common (domain D.1)."""

    kind = choice(gettext_lazy("Type"), Kind.choices)
    name = words(gettext_lazy("Name"), most=20, required=True, help_text=gettext_lazy("As customers see it."))
    brand_name = words(
        gettext_lazy("Shop name on the coupon"), most=20, help_text=gettext_lazy("Empty: 商家优惠.")
    )
    amount_fen = Yuan(label=gettext_lazy("Takes off (¥)"))
    floor_fen = Yuan(label=gettext_lazy("From a bill of (¥)"), help_text=gettext_lazy("Empty: no threshold."))
    discount_tenths = Tenths()
    ceiling_fen = Yuan(label=gettext_lazy("At most (¥)"), help_text=gettext_lazy("Empty: no ceiling."))
    special_fen = Yuan(label=gettext_lazy("Special price (¥)"))
    origin_fen = Yuan(label=gettext_lazy("Original price (¥)"))
    sale_fen = Yuan(label=gettext_lazy("Sold for (¥)"))
    goods_name = words(gettext_lazy("Item"), most=50)
    scope = choice(gettext_lazy("Where it can be used"), Scope.choices)
    stores = forms.MultipleChoiceField(
        label=gettext_lazy("Stores"), required=False, widget=forms.CheckboxSelectMultiple
    )
    item_ids = words(gettext_lazy("Item numbers"), most=4_000, lines=3, help_text=gettext_lazy("One a line."))
    publish_from = WallMoment(label=gettext_lazy("Claiming begins"), required=True)
    publish_until = WallMoment(
        label=gettext_lazy("Claiming ends"),
        required=True,
        help_text=gettext_lazy("At most 180 days later; it can be extended, never shortened."),
    )
    validity = choice(gettext_lazy("How long it can be used"), Validity.choices)
    use_from = WallMoment(label=gettext_lazy("Usable from"))
    use_until = WallMoment(label=gettext_lazy("Usable until"))
    valid_days = whole(gettext_lazy("Days"))
    wait_days = whole(gettext_lazy("Days to wait first"), gettext_lazy("0: usable at once."))
    rounding = choice(gettext_lazy("Which day is the first"), Rounding.choices)
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Only on"),
        required=False,
        choices=[(str(n), word) for n, word in enumerate(WEEKDAYS, start=1)],
        widget=forms.CheckboxSelectMultiple,
    )
    hours_from = forms.TimeField(
        label=gettext_lazy("Between"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    hours_until = forms.TimeField(
        label=gettext_lazy("and"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    code_mode = choice(gettext_lazy("Codes"), CodeMode.choices)
    stock = whole(gettext_lazy("Stock"))
    per_person = whole(gettext_lazy("At most a person"), gettext_lazy("Empty: no limit."))
    per_person_period = forms.ChoiceField(label=gettext_lazy("Counted"), choices=Period.choices)
    per_day = whole(gettext_lazy("At most a day, all together"), gettext_lazy("Empty: no limit."))
    one_per_identity = forms.BooleanField(
        label=gettext_lazy("Over all accounts of one natural person"), required=False
    )
    max_uses = whole(gettext_lazy("Uses of one coupon"))
    budget_fen = Yuan(
        label=gettext_lazy("Budget (¥)"),
        help_text=gettext_lazy("Refused here if the worst case costs more. Empty: none."),
    )
    description = words(
        gettext_lazy("Conditions"),
        most=1_000,
        lines=3,
        help_text=gettext_lazy("What else holds, in clear words: customers read it before claiming."),
    )
    use_page = words(
        gettext_lazy("Page where it is used"),
        most=256,
        help_text=gettext_lazy("A page of the mini program, such as pages/order/index."),
    )
    service_phone = words(gettext_lazy("Service phone"), most=20)

    def __init__(self, data: Any = None, *, merchant: Merchant, family: str, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.family, self.merchant = Family(family), merchant
        self._stores = {str(one.pk): one for one in Store.objects.for_merchant(merchant).order_by("name")}
        kinds = [(kind.value, kind.label) for kind in KINDS[self.family]]
        self._offer("kind", kinds)
        self._offer("stores", [(pk, one.name) for pk, one in self._stores.items()])
        is_merchant = self.family == Family.MERCHANT
        for name in ("budget_fen",) if is_merchant else ("sale_fen", "code_mode"):
            del self.fields[name]
        if is_merchant:
            self.fields["code_mode"].required = False
            self.fields["code_mode"].initial = CodeMode.PLATFORM

    def _offer(self, name: str, choices: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        self._clean_hours(found)
        for name, sentence in designing.problems(self.columns, self.chosen_stores).items():
            place = name if name in self.fields else None
            if place is None or place not in self.errors:
                self.add_error(place, sentence)
        return found

    def _clean_hours(self, found: dict[str, Any]) -> None:
        days, start, end = (found.get(name) for name in ("weekdays", "hours_from", "hours_until"))
        if days and (start is None) != (end is None):
            self.add_error("hours_from" if start is None else "hours_until", _("Hours need both times."))
        elif not days and (start or end):
            self.add_error("weekdays", _("Choose the days these hours are of."))

    @property
    def chosen_stores(self) -> list[Store]:
        chosen = self.cleaned_data.get("stores") or []
        return [self._stores[one] for one in chosen if one in self._stores]

    @property
    def columns(self) -> dict[str, Any]:
        """For designing; of the kind that was chosen, the fields of other kinds left out."""
        found = self.cleaned_data
        kind, code_mode = found.get("kind"), found.get("code_mode") or CodeMode.PLATFORM.value
        wanted = {name: found.get(name) for name in designing.COLUMNS if name in found}
        for name, kinds in OF_KIND.items():
            if kind not in kinds and name in wanted:
                wanted[name] = "" if name == "goods_name" else None
        return wanted | {
            "family": self.family.value,
            "item_ids": (found.get("item_ids") or "").split(),
            "use_hours": self._hours,
            "wait_days": found.get("wait_days") or 0,
            "max_uses": found.get("max_uses") if found.get("max_uses") is not None else 1,
            "stock": 0 if code_mode == CodeMode.UPLOAD else found.get("stock") or 0,
            "code_mode": code_mode,
            **({"valid_days": None} if found.get("validity") == Validity.FIXED else {}),
        }

    @property
    def _hours(self) -> list[dict[str, Any]]:
        days = sorted(int(one) for one in self.cleaned_data.get("weekdays") or [])
        start, end = self.cleaned_data.get("hours_from"), self.cleaned_data.get("hours_until")
        if not days:
            return []
        first, last = (start, end) if start and end else (None, None)
        return [
            {
                "weekdays": days,
                "from": f"{first:%H:%M}" if first else "00:00",
                "until": f"{last:%H:%M}" if last else "23:59",
            }
        ]

    @property
    def likeness(self) -> Coupon:
        """What the fields say so far, for the picture beside them; nothing of it is kept."""
        whole_ones = {name: value for name, value in self.columns.items() if value is not None}
        defaults: Mapping[str, Any] = {
            "kind": Kind.REDUCTION,
            "scope": Scope.ALL,
            "validity": Validity.RELATIVE,
        }
        said = {**{name: value for name, value in defaults.items() if not whole_ones.get(name)}}
        return Coupon(**{**whole_ones, **said})


OF_KIND: Mapping[str, tuple[str, ...]] = {
    "amount_fen": (Kind.REDUCTION, Kind.EXCHANGE, Kind.GROUP_BUY),
    "floor_fen": (Kind.REDUCTION, Kind.DISCOUNT, Kind.SPECIAL, Kind.EXCHANGE, Kind.GROUP_BUY),
    "discount_tenths": (Kind.DISCOUNT,),
    "ceiling_fen": (Kind.DISCOUNT,),
    "special_fen": (Kind.SPECIAL,),
    "origin_fen": (Kind.SPECIAL,),
    "goods_name": (Kind.SPECIAL, Kind.GROUP_BUY, Kind.EXCHANGE),
    "sale_fen": (Kind.EXCHANGE, Kind.GROUP_BUY),
}


def initial_of(coupon: Coupon) -> dict[str, Any]:
    """What stands in the form of a draft."""
    found = {name: getattr(coupon, name) for name in designing.COLUMNS}
    hours = coupon.use_hours[0] if coupon.use_hours else {}
    return found | {
        "item_ids": "\n".join(coupon.item_ids),
        "stores": [str(pk) for pk in coupon.stores.values_list("pk", flat=True)],
        "weekdays": [str(day) for day in hours.get("weekdays", [])],
        "hours_from": hours.get("from"),
        "hours_until": hours.get("until"),
    }


class CouponFilters(FilterForm):
    text = forms.CharField(
        label=gettext_lazy("Name"), max_length=20, widget=forms.TextInput(attrs={"type": "search"})
    )
    family = forms.ChoiceField(label=gettext_lazy("Family"), choices=[ALL, *Family.choices])
    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=[ALL, *((one, COUPON[one].word) for one in CouponState)]
    )


class AppendForm(forms.Form):
    """`seen`: the stock the person was shown. The first post asks again, old → new; the second acts."""

    total = whole(gettext_lazy("New total"))
    seen = forms.IntegerField(widget=forms.HiddenInput)
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_total(self) -> int:
        total: int | None = self.cleaned_data["total"]
        if total is None:
            raise forms.ValidationError(_("Write the new total, not what is added."))
        return total


class ExtendForm(forms.Form):
    until = WallMoment(label=gettext_lazy("New end of claiming"), required=True)


class StopForm(forms.Form):
    reason = words(
        gettext_lazy("Why it is stopped"), most=200, help_text=gettext_lazy("Kept in the audit log.")
    )
