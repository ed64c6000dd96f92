"""Rows and words of the phone pages: plain functions from state to markup."""

from collections.abc import Callable, Iterable

from simulator.clock import beijing, beijing_day
from simulator.library import SUBSCRIBED
from simulator.markup import Html, joined, render
from simulator.people import masked_name, masked_phone
from simulator.phone_lookup import Received
from simulator.store import STANDING, App, Template

KEPT = {"accept": "总是同意，不再询问", "reject": "总是拒绝，不再询问"}
_TINTS = 6
_WEEKDAYS = "一二三四五六日"


def clock_time(at: float) -> str:
    return beijing(at).strftime("%H:%M")


def full_time(at: float) -> str:
    return beijing(at).strftime("%Y-%m-%d %H:%M:%S")


def full_day(at: float) -> str:
    day = beijing(at)
    return f"{day.month} 月 {day.day} 日 星期{_WEEKDAYS[day.weekday()]}"


def near_time(at: float, now: float) -> str:
    """刚刚, 19:30, 昨天, 11-19."""
    days = beijing_day(now) - beijing_day(at)
    if days == 0:
        return "刚刚" if now - at < 60 else clock_time(at)
    return "昨天" if days == 1 else beijing(at).strftime("%m-%d" if days < 300 else "%Y-%m-%d")


def day_and_time(at: float, now: float) -> str:
    """今天 19:30, 昨天 16:05, 11-19 16:05."""
    days = beijing_day(now) - beijing_day(at)
    day = "今天" if days == 0 else near_time(at, now)
    return f"{day} {clock_time(at)}"


def tint_of(app: App) -> int:
    """Of the square that stands for a mini program, by the character in it."""
    return ord(app.settings.name[:1] or " ") % _TINTS


def summary_of(received: Received) -> str:
    return f"{received.title}：{received.pairs[0][1] if received.pairs else ''}"


def home_card(received: Received, now: float) -> Html:
    app, values = received.app, received.pairs
    return render(
        "_home_card.html",
        initial=app.settings.name[:1],
        tint=tint_of(app),
        app_name=app.settings.name,
        title=received.title,
        first=values[0][1] if values else "",
        second=values[1][1] if len(values) > 1 else "",
        at=near_time(received.message.at, now),
    )


def push_banner(received: Received, now: float, *, url: str) -> Html:
    """The newest message as it lies over the lock screen, where its template or order status has a push."""
    if not received.has_push:
        what = "此模板不支持" if received.template else "订单的这个节点没有"
        return render("_no_push.html", text=f"{what} PUSH")
    values = received.pairs
    return render(
        "_push.html",
        url=url,
        app_name=received.app.settings.name,
        title=received.title,
        text=values[0][1] if values else "",
        at=near_time(received.message.at, now),
    )


def message_rows(inbox: list[Received], *, now: float, chosen: int, url: Callable[[Received], str]) -> Html:
    if not inbox:
        return render("_quiet.html", text="还没有消息")
    return joined(
        render(
            "_message.html",
            url=url(one),
            initial=one.app.settings.name[:1],
            tint=tint_of(one.app),
            app_name=one.app.settings.name,
            text=summary_of(one),
            at=near_time(one.message.at, now),
            exact=full_time(one.message.at),
            state=" ".join(
                ("read" if one.opened else "unread", "chosen" if one.message.message_id == chosen else "")
            ),
            hint="" if one.opened else "未读",
        )
        for one in inbox
    )


def zone_cards(
    messages: list[Received],
    *,
    now: float,
    chosen: int,
    open_url: Callable[[Received], str],
    act_url: str,
    back: Callable[[Received], str],
    coupon: Callable[[Received], Html],
) -> Html:
    """One merchant's messages one below another; the chosen one stands out and shows its link."""
    return joined(
        render(
            "_zone_chosen.html" if one.message.message_id == chosen else "_zone_other.html",
            message_id=one.message.message_id,
            at=day_and_time(one.message.at, now),
            exact=full_time(one.message.at),
            title=one.title,
            fields=field_rows(one.pairs),
            page=one.message.page or "（首页）",
            url=open_url(one),
            mute=_mute(one, act_url=act_url, back=back(one)),
            coupon=coupon(one),
        )
        for one in messages
    )


