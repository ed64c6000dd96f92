"""Who gets which coupon."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.forms import CreateForm
from console.people.forms import FindForm
from coupons.giving import GIVEN_WHILE
from coupons.models import Coupon
from membership.models import Customer, PeopleList

MOST_OFFERED = 100


class GiveForm(FindForm, CreateForm):
    """To a person who is named."""


class ChooseCouponForm(CreateForm):
    """What this person may get: the coupons of their mini program that can be given now."""

    coupon: Any = forms.ModelChoiceField(
        label=_("Coupon"),
        queryset=None,
        empty_label=_("Choose one"),
        error_messages={
            "required": _("Choose a coupon."),
            "invalid_choice": _("This coupon cannot be given any more. Choose another one."),
        },
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        at = timezone.now()
        rows = Coupon.objects.for_merchant(customer.merchant).filter(
            mini_program=customer.mini_program,
            state__in=GIVEN_WHILE,
            publish_from__lte=at,
            publish_until__gte=at,
        )
        newest = rows.order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST_OFFERED]
        field: Any = self.fields["coupon"]
        field.queryset = rows.filter(pk__in=list(newest)).order_by("-created_at", "-pk")


class ChooseListForm(forms.Form):
    """To whom: the audiences of the coupon's mini program."""

    people_list: Any = forms.ModelChoiceField(
        label=_("Audience"),
        queryset=None,
        empty_label=_("Choose one"),
        error_messages={"required": _("Choose an audience.")},
    )

    def __init__(self, *args: Any, coupon: Coupon, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ready_lists(coupon)
        newest = rows.order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST_OFFERED]
        field: Any = self.fields["people_list"]
        field.queryset = rows.filter(pk__in=list(newest)).order_by("-created_at", "-pk")
        field.label_from_instance = lambda one: (
            _("%(name)s, %(n)s people")
            % {
                "name": one.name,
                "n": f"{one.count:,}",
            }
        )


def ready_lists(coupon: Coupon) -> Any:
    rows = PeopleList.objects.for_merchant(coupon.merchant).filter(mini_program=coupon.mini_program)
    return rows.filter(state=PeopleList.State.READY, for_test=False)
