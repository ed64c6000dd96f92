"""What an import says of its rows: two equations, why rows were refused, which messages lack fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from orders.importing.tally import Tally
from orders.scenes import SCENES

REASONS: Mapping[str, str | Promise] = {
    "unreadable": gettext_lazy("A cell is empty or cannot be read"),
    "scene_unknown": gettext_lazy("There is no such scene"),
    "scene_not_chosen": gettext_lazy("The scene is not chosen for this mini program"),
    "open_id_wrong": gettext_lazy("The open_id has the wrong shape"),
    "status_unknown": gettext_lazy("The scene lacks this status"),
    "fields_too_long": gettext_lazy("Too many business fields, or too long ones"),
    "amounts_differ": gettext_lazy("The amounts do not add up"),
    "fixed_field": gettext_lazy("Differs from the order in what never changes"),
    "person_forgotten": gettext_lazy("The buyer asked to be forgotten"),
    "trade_taken": gettext_lazy("Another order has the trade"),
    "status_clash": gettext_lazy("Another status has the same time"),
}


@dataclass(frozen=True)
class Equation:
    """`terms`: of console/_equation.html. `sentence`: the same for readers."""

    label: str
    terms: list[dict[str, Any]]
    sentence: str


def of_orders(tally: Tally) -> Equation:
    parts = [
        (tally.created, pgettext("order import", "new")),
        (tally.updated, pgettext("order import", "changed")),
        (tally.unchanged, pgettext("order import", "unchanged")),
        (tally.refused, pgettext("order import", "refused")),
    ]
    return _equation(tally, parts)


def of_statuses(tally: Tally) -> Equation:
    parts = [
        (tally.taken, pgettext("order import", "statuses taken")),
        (tally.late, pgettext("order import", "arrived late")),
        (tally.repeated, pgettext("order import", "repeated")),
        (tally.without, pgettext("order import", "without a status")),
        (tally.refused, pgettext("order import", "refused")),
    ]
    return _equation(tally, parts)


def _equation(tally: Tally, parts: list[tuple[int, str]]) -> Equation:
    said = pgettext("between items of a list", ", ").join(f"{n:,} {label}" for n, label in parts)
    return Equation(
        _("rows"),
        [{"n": n, "label": label, "sign": "+" if at else "="} for at, (n, label) in enumerate(parts)],
        _("%(rows)s rows equal %(parts)s.") % {"rows": f"{tally.rows:,}", "parts": said},
    )


def reasons_of(tally: Tally) -> list[tuple[str | Promise, int]]:
    """The most frequent first."""
    found = sorted(tally.reasons.items(), key=lambda pair: -pair[1])
    return [(REASONS.get(code, code), n) for code, n in found]


def lacking_of(tally: Tally) -> list[tuple[str, int]]:
    """Names of statuses whose message lacks fields, the most frequent first."""
    found = sorted(tally.lacking.items(), key=lambda pair: -pair[1])
    return [(_name(key), n) for key, n in found]


def _name(key: str) -> str:
    code, _slash, status = key.partition("/")
    scene = SCENES.get(code)
    node = scene.node(status) if scene else None
    return f"{scene.name} · {node.name}" if scene and node else key
