"""Rows and words of the phone pages: plain functions from state to markup."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from simulator.acts import Message
from simulator.clock import beijing, beijing_day
from simulator.crowd import BATCHED
from simulator.library import SUBSCRIBED
from simulator.markup import Html, joined, render
from simulator.people import masked_name, masked_phone
from simulator.store import STANDING, App, Template

_DEEDS = {
    "visit": "打开消息",
    "come": "自己打开小程序",
    "prompted": "看到订阅弹窗",
    "subscribe": "订阅",
    "unsubscribe": "取消订阅",
    "subscribe_silently": "按保留的选择自动订阅",
    "keep_accept": "总是同意，不再询问",
    "keep_reject": "总是拒绝，不再询问",
    "ask_again": "改回每次询问",
    "reject_messages": "不再接收消息",
    "allow_messages": "重新接收消息",
    "not_interested": "标为不感兴趣",
}
_TINTS = 6


def clock_time(at: float) -> str:
    return beijing(at).strftime("%H:%M")


def full_time(at: float) -> str:
    return beijing(at).strftime("%Y-%m-%d %H:%M:%S")


def near_time(at: float, now: float) -> str:
    """刚刚, 19:30, 昨天, 11-19."""
    days = beijing_day(now) - beijing_day(at)
    if days == 0:
        return "刚刚" if now - at < 60 else clock_time(at)
    return "昨天" if days == 1 else beijing(at).strftime("%m-%d" if days < 300 else "%Y-%m-%d")


def values_of(template: Template, data: str) -> list[tuple[str, str]]:
    """(keyword, value) in the order of the template."""
    values = json.loads(data)
    pairs = enumerate(template.keywords, 1)
    return [(keyword, str(values.get(f"keyword{number}", {}).get("value", ""))) for number, keyword in pairs]


def summary_of(app: App, message: Message) -> str:
    template = app.templates[message.template_id]
    values = values_of(template, message.data)
    return f"{template.entry.name}：{values[0][1] if values else ''}"


def home_card(app: App, message: Message, now: float) -> Html:
    template = app.templates[message.template_id]
    values = values_of(template, message.data)
    return render(
        "_home_card.html",
        initial=app.settings.name[:1],
        app_name=app.settings.name,
        title=template.entry.name,
        first=values[0][1] if values else "",
        second=values[1][1] if len(values) > 1 else "",
        at=near_time(message.at, now),
    )


def message_rows(
    app: App,
    messages: list[tuple[Message, bool]],
    *,
    now: float,
    chosen: int,
    url: Callable[[Message], str],
) -> Html:
    if not messages:
        return render("_quiet.html", text="还没有消息")
    return joined(
        render(
            "_message.html",
            url=url(message),
            initial=app.settings.name[:1],
            app_name=app.settings.name,
            text=summary_of(app, message),
            at=near_time(message.at, now),
            exact=full_time(message.at),
            state=" ".join(
                ("read" if opened else "unread", "chosen" if message.message_id == chosen else "")
            ),
        )
        for message, opened in messages
    )


def person_rows(app: App, open_ids: Iterable[str], *, chosen: str, url: Callable[[str], str]) -> Html:
    rows = [
        render(
            "_person.html",
            url=url(open_id),
            initial=masked_name(open_id)[0],
            name=masked_name(open_id),
            phone=masked_phone(open_id),
            fact=_fact(app, open_id),
            tail=open_id[-4:],
            tint=sum(open_id.encode()) % _TINTS,
            current="page" if open_id == chosen else "false",
        )
        for open_id in open_ids
    ]
    return joined(rows) if rows else render("_quiet.html", text="没有找到")


def _fact(app: App, open_id: str) -> str:
    if app.people[open_id].rejects:
        return "不接收消息"
    balances = [one.consents[open_id] for one in app.templates.values() if open_id in one.consents]
    if not balances:
        return "没有订阅"
    units = sum(balance for balance in balances if balance != STANDING)
    standing = sum(balance == STANDING for balance in balances)
    return f"订阅余 {units} 次" + (f" · 长期 {standing} 项" if standing else "")


def field_rows(template: Template, data: str) -> Html:
    pairs = values_of(template, data)
    return joined(render("_field.html", keyword=keyword, value=value) for keyword, value in pairs)


def parameter_rows(parameters: dict[str, str]) -> Html:
    if not parameters:
        return render("_field.html", keyword="参数", value="无")
    return joined(render("_field.html", keyword=key, value=value) for key, value in parameters.items())


def setting_rows(app: App, open_id: str, *, act_url: str) -> Html:
    rows = []
    for template in app.templates.values():
        if template.entry.trigger != SUBSCRIBED:
            continue
        balance = template.consents.get(open_id, 0)
        standing = "已长期订阅" if balance == STANDING else "未订阅"
        state = standing if template.long_term else f"余 {balance} 次"
        kept = template.kept.get(open_id)
        rows.append(
            render(
                "_setting.html",
                name=template.entry.name,
                state=f"{state} · {_DEEDS[f'keep_{kept}']}" if kept else state,
                template_id=template.template_id,
                act_url=act_url,
                again=render("_ask_again.html") if kept else Html(""),
            )
        )
    return joined(rows) if rows else render("_quiet.html", text="小程序还没有订阅模板")


def action_rows(
    app: App, sends: list[tuple[Any, ...]], deeds: list[tuple[Any, ...]], *, now: float
) -> list[Html]:
    """Newest first: what the platform did with sends to this person, and what the person did."""
    lines = [(at, *_send_words(app, rest)) for at, *rest in sends]
    lines += [(at, _DEEDS.get(kind, kind), _deed_detail(kind, detail)) for at, kind, detail in deeds]
    lines.sort(key=lambda line: line[0], reverse=True)
    return [_action(at, words, detail, now) for at, words, detail in lines]


def _send_words(app: App, row: list[Any]) -> tuple[str, str]:
    code, sub_code, template_id, accepted, history = row
    template = app.templates.get(template_id or "")
    name = template.entry.name if template else template_id or ""
    if history:
        return "历史消息", name
    if accepted:
        return f"平台受理 {code or '，没有回答'}", name
    return f"平台拒绝 {sub_code or code or '，没有回答'}", name


def _deed_detail(kind: str, detail: str) -> str:
    if kind != "visit":
        return detail
    words = {
        "reported": "记一次真实回访，场景值 1014",
        "no signals_url": "没有设置上报地址",
        BATCHED: "随一批上报",
    }
    return words.get(detail, f"没有报成：{detail}")


def _action(at: float, words: str, detail: str, now: float) -> Html:
    same_day = beijing_day(at) == beijing_day(now)
    time = beijing(at).strftime("%H:%M:%S") if same_day else near_time(at, now)
    return render("_action.html", time=time, exact=full_time(at), words=words, detail=detail)
