"""Every refusal of the methods of member cards."""

from collections.abc import Callable
from typing import Any

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Asked, Desk
from tests.simulator.strangers.asks import Ask, Row, Table, broken
from tests.simulator.strangers.world import DAY, World

INVALID, SYSTEM, NULL = "INVALID_PARAMETER", "SYSTEM_ERROR", "ILLEGAL_NULL_ARGUMENT"
NO_TEMPLATE, NO_CARD, NO_BENEFIT = "TEMPLATE_NOT_EXIT", "CARD_NOT_EXIT", "BENEFIT_NOT_EXIST"
_NOBODYS = {"template_id": "2026"}
_PAID = {"action": "OPEN", "purchase_info": {"price": "9.90"}}
Words = Callable[[Desk], dict[str, Any]]


def _row(words: Words, **params: Any) -> Row:
    return Row(lambda world: Ask(world.shop, words(Desk(world.shop)), params))


def _table(method: str, right: Words, refused: dict[str, Words], *inside: str) -> Table:
    """What goes wrong inside, and of the others the words that lead there."""
    broken_rows = {
        sub_code: broken(lambda world: Ask(world.shop, right(Desk(world.shop))), method, sub_code)
        for sub_code in (SYSTEM, *inside)
    }
    return {**broken_rows, **{sub_code: _row(words) for sub_code, words in refused.items()}}


def _spoilt(words: Words, **changes: Any) -> Words:
    return lambda desk: {**words(desk), **changes}


def _new(_: Desk) -> dict[str, Any]:
    return asks.template()


def _changed(desk: Desk) -> dict[str, Any]:
    return {"request_id": asks.number(), "template_id": desk.template(), "biz_no_prefix": "N"}


def _told(desk: Desk) -> dict[str, Any]:
    return {"template_id": desk.template()}


def _over_limit(world: World) -> Ask:
    world.configure(world.shop, card_limits={"templates": 0})
    return Ask(world.shop, asks.template())


TEMPLATES: dict[str, Table] = {
    asks.CREATE: {
        **_table(asks.CREATE, _new, {INVALID: _spoilt(_new, biz_no_suffix_len="7")}, NO_TEMPLATE),
        "NO_CARD_TYPE": _row(_spoilt(_new, card_type="MEMBER_CARD")),
        "TEMPLATE_OVER_LIMIT": Row(_over_limit),
    },
    asks.MODIFY: _table(
        asks.MODIFY,
        _changed,
        {INVALID: _spoilt(_changed, biz_no_prefix="N" * 11), NO_TEMPLATE: _spoilt(_changed, **_NOBODYS)},
    ),
    asks.QUERY_TEMPLATE: {
        **_table(asks.QUERY_TEMPLATE, _told, {NO_TEMPLATE: lambda _: _NOBODYS}),
        INVALID: Row(lambda world: Ask(world.shop, "nonsense")),
    },
    asks.TEMPLATES: _table(
        asks.TEMPLATES, lambda _: {"page_no": "1"}, {INVALID: lambda _: {"page_size": "21"}}
    ),
}


def _form(*required: str) -> Words:
    return lambda desk: asks.form(desk.template(), *required)


def _form_of_nobody(_: Desk) -> dict[str, Any]:
    return asks.form("2026")


def _empty_form(desk: Desk) -> dict[str, Any]:
    return {"template_id": desk.template(), "fields": {"optional": asks.fields(asks.CITY)}}


def _not_approved(world: World) -> Ask:
    template_id = Desk(world.shop).template()
    world.configure(world.shop, sensitive_fields=False)
    return Ask(world.shop, asks.form(template_id, asks.MOBILE))


def _address(desk: Desk) -> dict[str, Any]:
    return {"template_id": desk.template(), "callback": asks.CALLBACK}


def _without_form(desk: Desk) -> dict[str, Any]:
    template_id = desk.say(asks.CREATE, asks.template())["template_id"]
    return {"template_id": template_id, "callback": asks.CALLBACK}


