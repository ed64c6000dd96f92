"""Member cards on the phone: the cell in the card pack, the card itself, and the form that opens one."""

from collections.abc import Iterable

from simulator import card_codes
from simulator.card_forms import BY_AUTHORISATION, TITLES, what_is_known_of
from simulator.card_reading import on_list
from simulator.card_templates import Application, CardTemplate
from simulator.card_terms import BALANCE, DYNAMIC_CODES, LEVEL, POINT, short_amount
from simulator.cards import EXPIRED, Card
from simulator.markup import Html, joined, render
from simulator.phone_lookup import url_of
from simulator.phone_views import tint_of
from simulator.store import App, Store

NO_CODE = "none"
_FORM_NAME = "field."


def card_cells(store: Store, places: Iterable[tuple[App, str]]) -> Html:
    """Of every merchant that knows this person, the newest first."""
    held = [
        (app, card)
        for app, open_id in places
        for card in store.cards.held_by(app.app_id, open_id)
        if not card.ended
    ]
    held.sort(key=lambda one: -one[1].opened_at)
    return joined(_cell(store, app, card) for app, card in held)


def _cell(store: Store, app: App, card: Card) -> Html:
    template = _template(store, card)
    services = [one["text"] for one in on_list(template.actions)]
    return render(
        "_member_card.html",
        name=template.name,
        merchant=app.settings.name,
        tint=tint_of(app),
        initial=app.settings.name[:1],
        state="已过期" if card.state(store.clock.now()) == EXPIRED else "",
        assets=" · ".join(f"{title} {value}" for title, value in shown_columns(template, card)),
        services=joined(render("_service.html", text=text) for text in services),
        url=url_of(app, card.open_id, tail=f"card/{card.card_no}"),
    )


def shown_columns(template: CardTemplate, card: Card) -> list[tuple[str, str]]:
    """(title, value): of balance, points and level only where the card holds a value."""
    shown = []
    for column in template.columns:
        value = _value(template, card, column["code"], column.get("value", ""))
        if value is not None:
            shown.append((column["title"], value))
    return shown


def _value(template: CardTemplate, card: Card, code: str, written: str) -> str | None:
    held = {POINT: "point", BALANCE: "balance", LEVEL: "level"}.get(code)
    if held is None:
        return written
    value = card.info.get(held)
    if value is None:
        return None
    if code == BALANCE:
        return f"¥{value}"
    return short_amount(value) if code == POINT else template.levels.get(value, value)


def card_screen(store: Store, app: App, card: Card, frame: dict[str, object]) -> Html:
    """The card itself, with all that belongs to it."""
    template, now = _template(store, card), store.clock.now()
    lines = [(line["label"], line["value"]) for line in card.info.get("front_text_list", [])]
    until = card.info.get("valid_date", "长期有效")
    benefits = store.card_templates.benefits_shown(template, now)
    here = url_of(app, card.open_id, tail="coupons")
    return render(
        "member_card.html",
        **frame,
        back=here,
        name=template.name,
        brand=template.style.get("brand_name", app.settings.name),
        slogan=template.style.get("slogan", ""),
        state="已过期" if card.state(now) == EXPIRED else "使用中",
        until=until,
        code=_code(store, template, card),
        fields=_fields([*shown_columns(template, card), *lines]),
        benefits=_lines((one["title"], "；".join(one.get("benefit_desc", []))) for one in benefits),
        services=_lines((one["text"], one.get("url", "")) for one in template.actions),
        act_url=url_of(app, card.open_id, tail="card"),
        card_no=card.card_no,
    )


def _code(store: Store, template: CardTemplate, card: Card) -> str:
    way = template.write_off_type
    if way == NO_CODE:
        return "不显示卡号"
    if way in DYNAMIC_CODES:
        return f"动态码 {card_codes.shown(store, card, DYNAMIC_CODES[way])}"
    if template.by_merchant_code:
        return f"商户动态码 {card.info.get('mdcode_info', {}).get('code_value', '还没有')}"
    return f"卡号 {card.external_no}"


def apply_screen(
    store: Store,
    app: App,
    open_id: str,
    *,
    application: Application,
    frame: dict[str, object],
    told: str = "",
) -> Html:
    """Who opened the card after the form was last set goes to the card instead."""
    template = store.card_templates.templates[application.template_id]
    card = store.cards.live(app.app_id, open_id, template.template_id)
    member = card is not None and card.opened_at >= template.asked_at
    form = Html("") if member or template.form is None else _form(app, open_id, application, template)
    now = store.clock.now()
    rights = template.facts.get("open_card_conf", {}).get("card_rights", [])
    benefits = [(one.get("title", ""), one.get("detail", "")) for one in rights]
    benefits += [
        (one["title"], "；".join(one.get("benefit_desc", [])))
        for one in store.card_templates.benefits_shown(template, now)
    ]
    return render(
        "card_form.html",
        **frame,
        back=url_of(app, open_id, tail="coupons"),
        name=template.name,
        told=told or ("已是会员，卡在卡包里" if member else "领取会员卡"),
        columns=_fields((column["title"], column.get("value", "--")) for column in template.columns),
        services=_lines((one["text"], "") for one in on_list(template.actions)),
        benefits=_lines(benefits),
        form=form,
    )


def _form(app: App, open_id: str, application: Application, template: CardTemplate) -> Html:
    """Name, gender and phone are filled in by one tap of authorisation."""
    form, known = (
        template.form or {"required": [], "optional": []},
        what_is_known_of(app.identity_of(open_id)),
    )
    rows = [
        render(
            "_form_field.html",
            name=_FORM_NAME + name,
            title=TITLES[name] + ("" if name in form["required"] else "（选填）"),
            value=known[name] if name in BY_AUTHORISATION else "",
            required=Html("required") if name in form["required"] else "",
        )
        for name in (*form["required"], *form["optional"])
    ]
    act_url = url_of(app, open_id, tail=f"apply/{application.apply_id}")
    return render("_card_form.html", act_url=act_url, rows=joined(rows))


def answers_in(form: dict[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_FORM_NAME): value for name, value in form.items() if name.startswith(_FORM_NAME)
    }


def _template(store: Store, card: Card) -> CardTemplate:
    return store.card_templates.templates[card.template_id]


def _fields(pairs: Iterable[tuple[str, str]]) -> Html:
    return joined(render("_field.html", keyword=title, value=value) for title, value in pairs)


def _lines(pairs: Iterable[tuple[str, str]]) -> Html:
    rows = [render("_card_line.html", title=title, text=text) for title, text in pairs]
    return joined(rows) if rows else render("_quiet.html", text="没有")
