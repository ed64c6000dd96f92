"""Coupons on the phone: the card pack, what is offered, and the one that a message carries."""

from collections.abc import Iterable

from simulator.activities import Activity
from simulator.coupon_terms import DISCOUNT, EXCHANGE, PAY, SPECIAL, Terms, time_text, yuan
from simulator.deliveries import SERVICE_MESSAGE
from simulator.markup import Html, joined, render
from simulator.order_centre import reference_of
from simulator.phone_lookup import Received, url_of
from simulator.store import App, Store
from simulator.vouchers import EXPIRED, SENDED, USED, Voucher
from simulator.wallet import MINI_PROGRAM

LISTED = 30
_STATES = {SENDED: "可使用", USED: "已使用", EXPIRED: "已过期"}
_ORDER = (SENDED, USED, EXPIRED)


def face_of(terms: Terms) -> str:
    """¥5, 6.5 折, 特价 ¥9.90"""
    if terms.voucher_type == DISCOUNT:
        tenths = terms.face["discount"]
        return f"{tenths // 10}.{tenths % 10} 折".replace(".0 折", " 折")
    if terms.voucher_type == SPECIAL:
        return f"特价 ¥{_short(terms.face['special_amount'])}"
    return f"¥{_short(terms.face['amount'])}"


def floor_of(terms: Terms) -> str:
    if terms.voucher_type == EXCHANGE:
        return "兑换券"
    floor = terms.face.get("floor_amount")
    return "无门槛" if floor is None else f"满 {_short(floor)} 可用"


def wallet_cards(store: Store, places: Iterable[tuple[App, str]], now: float) -> Html:
    """Those that can be used first, then the newest; of every merchant that knows this person."""
    held = [
        (app, voucher)
        for app, open_id in places
        for voucher in store.coupons.held_by(app.app_id, open_id)
        if not voucher.deleted
    ]
    held.sort(key=lambda one: (_ORDER.index(store.coupons.status_of(one[1])), -one[1].claimed_at))
    if not held:
        return render("_quiet.html", text="卡包里还没有优惠券")
    return joined(_card(store, app, voucher, now) for app, voucher in held[:LISTED])


def _card(store: Store, app: App, voucher: Voucher, now: float) -> Html:
    terms, status = store.coupons.activities[voucher.activity_id].terms, store.coupons.status_of(voucher)
    state = "已失效" if voucher.ended else _STATES[status]
    if status == SENDED and now < voucher.begins_at:
        state = "还不能用"
    action, text = ("delete", "删除")
    if voucher.used_times and store.coupons.activities[voucher.activity_id].kind == PAY:
        action, text = ("pay_back", "退款")
    if terms.max_uses > 1:
        state += f" · 用了 {voucher.used_times}/{terms.max_uses} 次"
    return render(
        "_ticket.html",
        look="" if status == SENDED else "over",
        face=face_of(terms),
        floor=floor_of(terms),
        name=terms.name,
        merchant=app.settings.name,
        state=state,
        until=f"至 {time_text(voucher.ends_at)[:16]}",
        code=render("_ticket_code.html", code=voucher.code) if voucher.code else Html(""),
        form=_form(
            app, voucher.open_id, field="voucher_id", value=voucher.voucher_id,
            action=action, text=text, back=url_of(app, voucher.open_id, tail="coupons"),
        ),
    )  # fmt: skip


def offer_rows(store: Store, app: App, open_id: str, *, back: str) -> Html:
    """What this person could take in the mini program now."""
    now = store.clock.now()
    running = [one for one in reversed(store.coupons.of_app(app.app_id)) if not one.refusal(now)]
    rows = [_offer(store, app, open_id, one, back=back) for one in running[:LISTED]]
    return joined(rows) if rows else render("_quiet.html", text="现在没有可领的券")


def _offer(store: Store, app: App, open_id: str, activity: Activity, *, back: str) -> Html:
    stock, terms = store.coupons.stock(activity), activity.terms
    short = activity.shortage(stock, open_id, store.clock.now())
    if short:
        form = Html("")
        state = "已领过，不能再领" if short == "COUNT_OVER_LIMIT" else "已领完"
    else:
        state = f"{face_of(terms)} · {floor_of(terms)} · 还有 {terms.quantity - stock.sent} 张"
        form = _form(
            app, open_id, field="activity_id", value=activity.activity_id,
            action="claim", text="领取", back=back,
        )  # fmt: skip
    return render("_offer.html", name=terms.name, state=state, form=form)


def attached(store: Store, received: Received, *, back: str) -> Html:
    """The coupon that a message carries while its delivery plan runs; nothing of a message without one."""
    message = received.message
    plan = store.deliveries.carried_by(received.app.app_id, reference_of(message.template_id), message.at)
    if plan is None:
        return Html("")
    activity = store.coupons.activities[plan.activity_id]
    terms, now = activity.terms, store.clock.now()
    stock = store.coupons.stock(activity)
    short = activity.refusal(now) or activity.shortage(stock, received.open_id, now)
    form = Html("")
    if not short:
        form = _form(
            received.app, received.open_id, field="activity_id", value=activity.activity_id,
            action="claim", text="领取", back=back, booth=SERVICE_MESSAGE,
        )  # fmt: skip
    return render(
        "_ticket.html",
        look="in-message",
        face=face_of(terms),
        floor=floor_of(terms),
        name=terms.name,
        merchant="随消息发的券",
        state="可领取" if not short else "已领取" if short == "COUNT_OVER_LIMIT" else "已领完",
        until=f"{time_text(terms.ends)[5:16]} 前领取",
        code=Html(""),
        form=form,
    )


def _form(
    app: App,
    open_id: str,
    *,
    field: str,
    value: str,
    action: str,
    text: str,
    back: str,
    booth: str = MINI_PROGRAM,
) -> Html:
    return render(
        "_ticket_form.html", act_url=url_of(app, open_id, tail="coupon"),
        field=field, value=value, action=action, text=text, back=back, booth=booth,
    )  # fmt: skip


def _short(fen: int) -> str:
    return yuan(fen).removesuffix(".00")
