"""When and where a coupon is shown."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.coupons.forms import ALL, WallMoment
from console.coupons.forms import words as words_field
from console.lists import FilterForm
from console.states import PLACEMENT
from coupons.channels import CHANNELS, OFFERED
from coupons.models import Coupon
from coupons.models.coupon import Family
from coupons.models.placement import Booth, PlacementState
from coupons.placing import Wanted
from merchants.models import MiniProgram
from messaging.models import SubscriptionTemplate
from orders.models import ChosenScene
from orders.scenes import SCENES

DAYS_SHOWN = 7


class PlacementForm(forms.Form):
    booth = forms.ChoiceField(label=gettext_lazy("Place"), widget=forms.RadioSelect)
    template_ref = forms.ChoiceField(
        label=gettext_lazy("Messages of"),
        required=False,
        help_text=gettext_lazy("Of messages only. While it runs, every message of it carries the coupon."),
    )
    begins_at = WallMoment(label=gettext_lazy("Shown from"), required=True)
    ends_at = WallMoment(label=gettext_lazy("Shown until"), required=True)
    form_token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, coupon: Coupon, data: Any = None, *, at: datetime) -> None:
        begins_at = max(at, coupon.publish_from)
        first = {
            "booth": Booth.SERVICE_MESSAGE.value,
            "begins_at": begins_at,
            "ends_at": min(begins_at + timedelta(days=DAYS_SHOWN), coupon.publish_until),
            "form_token": uuid.uuid4(),
        }
        super().__init__(data, initial=first)
        offered = [one for one in OFFERED if Family(coupon.family) in CHANNELS[one].families]
        fields: Any = self.fields
        fields["booth"].choices = [(one.value, one.label) for one in offered]
        fields["template_ref"].choices = [
            ("", _("Choose a template")),
            (_("Subscription templates"), templates_of(coupon.mini_program)),
            *order_choices(coupon.mini_program),
        ]

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        booth = Booth(given["booth"])
        reference = given["template_ref"] if booth == Booth.SERVICE_MESSAGE else ""
        return Wanted(booth, given["begins_at"], given["ends_at"], reference)


def templates_of(mini_program: MiniProgram) -> list[tuple[str, str]]:
    """Those that are online, by the platform's ids."""
    rows = SubscriptionTemplate.objects.for_merchant(mini_program.merchant).filter(
        mini_program=mini_program, state=SubscriptionTemplate.State.APPROVED
    )
    return list(rows.exclude(template_id="").order_by("name", "pk").values_list("template_id", "name"))


def order_choices(mini_program: MiniProgram) -> list[tuple[str, list[tuple[str, str]]]]:
    """Messages of orders: no id is documented for them, so these are simulated; none where that is off."""
    if not settings.ORDER_MESSAGE_REFERENCE:
        return []
    chosen = ChosenScene.objects.for_merchant(mini_program.merchant).filter(mini_program=mini_program)
    found = [SCENES[one] for one in chosen.order_by("scene").values_list("scene", flat=True) if one in SCENES]
    told = [
        (reference_of(scene.biz_type, node.status), f"{scene.name} · {node.name}")
        for scene in found
        for node in scene.nodes
        if node.notifies
    ]
    return [(_("Order messages (simulated)"), told)] if told else []


def reference_of(biz_type: str, status: str) -> str:
    return str(settings.ORDER_MESSAGE_REFERENCE).format(biz_type=biz_type, status=status)


def name_of(reference: str, mini_program: MiniProgram) -> str:
    """Of whose messages carry it, in words; the reference itself where nothing has it any more."""
    if not reference:
        return ""
    rows = SubscriptionTemplate.objects.for_merchant(mini_program.merchant)
    name = (
        rows.filter(mini_program=mini_program, template_id=reference).values_list("name", flat=True).first()
    )
    if name:
        return str(name)
    orders = dict(pair for _group, pairs in order_choices(mini_program) for pair in pairs)
    return orders.get(reference, reference)


class PlacementFilters(FilterForm):
    booth = forms.ChoiceField(label=gettext_lazy("Place"), choices=[ALL, *Booth.choices])
    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=[ALL, *((one, PLACEMENT[one].word) for one in PlacementState)]
    )


class PlacementStopForm(forms.Form):
    reason = words_field(
        gettext_lazy("Why it is stopped"),
        most=200,
        help_text=gettext_lazy("Kept in the audit log."),
        required=True,
    )
