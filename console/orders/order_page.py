"""What the page of one order shows: the answer, its fields, what can be filled in, who shares the lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from console.orders import words
from console.orders.data_fields import DataField, data_field
from console.orders.history import history
from console.orders.rows import yuan
from merchants.numbers import is_number
from orders import alike, fixing, reports
from orders.diagnosis import Diagnosis, Step, diagnose
from orders.models import Order, StatusChange
from orders.repairing import Hindrance, RepairRefused, hindrance_of, lacks
from orders.scenes import SCENES

OTHERS = 5
State = StatusChange.State


class RepairForm(forms.Form):
    """A field for each that is missing; what the order has by now stands in it."""

    def __init__(self, data: Any = None, *, names: tuple[str, ...], known: Mapping[str, str]) -> None:
        super().__init__(data)
        for name in names:
            self.fields[f"f_{name}"] = data_field(name, known.get(name, ""))


@dataclass(frozen=True)
class Repair:
    """`form`, or `title` and `remedy` why nothing can be filled in, with the address where to go on."""

    form: RepairForm | None = None
    is_again: bool = False
    title: str = ""
    remedy: str = ""
    url: str = ""
    go_on: str = ""


@dataclass(frozen=True)
class Others:
    """Who shares the cause. `dead`: how many need fixing for the cause of a refusal, at `dead_url`."""

    found: alike.Alike
    url: str = ""
    dead: int = 0
    dead_url: str = ""


def page_of(
    order: Order,
    asked: str,
    *,
    data: Any = None,
    wrong: Mapping[str, str] | None = None,
    refusal: RepairRefused | None = None,
) -> dict[str, Any]:
    """`asked`: the number of the status to be explained; without it the newest trouble is."""
    diagnosis = diagnose(order, change_id=int(asked) if is_number(asked) else None)
    return {
        "order": order,
        "diagnosis": diagnosis,
        "answer": words.answer_of(diagnosis.focus) if diagnosis.focus else None,
        "gates": gates(diagnosis),
        "steps": [(step, words.got(step), words.why(step)) for step in reversed(diagnosis.steps)],
        "fields": fields_of(diagnosis),
        "upcoming": [(one, [DataField(name) for name in one.lacks]) for one in diagnosis.upcoming],
        "amounts": [yuan(one) for one in (order.amount_fen, order.pay_amount_fen, order.discount_fen)],
        "others": reports.orders_of(order.customer, most=OTHERS, but=order),
        "repair": _repair(diagnosis, data, wrong or {}, refusal),
        "alike": _others(diagnosis),
        "again_url": _again_url(diagnosis),
        "history": history(diagnosis),
        "chosen": asked,
    }


def about(step: Step) -> list[DataField]:
    """What the order of this status still lacks."""
    has = step.change.order.fields
    return [DataField(name) for name in step.missing if not has.get(name)]


def _again_url(diagnosis: Diagnosis) -> str:
    """Where the explained status is synced again; empty unless nobody knows what became of it."""
    if diagnosis.focus is None or diagnosis.focus.change.state != State.UNKNOWN:
        return ""
    page = reverse("order_fixing_retry", args=[diagnosis.order.merchant.slug])
    return f"{page}?change={diagnosis.focus.change.pk}"


def gates(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    return [
        {"name": words.GATES[gate.name], "verdict": gate.verdict, "words": words.VERDICTS[gate.verdict]}
        for gate in diagnosis.gates
    ]


def fields_of(diagnosis: Diagnosis) -> list[tuple[DataField, str]]:
    """What the message of the explained status asks for and what came with it, empty where it is missing."""
    step: Step | None = diagnosis.focus
    if step is None or step.node is None or diagnosis.scene is None or not step.node.notifies:
        return []
    asked = dict.fromkeys((*diagnosis.scene.common_fields, *step.node.fields, *step.missing))
    given = step.change.fields
    return [(DataField(name), "" if name in step.missing else str(given.get(name) or "")) for name in asked]


def _repair(
    diagnosis: Diagnosis, data: Any, wrong: Mapping[str, str], refusal: RepairRefused | None
) -> Repair | None:
    """None where the explained status lacks nothing that could be filled in."""
    order, step = diagnosis.order, diagnosis.focus
    if step is None or (refusal is None and not lacks(step, diagnosis.scene)):
        return None
    hindrance = refusal or hindrance_of(order, step)
    if hindrance is not None:
        return _hindered(order, step, hindrance)
    names = lacks(step, diagnosis.scene)
    form = RepairForm(data, names=names, known={name: str(text) for name, text in order.fields.items()})
    if data is not None:
        form.full_clean()
        for name, sentence in wrong.items():
            if f"f_{name}" in form.fields and f"f_{name}" not in form.errors:
                form.add_error(f"f_{name}", sentence)
    return Repair(form, is_again=step.change.state == State.NOT_NOTIFIED)


def _hindered(order: Order, step: Step, refusal: RepairRefused) -> Repair:
    name, current = words.name_of(step), refusal.current
    slug = order.merchant.slug
    page = reverse("order", args=[slug, order.pk])
    if refusal.hindrance == Hindrance.DONE and refusal.first is not None:
        at = date_format(timezone.localtime(refusal.first.at), "Y-m-d H:i:s")
        named = {"who": refusal.first.by or _("the console"), "at": at, "name": name}
        title = _("%(who)s filled this in first, at %(at)s") % named
        remedy = _("“%(name)s” was not returned a second time.") % named
        url = f"{page}?change={current.pk}" if current else page
        return Repair(title=title, remedy=remedy, url=url, go_on=_("See what became of it"))
    if refusal.hindrance == Hindrance.NOT_TWICE:
        title = _("“%(name)s” cannot be returned a second time") % {"name": name}
        remedy = _("The scene lets other statuses follow it, not itself. Enter the fields with the next one.")
        url = reverse("order_status_new", args=[slug, order.pk])
        return Repair(title=title, remedy=remedy, url=url, go_on=_("Status by hand"))
    if refusal.hindrance == Hindrance.MOVED_ON and current is not None:
        return _moved_on(order, step, current, f"{page}?change={current.pk}")
    title = _("Nothing is left to fill in")
    remedy = _("The fields are there, or the status is on its way to the platform.")
    return Repair(title=title, remedy=remedy, url=page, go_on=_("See how it stands now"))


def _moved_on(order: Order, step: Step, current: StatusChange, url: str) -> Repair:
    name, go_on = words.name_of(step), _("Look at the present status")
    if current.status == step.change.status:
        title = _("“%(name)s” was returned again meanwhile") % {"name": name}
        return Repair(title=title, remedy=_("The newer return counts."), url=url, go_on=go_on)
    scene = SCENES.get(order.scene)
    node = scene.node(current.status) if scene else None
    named = {"name": name, "now": node.name if node else current.status}
    title = _("The order stands at “%(now)s” by now") % named
    if scene is not None and scene.may_follow(current.status, step.change.status):
        remedy = _("Returning “%(name)s” again would move it back. See that “%(now)s” has its fields.")
    else:
        remedy = _(
            "It cannot go back to “%(name)s”; the platform would refuse that."
            " See that “%(now)s” has its fields."
        )
    return Repair(title=title, remedy=remedy % named, url=url, go_on=go_on)


def _others(diagnosis: Diagnosis) -> Others | None:
    """None where nobody shares the cause."""
    order, step = diagnosis.order, diagnosis.focus
    if step is None:
        return None
    slug, change = order.merchant.slug, step.change
    if change.state == State.DEAD:
        rows = fixing.of_cause(order.merchant, sub_code=change.sub_code, words=change.words)
        dead = rows.exclude(pk=change.pk).count()
        query = urlencode({"code": change.sub_code, "words": change.words})
        return Others(
            alike.Alike(), dead=dead, dead_url=f"{reverse('order_fixing_cause', args=[slug])}?{query}"
        )
    found = alike.alike(order, step, at=timezone.now())
    if not found.count:
        return None
    return Others(found, f"{reverse('order_alike', args=[slug, order.pk])}?change={change.pk}")
