"""Beside the phone: what the platform did with sends to this person, and what the person did."""

from typing import Any

from simulator.clock import beijing, beijing_day
from simulator.crowd import BATCHED
from simulator.markup import Html, render
from simulator.phone_views import KEPT, full_time, near_time
from simulator.signals import NOWHERE, PUSH_SCENE, REPORTED, outcome_read
from simulator.store import App

_DEEDS = {
    "visit": "打开消息",
    "enter": "从商家消息进入小程序",
    "come": "自己打开小程序",
    "prompted": "看到订阅弹窗",
    "subscribe": "订阅",
    "unsubscribe": "取消订阅",
    "subscribe_silently": "按保留的选择自动订阅",
    "keep_accept": KEPT["accept"],
    "keep_reject": KEPT["reject"],
    "ask_again": "改回每次询问",
    "reject_messages": "不再接收消息",
    "allow_messages": "重新接收消息",
    "not_interested": "标为不感兴趣",
    "claim": "领取优惠券",
    "ignore": "没有领取优惠券",
    "pay": "付款时用了优惠券",
    "pay_back": "退款，优惠券退回",
    "return_sold": "退了买来的券",
    "delete": "从卡包删除优惠券",
    "card_apply": "提交开卡表单",
    "card_open": "会员卡进入卡包",
    "card_end": "会员卡离开卡包",
}


def action_rows(
    app: App, sends: list[tuple[Any, ...]], deeds: list[tuple[Any, ...]], *, now: float
) -> list[Html]:
    """Newest first."""
    lines = [(at, *_send_words(app, rest)) for at, *rest in sends]
    lines += [(at, *_deed_words(kind, detail)) for at, kind, detail in deeds]
    lines.sort(key=lambda line: line[0], reverse=True)
    return [_action(at, words, detail, now) for at, words, detail in lines]


def scene_words(told: str) -> str:
    scene = outcome_read(told)[1]
    return f"{scene}（{'APP PUSH' if scene == PUSH_SCENE else '商家消息'}）"


def report_words(told: str) -> tuple[str, bool]:
    """What came of reporting a visit, and whether it was taken."""
    outcome, scene = outcome_read(told)
    if outcome == REPORTED:
        return f"回访已报给控制台，场景值 {scene}", True
    if outcome == NOWHERE:
        return "没有设置上报地址，回访只记在这里", False
    return f"回访没有报成：{outcome}", False


def _send_words(app: App, row: list[Any]) -> tuple[str, str]:
    code, sub_code, template_id, accepted, history, out_biz_no, order_status, activity_id, card_no = row
    template = app.templates.get(template_id or "")
    name = template.entry.name if template else template_id or ""
    if activity_id:
        name = f"优惠券活动 {activity_id[-4:]}"
    elif card_no:
        name = f"会员卡 {card_no[-4:]}"
    elif out_biz_no:
        name = f"订单 {out_biz_no} {order_status or ''}".rstrip()
    if history:
        return "历史消息", name
    if accepted:
        return f"平台受理 {code or '，没有回答'}", name
    return f"平台拒绝 {sub_code or code or '，没有回答'}", name


def _deed_words(kind: str, detail: str) -> tuple[str, str]:
    words = _DEEDS.get(kind, kind)
    if kind not in ("visit", "enter"):
        return words, detail
    outcome, scene = outcome_read(detail)
    told = {
        REPORTED: f"记一次真实回访，场景值 {scene}",
        NOWHERE: "没有设置上报地址",
        BATCHED: f"随一批上报，场景值 {scene}",
    }
    return "点开 PUSH" if scene == PUSH_SCENE else words, told.get(outcome, f"没有报成：{outcome}")


def _action(at: float, words: str, detail: str, now: float) -> Html:
    same_day = beijing_day(at) == beijing_day(now)
    time = beijing(at).strftime("%H:%M:%S") if same_day else near_time(at, now)
    return render("_action.html", time=time, exact=full_time(at), words=words, detail=detail)