def _mute(received: Received, *, act_url: str, back: str) -> Html:
    if received.template is None:
        return Html("")
    if received.message.template_id in received.app.people[received.open_id].not_interested:
        return render("_muted.html")
    return render("_mute.html", act_url=act_url, template_id=received.message.template_id, back=back)


def person_rows(app: App, open_ids: Iterable[str], *, chosen: str, url: Callable[[str], str]) -> Html:
    rows = []
    for open_id in open_ids:
        identity = app.identity_of(open_id)
        row = render(
            "_person.html",
            url=url(open_id),
            initial=masked_name(identity)[0],
            name=masked_name(identity),
            phone=masked_phone(identity),
            fact=_fact(app, open_id),
            tail=open_id[-4:],
            tint=sum(open_id.encode()) % _TINTS,
            current="page" if open_id == chosen else "false",
        )
        rows.append(row)
    return joined(rows) if rows else render("_quiet.html", text="没有找到")


def _fact(app: App, open_id: str) -> str:
    if app.people[open_id].rejects:
        return "不接收消息"
    balances = [one.consents[open_id] for one in app.templates.values() if open_id in one.consents]
    if not balances:
        return "没有订阅"
    units = sum(balance for balance in balances if balance != STANDING)
    standing = sum(balance == STANDING for balance in balances)
    return f"订阅余 {units} 次" + (f" · 长期 {standing}" if standing else "")


def field_rows(pairs: list[tuple[str, str]]) -> Html:
    return joined(render("_field.html", keyword=keyword, value=value) for keyword, value in pairs)


def parameter_rows(parameters: dict[str, str]) -> Html:
    if not parameters:
        return render("_field.html", keyword="参数", value="无")
    return joined(render("_field.html", keyword=key, value=value) for key, value in parameters.items())


def subscription_rows(app: App, open_id: str, *, act_url: str, back: str) -> Html:
    """In the phone's settings: what this person ever subscribed to or marked, and the way to end it."""
    unwanted = app.people[open_id].not_interested
    rows = []
    for template in app.templates.values():
        kept = template.kept.get(open_id)
        known = open_id in template.consents or kept or template.template_id in unwanted
        if template.entry.trigger != SUBSCRIBED or not known:
            continue
        name = template.entry.name
        marked = "不感兴趣 · " if template.template_id in unwanted else ""
        state = marked + balance_words(template, open_id) + (f" · {KEPT[kept]}" if kept else "")
        buttons = [render("_ask_again.html")] if kept else []
        if template.consents.get(open_id, 0):
            buttons.insert(0, render("_unsubscribe.html"))
        whose = {"act_url": act_url, "back": back, "template_id": template.template_id}
        form = render("_subscription_form.html", buttons=joined(buttons), **whose) if buttons else Html("")
        rows.append(render("_subscription.html", name=name, state=state, form=form))
    return joined(rows) if rows else render("_quiet.html", text="还没有订阅过消息")


def balance_words(template: Template, open_id: str) -> str:
    balance = template.consents.get(open_id, 0)
    if not balance:
        return "未订阅"
    return "已长期订阅" if balance == STANDING else f"还可接收 {balance} 次"


def prompt_rows(app: App, open_id: str, *, act_url: str, back: str) -> Html:
    """For the tester: the prompts of a mini program, which this phone cannot show."""
    rows = [
        render(
            "_prompt.html",
            name=template.entry.name,
            state=balance_words(template, open_id),
            template_id=template.template_id,
            act_url=act_url,
            back=back,
        )
        for template in app.templates.values()
        if template.entry.trigger == SUBSCRIBED
    ]
    return joined(rows) if rows else render("_quiet.html", text="小程序还没有订阅模板")
