"""Member cards (会员卡): who asked for one, the card itself, what happens to it, and its end."""

import re
from typing import Any

from simulator import card_forms
from simulator.card_facts import (
    check_info,
    check_member,
    check_paid,
    moment_of,
    object_in,
    read_change,
    read_new,
    signed_amount,
)
from simulator.card_reading import INVALID, wrong
from simulator.card_templates import CardTemplate, Opening, limits_of
from simulator.card_terms import (
    BIZ_CARD,
    DYNAMIC_CODES,
    END_REASONS,
    EXTERNAL_CARD,
    SWIPED_BY,
    TRADE_TYPES,
    amount_of,
)
from simulator.cards import ENDED, OPEN, Card
from simulator.codes import Done, Refusal
from simulator.coupon_terms import read_time
from simulator.methods.call import Call, Method
from simulator.methods.card_calls import (
    DONE,
    GENERAL,
    NAMES,
    NO_TEMPLATE,
    NULL,
    OLDER,
    REPEATED,
    Biz,
    begun,
    once,
    template_of,
    text_of,
)
from simulator.methods.card_fields import paths, takes
from simulator.repeats import words_of
from simulator.shaped import shaped

NO_CARD, NO_TYPE, NOT_AUTHORISED = "CARD_NOT_EXIT", "NO_CARD_TYPE", "USER_AUTH_FAIL"
UID, OPEN_ID = "UID", "open_id"
CODES = tuple(DYNAMIC_CODES.values())
REMINDER = "POINT_REMIND"
SUCCESS = "SUCCESS"
_CHANNEL = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_OPENS, _CHANGES, _SYNCS = takes("open"), takes("update"), takes("consume.sync")


def form_answers(call: Call) -> Done:
    """Asked with the token of the one who filled in the form."""
    login = call.store.logins.admitted(call.app.app_id, call.params.get("auth_token", ""), opens_card=True)
    biz = begun(call)
    kind, template_id, request_id = (
        text_of(biz, name, missing=NULL) for name in ("biz_type", "template_id", "request_id")
    )
    if kind != "MEMBER_CARD":
        raise wrong("biz_type 需为 MEMBER_CARD")
    opening = call.store.card_templates.openings.get(request_id)
    if opening is None or opening.app_id != call.app.app_id or opening.template_id != template_id:
        raise Refusal("REQUEST_ID_INVALID")
    if opening.code != login.code:
        raise Refusal("OPEN_PROFILE_QUERY_FAIL", "auth_token 与 request_id 不是同一次授权")
    if _is_over(call, opening):
        raise Refusal("REQUEST_ID_EXPIRE")
    return Done({"infos": card_forms.told(opening.answers)})


def open_card(call: Call) -> Done:
    biz = begun(call)
    number = text_of(biz, "out_serial_no")
    given = shaped(biz, _OPENS, INVALID)

    def work() -> Done:
        template = template_of(call, given.get("card_template_id"))
        channel = {name: given.get(name, "") for name in ("open_card_channel", "open_card_channel_id")}
        if channel["open_card_channel"] and not _CHANNEL.fullmatch(channel["open_card_channel"]):
            raise wrong("open_card_channel 只能由字母、数字与下划线组成")
        check_member(given.get("member_ext_info", {}))
        paid = given.get("paid_outer_card_info", {})
        check_paid(paid, template, "PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG")
        opening = _opening(call, template, given.get("card_user_info", {}))
        now, cards = call.store.clock.now(), call.store.cards
        info = read_new(given.get("card_ext_info", {}), template, now, call.store.pictures)
        card = cards.open(
            call.app,
            template,
            opening.open_id,
            {
                "info": info,
                "out_serial_no": number,
                "channel": channel["open_card_channel"],
                "channel_id": channel["open_card_channel_id"],
                "member": given.get("member_ext_info", {}),
                "paid": paid,
            },
        )
        opening.opened = True
        call.store.card_templates.save_opening(opening)
        said = {name: value for name, value in channel.items() if value}
        return Done({"card_info": _info(card), **said}, card_effect=DONE, card_no=card.card_no)

    return once(call, number, biz, work)


