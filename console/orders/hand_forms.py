"""An order and a status entered by hand: each status says at once whether it notifies and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.membership.forms import at_most
from console.orders.data_fields import label_of
from console.orders.words import names_of
from gateway import wire
from membership.customers import OPEN_ID
from orders.given import FIELD_CHARACTERS, OrderGiven, StatusGiven
from orders.models import Order
from orders.scene_fields import field_name
from orders.scenes import Node, Scene

TIME_FORMATS = ["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
TIME_WRONG = gettext_lazy("Give day and time as 2026-03-01 09:30:00.000.")


class Milliseconds(forms.TextInput):
    def format_value(self, value: Any) -> str | None:
        if hasattr(value, "strftime"):
            return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
        return super().format_value(value)


def moment_field(label: Any, help_text: Any = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        input_formats=TIME_FORMATS,
        widget=Milliseconds(attrs={"class": "mono", "autocomplete": "off"}),
        error_messages={"required": TIME_WRONG, "invalid": TIME_WRONG},
    )


@dataclass(frozen=True)
class Choice:
    """One status as the form shows it; `missing`: what its message lacks as the order stands.

    `sentence`: what the customer reads, with the name of a field in brackets where its text is not known.
    """

    radio: Any
    node: Node
    needs: tuple[str, ...]
    missing: tuple[str, ...]
    sentence: str

    @property
    def missing_names(self) -> str:
        return names_of(self.missing)


class StatusForm(forms.Form):
    """`known`: fields the order has. What is left empty stays as it was."""

    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the status of the order.")},
    )
    modified_at = moment_field(
        gettext_lazy("When it changed"),
        gettext_lazy("To the millisecond. The latest time is the status of the order."),
    )
    anyway = forms.BooleanField(
        label=gettext_lazy("Save it although the customer gets no message"), required=False
    )

    def __init__(self, data: Any = None, *, scene: Scene, known: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.scene, self.known = scene, known
        self.lacks = False
        choices = [(node.status, node.name) for node in scene.nodes]
        self.fields["status"].choices = choices  # type: ignore[attr-defined]
        for name in self.names:
            self.fields[f"f_{name}"] = forms.CharField(
                label=label_of(name),
                required=False,
                initial=known.get(name, ""),
                validators=[at_most(FIELD_CHARACTERS)],
            )

    @property
    def names(self) -> list[str]:
        """Fields some message of the scene needs, each once."""
        own = [name for node in self.scene.nodes if node.notifies for name in node.fields]
        return list(dict.fromkeys([*self.scene.common_fields, *own]))

    @property
    def message_fields(self) -> list[forms.BoundField]:
        return [self[f"f_{name}"] for name in self.names]

    @property
    def choices(self) -> list[Choice]:
        typed = {name: self[f"f_{name}"].value() or "" for name in self.names}
        common = self.scene.common_fields
        has = {**self.known, **typed}
        names = {key: f"[{field_name(key)}]" for key in self.scene.field_names}
        names |= {key: text for key, text in has.items() if text}
        found = []
        for radio in self["status"]:
            node = self.scene.node(radio.data["value"])
            if node is not None:
                needs = (*common, *node.fields) if node.notifies else ()
                missing = self.scene.missing_fields(node.status, has)
                found.append(Choice(radio, node, needs, missing, node.sentence_with(names)))
        return found

    @property
    def texts(self) -> dict[str, str]:
        given = {name: self.cleaned_data.get(f"f_{name}", "") for name in self.names}
        return {name: text for name, text in given.items() if text}

    @property
    def given(self) -> StatusGiven:
        return StatusGiven(self.cleaned_data["status"], self.cleaned_data["modified_at"], self.texts)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        status = said.get("status")
        missing = self.scene.missing_fields(status, {**self.known, **self.texts}) if status else ()
        self.lacks = bool(missing)
        if missing and not said.get("anyway"):
            for name in missing:
                self.add_error(
                    f"f_{name}", _("The message of this status needs it: without it none is sent.")
                )
        return said


class OrderForm(StatusForm):
    """A new order with or without its first status. Amounts in yuan."""

    field_order = ["out_biz_no", "open_id", "page", "order_created_at"]

    out_biz_no = forms.CharField(
        label=gettext_lazy("Order number"),
        max_length=64,
        validators=[RegexValidator(r"^[\x21-\x7e]+$", gettext_lazy("Letters, digits and signs, no blanks."))],
        error_messages={"required": gettext_lazy("Give the number by which you know the order.")},
    )
    open_id = forms.CharField(
        label=gettext_lazy("open_id of the buyer"),
        validators=[
            RegexValidator(
                rf"^{OPEN_ID.pattern}$",
                gettext_lazy("This is no open_id: it has 8 to 64 letters, digits, - or _."),
            )
        ],
        error_messages={"required": gettext_lazy("Say whose order it is.")},
    )
    page = forms.CharField(
        label=gettext_lazy("Detail page"),
        validators=[at_most(256)],
        help_text=gettext_lazy("A path of the mini program. It stays the same for the life of the order."),
        error_messages={"required": gettext_lazy("Give the page on which the customer sees the order.")},
    )
    order_created_at = moment_field(gettext_lazy("Ordered at"))
    pay_amount = forms.CharField(label=gettext_lazy("Paid, in yuan"), required=False)
    discount = forms.CharField(label=gettext_lazy("Discount, in yuan"), required=False)

    def __init__(self, data: Any = None, *, scene: Scene, **kwargs: Any) -> None:
        super().__init__(data, scene=scene, known={}, **kwargs)
        self.fields["status"].required = False

    def clean_pay_amount(self) -> int | None:
        return self._fen("pay_amount")

    def clean_discount(self) -> int | None:
        return self._fen("discount")

    def _fen(self, name: str) -> int | None:
        text = self.cleaned_data[name]
        try:
            found = wire.fen_from_yuan(text) if text else None
        except ValueError:
            found = -1
        if found is not None and found < 0:
            raise forms.ValidationError(_("Give an amount in yuan such as 12.30."))
        return found

    @property
    def order(self) -> OrderGiven:
        said = self.cleaned_data
        paid, discount = said["pay_amount"], said["discount"]
        knows_amount = paid is not None or discount is not None
        return OrderGiven(
            out_biz_no=said["out_biz_no"],
            open_id=said["open_id"],
            scene=self.scene.code,
            page=said["page"],
            order_created_at=said["order_created_at"],
            amount_fen=(paid or 0) + (discount or 0) if knows_amount else None,
            pay_amount_fen=(paid or 0) if knows_amount else None,
            discount_fen=(discount or 0) if knows_amount else None,
            fields=self.texts,
            status=self.given if said["status"] else None,
        )


def known_of(order: Order) -> dict[str, str]:
    return {name: str(text) for name, text in order.fields.items()}
