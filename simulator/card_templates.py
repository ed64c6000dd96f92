"""Card templates, their forms and benefits, and the addresses under which people open a card."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator import card_reading
from simulator.card_forms import Form
from simulator.card_terms import CARD_LIMITS, MERCHANT_CODES, POINT
from simulator.coupon_terms import read_time
from simulator.grants import CARD_SCOPE
from simulator.store import App

if TYPE_CHECKING:
    from simulator.store import Store

Facts = dict[str, Any]


@dataclass(slots=True)
class CardTemplate:
    """`facts` as the merchant wrote them. `maker_id` is the app that called for it: the merchant's, or a
    provider's; it is told at `notify_url`. `asked_at`: since when everybody sees the form again."""

    template_id: str
    app_id: str
    maker_id: str
    facts: Facts
    created_at: float
    modified_at: float
    notify_url: str = ""
    form: Form | None = None
    asked_at: float = 0.0

    @property
    def style(self) -> Facts:
        return dict(self.facts["template_style_info"])

    @property
    def name(self) -> str:
        return str(self.style["card_show_name"])

    @property
    def columns(self) -> list[Facts]:
        return list(self.facts.get("column_info_list", []))

    @property
    def actions(self) -> list[Facts]:
        return list(self.facts.get("card_action_list", []))

    @property
    def levels(self) -> dict[str, str]:
        """level → what people call it."""
        return {one["level"]: one["level_show_name"] for one in self.facts.get("card_level_conf", [])}

    @property
    def write_off_type(self) -> str:
        return str(self.facts["write_off_type"])

    @property
    def by_merchant_code(self) -> bool:
        return self.write_off_type in MERCHANT_CODES

    @property
    def paid(self) -> bool:
        return "paid_outer_card_conf" in self.facts

    @property
    def series(self) -> tuple[str, int]:
        return self.facts.get("biz_no_prefix", ""), int(self.facts["biz_no_suffix_len"])

    def shows(self, code: str) -> bool:
        return any(column["code"] == code for column in self.columns)

    @property
    def shows_points(self) -> bool:
        return self.shows(POINT)

    def rules(self) -> dict[str, tuple[str, str]]:
        rules = self.facts.get("field_rule_list", [])
        return {one["field_name"]: (one["rule_name"], one["rule_value"]) for one in rules}


@dataclass(slots=True)
class Benefit:
    benefit_id: str
    app_id: str
    template_id: str
    facts: Facts

    def shown(self, now: float) -> bool:
        return is_shown(self.facts, now)


@dataclass(slots=True)
class Application:
    """What activateurl.apply gave an address for."""

    apply_id: str
    app_id: str
    template_id: str
    callback: str
    out_string: str = ""
    follow_app_id: str = ""


@dataclass(slots=True)
class Opening:
    """A form that somebody sent in; `code` is what the merchant's server gets a token for."""

    request_id: str
    app_id: str
    template_id: str
    open_id: str
    code: str
    at: float
    answers: dict[str, str] = field(default_factory=dict)
    opened: bool = False


def is_shown(facts: Facts, now: float) -> bool:
    """A benefit shows only inside its dates."""
    starts, ends = read_time(facts.get("start_date")), read_time(facts.get("end_date"))
    return (starts is None or now >= starts) and (ends is None or now <= ends)


def limits_of(app: App) -> dict[str, int]:
    return {**CARD_LIMITS, **app.settings.card_limits}