def _opening(call: Call, template: CardTemplate, user: dict[str, str]) -> Opening:
    """The form that the token stands for, of the person who is named; whoever holds a card needs none."""
    try:
        login = call.store.logins.admitted(
            call.app.app_id, call.params.get("auth_token", ""), opens_card=True
        )
    except Refusal as refusal:
        raise Refusal(NOT_AUTHORISED, refusal.sub_msg) from refusal
    if _named(call, user) != login.open_id:
        raise Refusal(NOT_AUTHORISED, "card_user_info 与授权用户不一致")
    if call.store.cards.live(call.app.app_id, login.open_id, template.template_id) is not None:
        raise Refusal("CARD_HAS_OPENED")
    opening = call.store.card_templates.opening_of(login.code)
    if opening is None or opening.template_id != template.template_id:
        raise Refusal("OPEN_CARD_NEED_OPENFORM")
    if opening.opened or _is_over(call, opening):
        raise Refusal(NOT_AUTHORISED, "该次授权已用于开卡或已过期")
    return opening


def _named(call: Call, user: dict[str, str]) -> str:
    """The open_id of the person whom card_user_info names."""
    kind, named = user.get("user_uni_id_type", OPEN_ID), user.get("user_uni_id") or user.get("open_id")
    if kind not in (UID, OPEN_ID):
        raise wrong(f"user_uni_id_type 需为 {UID} 或 {OPEN_ID}")
    if not named:
        raise wrong("card_user_info 不能为空")
    return named if kind == OPEN_ID else call.app.open_id_of(named) or ""


def _is_over(call: Call, opening: Opening) -> bool:
    return call.store.clock.now() > opening.at + limits_of(call.app)["form_hours"] * 3600


def update(call: Call) -> Done:
    """In the order of occur_time: what is older than the newest that was taken changes nothing."""
    biz = begun(call)
    if biz.get("target_card_no_type") != BIZ_CARD:
        raise Refusal(NO_TYPE, f"target_card_no_type 需为 {BIZ_CARD}")
    card, given = _card(call, biz, (BIZ_CARD,)), shaped(biz, _CHANGES, INVALID)
    moment, words = moment_of(biz, "occur_time"), words_of(biz)
    changed = given.get("merchant_card_msg_info", {}).get("changed_point", "")
    if changed:
        signed_amount(changed, "changed_point")
    if moment == card.changed and words in card.said:
        return Done({"result_code": SUCCESS}, card_effect=REPEATED, card_no=card.card_no)
    template, info = _switched(call, card, given.get("card_info", {}))
    check_paid(given.get("paid_outer_card_info", {}), template, "PAIDOUTERCARD_LACK_TEMPLATE_CONFIG")
    _check_alive(call, card)
    facts = read_change(info, card.info, template, call.store.pictures)
    if moment < card.changed:
        return Done({"result_code": SUCCESS}, card_effect=OLDER, card_no=card.card_no)
    if "external_card_no" in facts and facts["external_card_no"] != card.external_no:
        call.store.cards.check_number(call.app.app_id, template, facts["external_card_no"], card.open_id)
    card.note(moment, words)
    call.store.cards.change(
        card, facts, paid=given.get("paid_outer_card_info"), template_id=template.template_id
    )
    if changed and amount_of(changed) != 0:
        call.store.cards.tell_points(card, changed)
    return Done({"result_code": SUCCESS}, card_effect=DONE, card_no=card.card_no)


def _switched(call: Call, card: Card, info: dict[str, Any]) -> tuple[CardTemplate, dict[str, Any]]:
    """The template that the card is of afterwards."""
    wanted = info.get("template_id", card.template_id)
    template = template_of(call, wanted, unknown=INVALID)
    if wanted != card.template_id:
        if call.store.cards.live(call.app.app_id, card.open_id, wanted) is not None:
            raise wrong("用户已持有目标模板的会员卡")
        check_info({**card.info, **info}, template, call.store.pictures)
    return template, info


