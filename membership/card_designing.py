"""A member card before the platform hears of it: its limits in words, each version kept, nobody's lost.

A version is saved by compare-and-set and kept as a row. What the platform was told once and cannot change any
more, and what cards already stand on, is refused for the versions after the first live one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from membership.card_terms import Terms, ValidityKind
from membership.models import CardRevision, CardTemplate, MemberCard
from membership.models.card_template import CardTemplateState
from merchants import events
from merchants.models import Merchant, MiniProgram, User

State = CardTemplateState
EDITABLE = (State.DRAFT, State.LIVE)
NEEDED = _("This is needed.")
CHOOSE = _("Choose one of those offered.")
LINK = _("Write a whole address that begins with https:// or alipays://.")
# By pydantic's word for what is wrong; a field in brackets has a sentence of its own.
SENTENCES: Mapping[str, str | Promise] = {
    "missing": NEEDED,
    "none_required": NEEDED,
    "string_too_short": NEEDED,
    "string_too_long": _("Write at most %(max_length)s characters."),
    "too_long": _("At most %(max_length)s are possible. Take some away."),
    "too_short": _("At least %(min_length)s is needed."),
    "enum": CHOOSE,
    "extra_forbidden": _("There is no such thing on a card."),
    "greater_than_equal": _("Write %(ge)s or more."),
    "less_than_equal": _("Write %(le)s or less."),
    "timezone_aware": _("Say in which zone this time is."),
    "string_pattern_mismatch": _("Write letters, digits and _ only, at most 32."),
    "string_pattern_mismatch [text_color]": _("Write a colour like #1677ff."),
    "string_pattern_mismatch [prefix]": _("Write capital letters and digits only, at most 10."),
    "telephone_opens": _("The platform calls this number by itself; nothing else can open."),
    "column_text": _("Write at least one line that opens, or let nothing open."),
    "column_page": _("Say which page opens, or let nothing open."),
    "action_target": _("Lead to a page of the mini program or to an address, to one of the two."),
    "quick_is_page": _(
        "A quick service opens a page of the mini program. Name a page, or let it not be quick."
    ),
    "benefit_ends": _("It ends before it begins. Choose a later end."),
    "twice": _("The same is named twice. Take one away."),
    "form_both": _("A field is either required or optional. Take it out of one of the two."),
    "form_fields": _("A form has at most %(most)s fields. Take some away."),
    "number_long": _("Prefix and digits are at most %(most)s characters together."),
    "validity_days": _("Say for how many days it is valid."),
    "validity_until": _("Say until when it is valid."),
    "cycle_page": _("Say where cycles are sold, or sell none."),
    "code_server": _("A code that your server makes needs its address, which begins with https://."),
    "grid_icons": _("In a grid each column has an icon. Choose one for each, or show a list."),
    "balance_column": _("A stored-value card shows its balance. Add the column BALANCE."),
    "quick_services": _("The platform shows two quick services or none. Choose exactly two, or none."),
    "first_level": _("The first level is everybody's: it begins at 0."),
    "levels_rise": _("Each level needs more than the one before it."),
    "price": _("Say what the card costs."),
    "no_price": _("Only a card that is bought has a price."),
    "repeated": _("%(name)s stands there twice. Give each its own."),
    "components": _(
        "A card shows at most %(most)s things in all: columns, buttons, benefits. There are %(there)s."
    ),
}
ELSE = _("This does not fit here. Write it again.")


class DraftChanged(Exception):
    """Somebody saved another version, or it is on its way to the platform."""


class DesignRefused(Exception):
    """`by_field`: what to write instead, by places like "columns.2.title". Nothing was saved."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        self.by_field = dict(by_field)
        super().__init__(next(iter(self.by_field.values())))


def problems(given: Mapping[str, Any]) -> dict[str, str]:
    """By field, what to write instead; empty where it holds."""
    try:
        Terms.model_validate(given)
    except ValidationError as wrong:
        return _in_words(wrong)
    return {}


def read(given: Mapping[str, Any]) -> Terms:
    """Raises DesignRefused."""
    try:
        return Terms.model_validate(given)
    except ValidationError as wrong:
        raise DesignRefused(_in_words(wrong)) from None


def terms_of(template: CardTemplate) -> Terms:
    """The newest version."""
    return Terms.model_validate(template.terms)


def live_terms_of(template: CardTemplate) -> Terms:
    """Those that cards follow. Raises ValueError before the first."""
    if template.live_terms is None:
        raise ValueError(f"card template {template.pk} was never live")
    return Terms.model_validate(template.live_terms)