class CardTemplates:
    def __init__(self, store: "Store") -> None:
        self._store = store
        take = store.records.take
        self.templates = take("card_template", CardTemplate)
        self.benefits = take("card_benefit", Benefit)
        self.applications = take("card_application", Application)
        self.openings = take("card_opening", Opening)
        self._of_app: dict[str, list[CardTemplate]] = {}
        for template in self.templates.values():
            self._of_app.setdefault(template.app_id, []).append(template)
        self._by_code = {opening.code: opening for opening in self.openings.values()}
        self._benefits_made = self._highest_benefit()

    # --- finding -----------------------------------------------------------------------------------

    def of_app(self, app_id: str) -> list[CardTemplate]:
        """In the order in which they were made."""
        return self._of_app.get(app_id, [])

    def get(self, app_id: str, template_id: Any) -> CardTemplate | None:
        """The merchant's own."""
        template = self.templates.get(template_id) if isinstance(template_id, str) else None
        return template if template is not None and template.app_id == app_id else None

    def opening_of(self, code: str) -> Opening | None:
        return self._by_code.get(code)

    def benefits_of(self, template: CardTemplate) -> list[Benefit]:
        return [one for one in self.benefits.values() if one.template_id == template.template_id]

    def benefits_shown(self, template: CardTemplate, now: float) -> list[Facts]:
        """Those of the template itself, and those that were made later."""
        own = [one for one in template.facts.get("template_benefit_info", []) if is_shown(one, now)]
        return [*own, *(one.facts for one in self.benefits_of(template) if one.shown(now))]

    # --- changing ----------------------------------------------------------------------------------

    def create(self, app: App, maker: App, facts: Facts, notify_url: str) -> CardTemplate:
        now, number = self._store.clock.now(), len(self.templates) + 1
        template_id = f"20261122{number:024d}"
        template = CardTemplate(template_id, app.app_id, maker.app_id, facts, now, now, notify_url)
        self.templates[template_id] = template
        self._of_app.setdefault(app.app_id, []).append(template)
        if "template_form_config" in facts:
            template.form = card_reading.form_of(facts["template_form_config"])
        self.save(template)
        return template

    def modify(self, template: CardTemplate, facts: Facts, notify_url: str) -> None:
        if facts.get("template_form_config") != template.facts.get("template_form_config"):
            template.form = card_reading.form_of(facts["template_form_config"])
        template.facts, template.modified_at = facts, self._store.clock.now()
        template.notify_url = notify_url or template.notify_url
        self.save(template)

    def set_form(self, template: CardTemplate, form: Form) -> None:
        template.form, template.asked_at = form, self._store.clock.now()
        self.save(template)

    def apply(self, template: CardTemplate, callback: str, out_string: str, follow: str) -> Application:
        """The same words lead to the same address; everybody sees the form again."""
        words = (template.template_id, callback, out_string, follow)
        apply_id = self._store.derived("card application", *words)[:24]
        application = Application(apply_id, template.app_id, *words)
        self.applications[apply_id] = application
        self._store.records.put("card_application", apply_id, application)
        template.asked_at = self._store.clock.now()
        self.save(template)
        return application

    def send_in(self, template: CardTemplate, open_id: str, answers: dict[str, str]) -> Opening:
        """Somebody filled in the form, and lets the merchant know who opens the card."""
        number = len(self.openings) + 1
        request_id = f"20261122{number:012d}{self._store.derived('opening', number)[:12]}"
        login = self._store.logins.give(template.app_id, open_id, [CARD_SCOPE])
        opening = Opening(
            request_id, template.app_id, template.template_id, open_id, login.code,
            self._store.clock.now(), answers,
        )  # fmt: skip
        self.openings[request_id] = self._by_code[login.code] = opening
        self.save_opening(opening)
        return opening

    def add_benefit(self, template: CardTemplate, facts: Facts) -> Benefit:
        """SIM: the same benefit of the same template twice is one, as the call has no number of its own."""
        for known in self.benefits_of(template):
            if known.facts == facts:
                return known
        self._benefits_made += 1
        benefit_id = f"20261122{self._benefits_made:012d}"
        benefit = Benefit(benefit_id, template.app_id, template.template_id, facts)
        self.save_benefit(benefit)
        return benefit

    def drop_benefit(self, benefit: Benefit) -> None:
        del self.benefits[benefit.benefit_id]
        self._store.records.drop("card_benefit", benefit.benefit_id)

    def save(self, template: CardTemplate) -> None:
        self._store.records.put("card_template", template.template_id, template)

    def save_benefit(self, benefit: Benefit) -> None:
        self.benefits[benefit.benefit_id] = benefit
        self._store.records.put("card_benefit", benefit.benefit_id, benefit)

    def save_opening(self, opening: Opening) -> None:
        self._store.records.put("card_opening", opening.request_id, opening)

    def _highest_benefit(self) -> int:
        """A number is never given twice while a later one stands."""
        return max((int(one[-12:]) for one in self.benefits), default=0)