FORMS: dict[str, Table] = {
    asks.FORM: {
        **_table(
            asks.FORM,
            _form(),
            {
                INVALID: _empty_form,
                NULL: _told,
                "CARD_TEMPLATE_NOT_EXIST": _form_of_nobody,
                "DUPLICATE_FORM_FIELD": _form(asks.CITY, asks.CITY),
                "FORM_FIELD_INVALID": _form("OPEN_FORM_FIELD_SHOE_SIZE"),
                "DUPLICATE_BIRTHDAY_FIELD": _form(asks.BIRTHDAY, asks.BIRTHDAY),
                "DUPLICATE_CERT_NO": _form(asks.IDCARD, asks.IDCARD),
            },
            "INVALID_CERT_TYPE_AND_NO",
        ),
        "OPEN_FORM_SET_FAIL": Row(_not_approved),
    },
    asks.APPLY: _table(
        asks.APPLY,
        _address,
        {
            INVALID: _spoilt(_address, callback=f"{asks.CALLBACK}?shop=1"),
            NULL: _told,
            "CARD_TEMPLATE_NOT_EXIST": _spoilt(_address, **_NOBODYS),
            "OPEN_FORM_TEMPLATE_NOT_EXIST": _without_form,
            "ILLEGAL_ARGUMENT_OUT_STRING": _spoilt(_address, out_string="x" * 129),
        },
    ),
}


def _asked(world: World) -> Asked:
    desk = Desk(world.shop)
    return desk.ask(desk.template())


def _answers(world: World, asked: Asked, *, later: float = 0, **changes: Any) -> Ask:
    world.later(later)
    biz = {"biz_type": "MEMBER_CARD", "template_id": asked.template_id, "request_id": asked.request_id}
    return Ask(world.shop, {**biz, **changes}, {"auth_token": asked.token})


def _with_another_token(world: World) -> Ask:
    ask = _answers(world, _asked(world))
    return Ask(ask.merchant, ask.biz, {"auth_token": _asked(world).token})


def _invented(world: World) -> Ask:
    ask = _answers(world, _asked(world))
    return Ask(ask.merchant, ask.biz, {"auth_token": "authusrB0"})


def _open(world: World, asked: Asked | None = None, **more: Any) -> Ask:
    asked = asked or _asked(world)
    return Ask(world.shop, Desk(world.shop).wish(asked, **more), {"auth_token": asked.token})


def _opened_before(world: World) -> Ask:
    desk, asked = Desk(world.shop), _asked(world)
    desk.say(asks.OPEN, desk.wish(asked), auth_token=asked.token)
    return _open(world, asked)


def _without_a_form(world: World) -> Ask:
    """Somebody let the merchant know who they are, and filled in nothing."""
    asked = _asked(world)
    tokens = world.user_tokens(world.shop, asked.open_id, "auth_user")
    return _open(world, Asked(asked.open_id, asked.template_id, asked.request_id, tokens["access_token"]))


def _for_somebody_else(world: World) -> Ask:
    asked, other = _asked(world), world.person(world.shop)
    return _open(world, Asked(other, asked.template_id, asked.request_id, asked.token))


OPENINGS: dict[str, Table] = {
    asks.ANSWERS: {
        SYSTEM: broken(lambda world: _answers(world, _asked(world)), asks.ANSWERS, SYSTEM),
        INVALID: Row(lambda world: _answers(world, _asked(world), biz_type="VIP_CARD")),
        NULL: Row(lambda world: _answers(world, _asked(world), request_id="")),
        "OPEN_PROFILE_QUERY_FAIL": Row(_with_another_token),
        "REQUEST_ID_EXPIRE": Row(lambda world: _answers(world, _asked(world), later=1.5 * DAY)),
        "REQUEST_ID_INVALID": Row(lambda world: _answers(world, _asked(world), request_id="2026")),
        "aop.invalid-auth-token": Row(_invented),
        "aop.auth-token-time-out": Row(lambda world: _answers(world, _asked(world), later=16 * DAY)),
    },
    asks.OPEN: {
        **{
            sub_code: broken(_open, asks.OPEN, sub_code)
            for sub_code in (SYSTEM, "NO_CARD_TYPE", "OPEN_CARD_CONCURRENTLY")
        },
        INVALID: Row(lambda world: _open(world, info={"external_card_no": ""})),
        NO_TEMPLATE: Row(lambda world: _open(world, card_template_id="2026")),
        "OPEN_CARD_NEED_OPENFORM": Row(_without_a_form),
        "USER_AUTH_FAIL": Row(_for_somebody_else),
        "CARD_HAS_OPENED": Row(_opened_before),
        "PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG": Row(lambda world: _open(world, paid_outer_card_info=_PAID)),
    },
}


def _update(desk: Desk) -> dict[str, Any]:
    return desk.update(desk.card(), asks.moment(desk.now), point="120", points="20")


