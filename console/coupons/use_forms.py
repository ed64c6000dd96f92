"""At the till: the code, then the bill; and how much of a use comes back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console.coupons.forms import MONEY_WRONG, Yuan, whole
from console.forms import CreateForm, reading
from coupons import redeeming
from coupons.models import CouponGrant, CouponUse
from coupons.models.coupon import Scope
from merchants.models import Store

MAX_FEN = 10_000_000_000
NONE = gettext_lazy("Write 1 at least.")
NUMBER = r"^[\x21-\x7e]*$"
NUMBER_WRONG = gettext_lazy("Letters, digits and signs without spaces only.")


def reference(label: Any, help_text: Any = "") -> forms.RegexField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.RegexField(
        NUMBER,
        label=label,
        help_text=help_text,
        max_length=64,
        required=False,
        widget=widget,
        error_messages={"invalid": NUMBER_WRONG},
    )


def sent_before(form: forms.Form, grant: CouponGrant, kind: str) -> CouponUse | None:
    """What the same form asked for when it was sent first, whatever it says now."""
    token = reading(form, "form_token")
    return redeeming.asked_before(grant, kind, number_of(token)) if token else None


def number_of(token: UUID) -> str:
    """The number of what is asked for at a till."""
    return f"till-{token.hex}"


class CodeForm(forms.Form):
    """A scanner types the code and presses Enter. `store` is kept from one customer to the next."""

    code = forms.CharField(
        label=gettext_lazy("Code of the coupon"),
        max_length=64,
        help_text=gettext_lazy("Scan it, or write it from the customer's card pack and press Enter."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "class": "mono"}
        ),
        error_messages={"required": gettext_lazy("Scan or write a code.")},
    )
    store = forms.IntegerField(required=False, widget=forms.HiddenInput)


class RedeemForm(CreateForm):
    bill = Yuan(label=gettext_lazy("Bill before the coupon, in yuan"))
    store: Any = forms.ModelChoiceField(
        label=gettext_lazy("Store"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("Choose one"),
        error_messages={
            "required": gettext_lazy("Choose the store in which it is used."),
            "invalid_choice": gettext_lazy("It is not for this store. Choose another one."),
        },
    )
    item = forms.ChoiceField(
        label=gettext_lazy("Item that it is for"),
        error_messages={
            "required": gettext_lazy("Choose the item."),
            "invalid_choice": gettext_lazy("Choose the item."),
        },
    )
    item_bill = Yuan(
        label=gettext_lazy("What that item comes to, in yuan"),
        help_text=gettext_lazy("The coupon looks at this part of the bill alone."),
    )
    times = whole(gettext_lazy("Uses"))
    order_no = reference(gettext_lazy("Order number"), gettext_lazy("Yours, if there is one."))
    trade_no = reference(
        gettext_lazy("Alipay trade number"), gettext_lazy("If the rest is paid with Alipay already.")
    )

    def __init__(self, *args: Any, grant: CouponGrant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grant = grant
        store: Any = self.fields["store"]
        if grant.coupon.scope == Scope.STORES:
            store.queryset, store.required = grant.coupon.stores.order_by("name"), True
        else:
            store.queryset = Store.objects.for_merchant(grant.merchant).order_by("name")
            if not store.queryset.exists():
                del self.fields["store"]
        if redeeming.is_for_items(grant.coupon):
            item: Any = self.fields["item"]
            item.choices = [("", _("Choose one")), *((one, one) for one in grant.coupon.item_ids)]
        else:
            del self.fields["item"], self.fields["item_bill"]
        if grant.coupon.max_uses == 1:
            del self.fields["times"]
        self.fields["bill"].required = True
        self.fields["bill"].error_messages["required"] = _("Write the bill before the coupon.")

    def clean_bill(self) -> int:
        fen: int = self.cleaned_data["bill"]
        if not 1 <= fen <= MAX_FEN:
            raise forms.ValidationError(MONEY_WRONG)
        return fen

    def clean_item_bill(self) -> int:
        fen = self.cleaned_data["item_bill"]
        if not fen or fen > self.cleaned_data.get("bill", MAX_FEN):
            raise forms.ValidationError(_("Write what that item comes to; no more than the bill."))
        return int(fen)

    @property
    def items(self) -> tuple[redeeming.Item, ...]:
        said = self.cleaned_data
        return (redeeming.Item(said["item"], said["item_bill"]),) if "item" in self.fields else ()

    def clean_times(self) -> int:
        said = self.cleaned_data["times"]
        times: int = 1 if said is None else said
        left = self.grant.coupon.max_uses - self.grant.used_times
        if not times:
            raise forms.ValidationError(NONE)
        if times > left:
            words = ngettext("%(n)s use is left.", "%(n)s uses are left.", left)
            raise forms.ValidationError(words % {"n": left})
        return times


class RevertForm(CreateForm):
    """`most`: times that may come back. Without an amount all that was paid comes back with all of them."""

    times = whole(gettext_lazy("Uses that come back"))
    paid_back = Yuan(
        label=gettext_lazy("What the customer gets back, in yuan"),
        help_text=gettext_lazy(
            "Only for the books; pay the money back where it was paid. Empty: with all uses all that was"
            " paid, with a part of them it stays open."
        ),
    )

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most = most
        if most == 1:
            del self.fields["times"]
        else:
            self.fields["times"].initial = most

    def clean_times(self) -> int:
        said = self.cleaned_data["times"]
        times: int = self.most if said is None else said
        if not times:
            raise forms.ValidationError(NONE)
        if times > self.most:
            words = ngettext("At most %(n)s can come back.", "At most %(n)s can come back.", self.most)
            raise forms.ValidationError(words % {"n": self.most})
        return times
