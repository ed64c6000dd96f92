"""Two people at one draft: both versions side by side, and for each field whose is taken.

The page carries both versions with it, so a third one saved meanwhile loses neither: what was chosen is
compared with that one in turn.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _

from console.access import MerchantRequest
from console.htmx import invalid
from console.messaging.sends.compose_form import ComposeForm, Offer, of_batch, posted
from console.messaging.sends.kept_forms import writer_of
from console.messaging.sends.latest_form import NAMES
from console.messaging.sends.lookup import address
from merchants.models import User
from messaging.models import BatchSend
from messaging.sends.versions import content_of, versions_of

PAGE, PARTIAL = "messaging/sends/conflict.html", "messaging/sends/_conflict.html"
# What belongs together is taken together: half a time and a stranger's parameters mean nothing.
PARTS = {
    "name": ("name",),
    "template": ("template",),
    "page": ("page", "parameters"),
    "coupon": ("coupon",),
    "people_list": ("people_list",),
    "holdout": ("holdout_percent",),
    "when": ("when", "scheduled_on", "scheduled_time"),
    "not_after": NAMES,
}
WORDS = "words-"  # and the number of a keyword, counted over both templates


@dataclass(frozen=True)
class Row:
    """One choice. `changed`: who changed it since both began, mine, theirs or both; empty: nobody knows."""

    name: str
    label: str
    mine: str
    theirs: str
    changed: str

    @property
    def differs(self) -> bool:
        return self.mine != self.theirs

    @property
    def picked(self) -> str:
        return "theirs" if self.changed == "theirs" else "mine"


def show(
    request: MerchantRequest, form: ComposeForm, current: BatchSend, *, began_at: int | None
) -> HttpResponse:
    """`form`: mine, not saved, begun at version `began_at`; `current`: theirs, saved."""
    theirs = form_of(current)
    rows = side_by_side(form, theirs, _begun(current, began_at))
    context = {
        "batch": current,
        "who": _who_saved(current),
        "both": [("mine", form), ("theirs", theirs)],
        "rows": [row for row in rows if row.differs],
        "same": [row for row in rows if not row.differs],
        "then": "review" if form.action == "review" else "save",
        "edit_url": address("send_edit", current),
        "writer": writer_of(request.user),
    }
    return invalid(request, PAGE, PARTIAL, context)


def form_of(batch: BatchSend) -> ComposeForm:
    """What is saved, as its form."""
    offered = Offer(batch.mini_program, batch)
    return ComposeForm(posted(of_batch(batch)), offered=offered, address=address("send_edit", batch))


def chosen(data: QueryDict, offered: Offer) -> QueryDict:
    """What the conflict page posts, made into what the composer would; anything else as it is."""
    if data.get("choose") not in ("picked", "mine"):
        return data
    sides = {whose: _side(data, whose) for whose in ("mine", "theirs")}
    texts = {whose: _texts(side, offered) for whose, side in sides.items()}

    def taken(part: str) -> str:
        is_theirs = data["choose"] == "picked" and data.get(f"pick-{part}") == "theirs"
        return "theirs" if is_theirs else "mine"

    made = {name: value for name, value in sides["mine"].items() if not name.startswith("value_")}
    for part, names in PARTS.items():
        made |= {name: sides[taken(part)].get(name, "") for name in names}
    template = offered.templates.get(made["template"])
    numbers = {keyword: n for n, keyword in enumerate(texts["mine"] | texts["theirs"])}
    for position, keyword in enumerate(template.keywords if template else []):
        whose = taken(f"{WORDS}{numbers.get(keyword, '')}")
        either = texts["mine"] | texts["theirs"] if whose == "theirs" else texts["theirs"] | texts["mine"]
        made[f"value_{position}"] = either.get(keyword, "")
    made |= {"shown_template": made["template"], "version": data.get("version", "")}
    return posted(made | {"action": data.get("then", "save"), "writer": data.get("writer", "")})


def _side(data: QueryDict, name: str) -> dict[str, str]:
    prefix = f"{name}-"
    return {key.removeprefix(prefix): str(value) for key, value in data.items() if key.startswith(prefix)}


def _texts(side: dict[str, str], offered: Offer) -> dict[str, str]:
    """By keyword, since the two templates may have them in another order."""
    template = offered.templates.get(side.get("template", ""))
    keywords = template.keywords if template else []
    return {keyword: side.get(f"value_{n}", "") for n, keyword in enumerate(keywords)}


def side_by_side(mine: ComposeForm, theirs: ComposeForm, begun: ComposeForm | None) -> list[Row]:
    """In the order of the form."""
    keywords = dict.fromkeys([*mine.keywords, *theirs.keywords])
    parts = [("name", _("Name")), ("template", _("Template"))]
    parts += [(f"{WORDS}{n}", keyword) for n, keyword in enumerate(keywords)]
    parts += [("page", _("Mini program page")), ("coupon", _("Coupon"))]
    parts += [("people_list", _("Audience"))]
    parts += [("holdout", _("Kept back, percent")), ("when", _("When")), ("not_after", _("Not after"))]
    return [_row(name, label, mine, theirs, begun) for name, label in parts]


def _row(name: str, label: str, mine: ComposeForm, theirs: ComposeForm, begun: ComposeForm | None) -> Row:
    left, right = (_shown(form, name, label) for form in (mine, theirs))
    changed = ""
    if begun is not None and left != right:
        before = _shown(begun, name, label)
        changed = "mine" if right == before else "theirs" if left == before else "both"
    return Row(name, label, left, right, changed)


def _shown(form: ComposeForm, name: str, label: str) -> str:
    if name.startswith(WORDS):
        return _value(form, f"value_{form.keywords.index(label)}") if label in form.keywords else ""
    if name == "when" and form["when"].value() == "now":
        return _("Right away")
    if name == "holdout":
        return _value(form, "holdout_percent") or "0"  # an empty field keeps nobody back
    names = PARTS[name][1:] if name == "when" else PARTS[name]
    return " ".join(filter(None, (_value(form, one) for one in names)))


def _value(form: ComposeForm, name: str) -> str:
    value = str(form[name].value() or "")
    choices: Any = getattr(form.fields[name], "choices", None)
    return str(dict(choices).get(value, value)) if choices is not None and value else value


def _begun(current: BatchSend, version: int | None) -> ComposeForm | None:
    """The version both of them began with; None where it is not kept any more."""
    row = versions_of(current).filter(version=version).first() if version else None
    if row is None:
        return None
    before, content = copy(current), content_of(row)
    for name, value in vars(content).items():
        setattr(before, name, value)
    return form_of(before)


def _who_saved(current: BatchSend) -> User | None:
    """Who wrote the version that stands; None for one saved before versions were kept."""
    row = versions_of(current).filter(version=current.version).first()
    return row.by if row else None