def create_draft(
    merchant: Merchant, mini_program: MiniProgram, given: Mapping[str, Any], *, by: User, form_token: Any
) -> CardTemplate:
    """The same form twice gives the draft of the first time. Raises DesignRefused."""
    before: CardTemplate | None = (
        CardTemplate.objects.for_merchant(merchant).filter(form_token=form_token).first()
    )
    if before is not None:
        return before
    terms = read(given)
    with transaction.atomic():
        template: CardTemplate = CardTemplate.objects.create(
            merchant=merchant, mini_program=mini_program, form_token=form_token, author=by, **_columns(terms)
        )
        _keep(template, by)
        _tell("card.drafted", template, by)
    return template


def edit(template: CardTemplate, given: Mapping[str, Any], *, version: int, by: User) -> CardTemplate:
    """Of a draft, or the next version of a live card. Raises DesignRefused, DraftChanged."""
    terms = read(given)
    with transaction.atomic():
        rows = CardTemplate.objects.filter(pk=template.pk, state__in=EDITABLE, version=version)
        found = rows.select_for_update(no_key=True).first()
        if found is None:
            raise DraftChanged
        if found.live_terms is not None and (wrong := _not_any_more(found, terms)):
            raise DesignRefused(wrong)
        rows.update(version=F("version") + 1, changed_at=Now(), **_columns(terms))
        template.refresh_from_db()
        _keep(template, by)
        _tell("card.edited", template, by)
    return template


def delete_draft(template: CardTemplate, *, version: int, by: User) -> None:
    """Of one the platform never heard of. Raises DraftChanged."""
    with transaction.atomic():
        rows = CardTemplate.objects.select_for_update().filter(
            pk=template.pk, state=State.DRAFT, version=version, operations=0
        )
        if not rows.exists():
            raise DraftChanged
        _tell("card.deleted", template, by)
        rows.delete()


def is_behind(template: CardTemplate) -> bool:
    """Whether a version waits that the platform was not told of."""
    return template.live_version is not None and template.live_version != template.version


def _not_any_more(template: CardTemplate, terms: Terms) -> dict[str, str]:
    """What a live card cannot change (domain E.2): it was told once, or numbers and ledgers stand on it."""
    live = live_terms_of(template)
    wrong: dict[str, Any] = {}
    if terms.mode != live.mode:
        wrong["mode"] = _("A live card keeps its mode. Make another card for this one.")
    if terms.numbers != live.numbers:
        wrong["numbers.prefix"] = _("Cards have numbers already, so prefix and length stay.")
    was_limited, is_limited = (one.validity.kind != ValidityKind.UNLIMITED for one in (live, terms))
    if was_limited != is_limited:
        wrong["validity.kind"] = _(
            "The platform keeps whether a card ends. Change only when, or make another."
        )
    if terms.level_rule.basis != live.level_rule.basis:
        wrong["level_rule.basis"] = _("Members have reached levels by this. Change the thresholds instead.")
    if gone := sorted(set(live.shop_ids) - set(terms.shop_ids)):
        words = _("The platform never takes a store away from a card. Leave %(store)s in.")
        wrong["shop_ids"] = words % {"store": gone[0]}
    left_out = {one.code for one in live.levels} - {one.code for one in terms.levels}
    held = MemberCard.objects.filter(template=template, level__code__in=left_out).select_related("level")
    if (card := held.first()) is not None and card.level is not None:
        words = _("Somebody has the level %(level)s. Keep it until nobody does.")
        wrong["levels"] = words % {"level": card.level.name}
    return {name: str(sentence) for name, sentence in wrong.items()}


def _columns(terms: Terms) -> dict[str, Any]:
    """Everything a version writes into its row, also what the constraints of the table look at."""
    return {
        "terms": terms.model_dump(mode="json"),
        "name": terms.face.name,
        "mode": terms.mode.value,
        "write_off": terms.write_off.value,
        "number_prefix": terms.numbers.prefix,
        "number_length": terms.numbers.length,
    }


def _keep(template: CardTemplate, by: User) -> None:
    CardRevision.objects.create(
        merchant=template.merchant,
        template=template,
        version=template.version,
        terms=template.terms,
        author=by,
    )


def _in_words(wrong: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in wrong.errors(include_url=False, include_input=False):
        context = dict(error.get("ctx", {}))
        place = [str(part) for part in error["loc"]]
        if not place:
            place = [str(context.get("field", ""))]
        found.setdefault(".".join(place), _sentence(error, place[-1]) % context)
    return found


def _sentence(error: ErrorDetails, field: str) -> str:
    kind = error["type"]
    if kind == "string_pattern_mismatch" and field.endswith("url"):
        return str(LINK)
    return str(SENTENCES.get(f"{kind} [{field}]", SENTENCES.get(kind, ELSE)))


def _tell(kind: str, template: CardTemplate, by: User | None, **detail: Any) -> None:
    events.record(
        kind,
        merchant=template.merchant,
        by=by,
        mini_program=template.mini_program,
        subject=template,
        detail={"name": template.name, "version": template.version, **detail},
    )