def _ended(desk: Desk) -> str:
    card_no = desk.card()
    desk.end(card_no)
    return card_no


def _deletion(desk: Desk) -> dict[str, Any]:
    return asks.about(desk.card(), out_serial_no=asks.number(), reason_code="CANCEL")


def _reminder(desk: Desk) -> dict[str, Any]:
    return asks.reminder(desk.card(), desk.now)


def _trade(desk: Desk) -> dict[str, Any]:
    return asks.trade(desk.card(), asks.moment(desk.now))


_NO_SUCH_CARD = {"target_card_no": "2026"}
LIVES: dict[str, Table] = {
    asks.UPDATE: _table(
        asks.UPDATE,
        _update,
        {
            INVALID: _spoilt(_update, occur_time="yesterday"),
            "NO_CARD_TYPE": _spoilt(_update, target_card_no_type="EXTERNAL_CARD"),
            NO_CARD: lambda desk: desk.update(_ended(desk), asks.moment(desk.now)),
            "PAIDOUTERCARD_LACK_TEMPLATE_CONFIG": _spoilt(_update, paid_outer_card_info=_PAID),
        },
    ),
    asks.QUERY: _table(
        asks.QUERY,
        lambda desk: asks.about(desk.card()),
        {
            INVALID: lambda desk: asks.about(desk.card(), target_card_no_type="PAPER"),
            NO_CARD: lambda _: asks.about("2026"),
        },
    ),
    asks.DELETE: _table(
        asks.DELETE,
        _deletion,
        {
            INVALID: _spoilt(_deletion, reason_code="LOST"),
            "CARD_IS_DELETED_ALREADY": lambda desk: asks.about(
                _ended(desk), out_serial_no=asks.number(), reason_code="CANCEL"
            ),
        },
    ),
    asks.NOTIFY: _table(
        asks.NOTIFY,
        _reminder,
        {INVALID: _spoilt(_reminder, notify_type="NEWS"), NO_CARD: _spoilt(_reminder, **_NO_SUCH_CARD)},
    ),
    asks.CONSUME: _table(
        asks.CONSUME,
        _trade,
        {INVALID: _spoilt(_trade, trade_type="GIFT"), NO_CARD: _spoilt(_trade, **_NO_SUCH_CARD)},
    ),
}


def _benefit(desk: Desk) -> dict[str, Any]:
    return asks.benefit(desk.template(), desk.now)


def _which(desk: Desk) -> dict[str, Any]:
    biz = _benefit(desk)
    benefit_id = desk.say(asks.ADD_BENEFIT, biz)["benefit_id"]
    return {"template_id": biz["mcard_template_benefit"]["template_id"], "benefit_id": benefit_id}


def _other_words(desk: Desk) -> dict[str, Any]:
    which = _which(desk)
    return {**asks.benefit(which["template_id"], desk.now, title="改了"), "benefit_id": which["benefit_id"]}


def _backwards(words: Words) -> Words:
    def spoilt(desk: Desk) -> dict[str, Any]:
        biz = words(desk)
        facts = {**biz["mcard_template_benefit"], "end_date": "2020-01-01 00:00:00"}
        return {**biz, "mcard_template_benefit": facts}

    return spoilt


_UNREADABLE = Row(lambda world: Ask(world.shop, "nonsense"))
BENEFITS: dict[str, Table] = {
    asks.ADD_BENEFIT: _table(
        asks.ADD_BENEFIT,
        _benefit,
        {INVALID: _backwards(_benefit), NO_TEMPLATE: lambda desk: asks.benefit("2026", desk.now)},
    ),
    asks.CHANGE_BENEFIT: _table(
        asks.CHANGE_BENEFIT,
        _other_words,
        {
            INVALID: _backwards(_other_words),
            NO_TEMPLATE: lambda desk: {**asks.benefit("2026", desk.now), "benefit_id": "1"},
            NO_BENEFIT: _spoilt(_other_words, benefit_id="2026"),
        },
    ),
    **{
        method: {
            **_table(
                method,
                _which,
                {NO_TEMPLATE: lambda _: _NOBODYS, NO_BENEFIT: _spoilt(_which, benefit_id="2026")},
            ),
            INVALID: _UNREADABLE,
        }
        for method in (asks.BENEFITS, asks.DROP_BENEFIT)
    },
}
TABLES: dict[str, Table] = {**TEMPLATES, **FORMS, **OPENINGS, **LIVES, **BENEFITS}