def _check_alive(call: Call, card: Card) -> None:
    state = card.state(call.store.clock.now())
    if state == ENDED:
        raise Refusal(NO_CARD, "会员卡已删除")
    if state != OPEN:
        raise wrong("会员卡已过期，不能再更新")


def query(call: Call) -> Done:
    """Also of one that ended: without schema_url, as it is in nobody's card pack."""
    biz = begun(call)
    if biz.get("target_card_no"):
        card = _card(call, biz, (BIZ_CARD, *CODES, EXTERNAL_CARD))
    else:
        card = _of_person(call, biz)
    told: dict[str, object] = {"card_info": _info(card)}
    if not card.ended:
        told["schema_url"] = f"alipays://platformapi/startapp?appId=20000021&cardNo={card.card_no}"
        told["pass_id"] = call.store.derived("pass", card.app_id, card.card_no)[:32]
    if card.paid:
        told["paid_outer_card_info"] = card.paid
    return Done(told, card_no=card.card_no)


def _of_person(call: Call, biz: Biz) -> Card:
    user = shaped(biz.get("card_user_info"), ("open_id", "user_uni_id", "user_uni_id_type"), INVALID)
    card = call.store.cards.live(call.app.app_id, _named(call, user), str(biz.get("template_id")))
    if card is None:
        raise Refusal(NO_CARD)
    return card


def delete(call: Call) -> Done:
    biz = begun(call)
    number, reason = text_of(biz, "out_serial_no"), biz.get("reason_code")
    card = _card(call, biz, (BIZ_CARD, EXTERNAL_CARD), unknown=INVALID)
    passed_on = object_in(biz.get("ext_info"), "ext_info")

    def work() -> Done:
        if card.ended:
            raise Refusal("CARD_IS_DELETED_ALREADY")
        if reason not in END_REASONS:
            raise wrong(f"reason_code 需为 {'、'.join(END_REASONS)} 之一")
        call.store.cards.end(card, str(reason), serial=number, passed_on=passed_on)
        serial = call.store.derived("card end", card.app_id, card.card_no, number)[:32]
        return Done({"biz_serial_no": serial}, card_effect=DONE, card_no=card.card_no)

    return once(call, number, biz, work)


def notify(call: Call) -> Done:
    """积分到期提醒: once for each notify_no."""
    biz = begun(call)
    number, card = text_of(biz, "notify_no"), _card(call, biz, (BIZ_CARD, EXTERNAL_CARD))
    if biz.get("notify_type") != REMINDER:
        raise wrong(f"notify_type 需为 {REMINDER}")
    moment_of(biz, "occur_time")
    facts = object_in(biz.get("notify_info"), "notify_info")
    points, until = signed_amount(facts.get("expired_point"), "expired_point"), facts.get("expired_time")
    if not isinstance(until, str) or read_time(until) is None:
        raise wrong("expired_time 格式需为 yyyy-MM-dd HH:mm:ss")

    def work() -> Done:
        _check_alive(call, card)
        call.store.cards.remind(card, points, until)
        return Done({"result_code": SUCCESS}, card_effect=DONE, card_no=card.card_no)

    return once(call, number, biz, work)


def consume(call: Call) -> Done:
    """A purchase with the card; its facts of the card count only where trade_time is newer."""
    biz = begun(call)
    card, given = _card(call, biz, (BIZ_CARD, *CODES, EXTERNAL_CARD)), shaped(biz, _SYNCS, INVALID)
    moment = moment_of(biz, "trade_time")
    for name, known in (("trade_type", TRADE_TYPES), ("swipe_cert_type", SWIPED_BY)):
        if given.get(name) not in known:
            raise wrong(f"{name} 需为 {'、'.join(known)} 之一")
    for name in ("trade_amount", "act_pay_amount"):
        amount = amount_of(given.get(name, "0" if name == "act_pay_amount" else ""))
        if amount is None or amount < 0:
            raise wrong(f"{name} 需为金额")
    text_of(biz, "trade_no")
    _check_alive(call, card)
    template = call.store.card_templates.templates[card.template_id]
    facts = read_change(given.get("card_info", {}), card.info, template, call.store.pictures)
    effect, words = DONE, words_of(biz)
    if moment > card.changed:
        facts.pop("external_card_no", None)
        card.note(moment, words)
        call.store.cards.change(card, facts)
    else:
        effect = REPEATED if moment == card.changed and words in card.said else OLDER
    return Done({"external_card_no": card.external_no}, card_effect=effect, card_no=card.card_no)


def _card(call: Call, biz: Biz, kinds: tuple[str, ...], *, unknown: str = NO_CARD) -> Card:
    """The card that target_card_no names by one of these kinds of number."""
    number, kind, app_id = text_of(biz, "target_card_no"), biz.get("target_card_no_type"), call.app.app_id
    if kind not in kinds:
        raise wrong(f"target_card_no_type 需为 {'、'.join(kinds)} 之一")
    cards = call.store.cards
    if kind == BIZ_CARD:
        card = cards.get(app_id, number)
    elif kind == EXTERNAL_CARD:
        card = _by_external(call, biz, number)
    else:
        card = cards.by_code(app_id, str(kind), number)
    if card is None:
        raise Refusal(unknown, "会员卡不存在")
    return card


def _by_external(call: Call, biz: Biz, number: str) -> Card | None:
    """Of several that ended the last; of several templates the one that is named."""
    found = call.store.cards.by_external(call.app.app_id, number)
    if biz.get("template_id"):
        found = [one for one in found if one.template_id == biz["template_id"]]
    living = [one for one in found if not one.ended]
    if len(living) > 1:
        raise wrong("多个模板的卡使用该卡号，需指定 template_id")
    return living[0] if living else found[-1] if found else None


def _info(card: Card) -> dict[str, Any]:
    return {**card.info, "biz_card_no": card.card_no, "template_id": card.template_id}


_OF_CARD = (*GENERAL, NO_CARD)
METHODS = {
    f"{NAMES}activateform.query": Method(
        form_answers,
        takes("activateform.query"),
        ("infos",),
        (
            *(*GENERAL, NULL, "OPEN_PROFILE_QUERY_FAIL", "REQUEST_ID_EXPIRE", "REQUEST_ID_INVALID"),
            *("aop.invalid-auth-token", "aop.auth-token-time-out"),
        ),
    ),
    f"{NAMES}open": Method(
        open_card,
        _OPENS,
        paths("card_info{@CARD_INFO}, open_card_channel, open_card_channel_id"),
        (
            *(*GENERAL, NO_TEMPLATE, NO_TYPE, "OPEN_CARD_NEED_OPENFORM", "OPEN_CARD_CONCURRENTLY"),
            *(NOT_AUTHORISED, "CARD_HAS_OPENED", "PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG"),
        ),
    ),
    f"{NAMES}update": Method(
        update, _CHANGES, ("result_code",), (*_OF_CARD, NO_TYPE, "PAIDOUTERCARD_LACK_TEMPLATE_CONFIG")
    ),
    f"{NAMES}query": Method(
        query,
        takes("query"),
        paths("card_info{@CARD_INFO}, paid_outer_card_info{@PAID_OUTER_CARD_INFO}, pass_id, schema_url"),
        _OF_CARD,
    ),
    f"{NAMES}delete": Method(
        delete, takes("delete"), ("biz_serial_no",), (*GENERAL, "CARD_IS_DELETED_ALREADY")
    ),
    f"{NAMES}message.notify": Method(notify, takes("message.notify"), ("result_code",), _OF_CARD),
    f"{NAMES}consume.sync": Method(consume, _SYNCS, ("external_card_no",), _OF_CARD),
}
