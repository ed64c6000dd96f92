"""Right fields for the methods of cards, real values to put in their place, and what is wrong."""

from collections.abc import Callable
from typing import Any

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk
from tests.simulator.merchant import Merchant

Fields = dict[str, Any]
_NONE = {"template_id": "2026"}
WRONG: dict[str, Fields] = {
    asks.CREATE: {"card_type": "IN_MEMBER_CARD"},
    **{name: _NONE for name in (asks.MODIFY, asks.QUERY_TEMPLATE, asks.FORM, asks.APPLY)},
    **{name: {"benefit_id": "2026"} for name in (asks.CHANGE_BENEFIT, asks.BENEFITS, asks.DROP_BENEFIT)},
    asks.TEMPLATES: {"page_size": "21"},
    asks.ADD_BENEFIT: {"mcard_template_benefit": {}},
    asks.ANSWERS: {"request_id": "2026"},
    asks.OPEN: {"card_template_id": "2026"},
    **{name: {"target_card_no": "2026"} for name in (asks.UPDATE, asks.QUERY, asks.DELETE)},
    **{name: {"target_card_no": "2026"} for name in (asks.NOTIFY, asks.CONSUME)},
}
BY_TOKEN = (asks.ANSWERS, asks.OPEN)


class Cards:
    """Of one merchant; the neighbour's are real and refused."""

    def __init__(self, shop: Merchant, neighbour: Merchant) -> None:
        shop.configure(card_limits={"templates": 1_000_000})
        neighbour.configure(card_limits={"templates": 1_000_000})
        self._desk, self._theirs = Desk(shop), Desk(neighbour)
        self._template, self._their_template = self._desk.template(), self._theirs.template()
        self._card, self._their_card = (
            self._desk.card(self._template),
            self._theirs.card(self._their_template),
        )
        self.token = ""
        """Of whoever sent in the form last."""

    def makers(self) -> dict[str, Callable[[], Fields]]:
        desk = self._desk
        return {
            asks.CREATE: asks.template,
            asks.MODIFY: lambda: {"request_id": asks.number(), "template_id": self._template},
            asks.QUERY_TEMPLATE: lambda: {"template_id": self._template},
            asks.TEMPLATES: lambda: {"page_no": "1", "page_size": "20"},
            asks.FORM: lambda: asks.form(self._template),
            asks.APPLY: lambda: {"template_id": self._template, "callback": asks.CALLBACK},
            asks.ADD_BENEFIT: lambda: asks.benefit(self._template, desk.now, title=asks.number()),
            asks.CHANGE_BENEFIT: lambda: {
                **asks.benefit(self._template, desk.now, title=asks.number()),
                "benefit_id": self._benefit(),
            },
            asks.BENEFITS: lambda: {"template_id": self._template, "benefit_id": self._benefit()},
            asks.DROP_BENEFIT: lambda: {"template_id": self._template, "benefit_id": self._benefit()},
            asks.ANSWERS: self._request,
            asks.OPEN: self._wish,
            asks.UPDATE: lambda: desk.update(self._card, asks.moment(desk.now), point="5.00", points="+5"),
            asks.QUERY: lambda: asks.about(self._card),
            asks.DELETE: lambda: asks.about(
                desk.card(self._template), out_serial_no=asks.number(), reason_code="CANCEL"
            ),
            asks.NOTIFY: lambda: asks.reminder(self._card, desk.now),
            asks.CONSUME: lambda: asks.trade(self._card, asks.moment(desk.now)),
        }

    def real(self) -> dict[str, list[Any]]:
        now = self._desk.now
        return {
            "card_template_id": [self._template, self._their_template],
            "target_card_no": [self._card, self._their_card],
            "target_card_no_type": ["BIZ_CARD", "EXTERNAL_CARD", "D_QR_CODE", "D_BAR_CODE"],
            "occur_time": [asks.moment(now), asks.moment(now, -9), "2026-02-30 00:00:00"],
            "trade_time": [asks.moment(now), asks.moment(now, -9), "9999-12-31 23:59:59"],
            "reason_code": ["USER_UNBUND", "PRESENT", "LOST"],
            "write_off_type": ["dqrcode", "mdqrcode", "none", "paper"],
            "biz_no_suffix_len": ["8", 32, 33, "x"],
            "column_info_list": [asks.COLUMNS, asks.COLUMNS * 4, [{"code": "POINT"}]],
            "card_level_conf": [asks.LEVELS, asks.LEVELS * 2],
            "card_action_list": [[asks.action("A", "一", on_list=True)], [asks.action("B", "二")]],
            "field_rule_list": [[{"field_name": "Level", "rule_name": "CONST", "rule_value": "1"}]],
            "template_style_info": [{"card_show_name": "另一张"}, {"logo_id": "x"}],
            "fields": [{"required": asks.fields(asks.MOBILE)}, {"required": "{", "optional": []}],
            "callback": [asks.CALLBACK, f"{asks.CALLBACK}?a=1", "ftp://x.example"],
            "card_info": [{"point": "1"}, {"point": "-1"}, {"level": "9"}, {"balance": 1.25}],
            "card_ext_info": [{"external_card_no": "E"}, {"point": "1"}],
            "card_user_info": [{"user_uni_id": "x", "user_uni_id_type": "UID"}],
            "notify_info": ['{"expired_point":"1"}', "{"],
            "merchant_card_msg_info": [{"changed_point": "-3"}, {"changed_point": "many"}],
            "trade_type": ["OPEN", "DEPOSIT", "GIFT"],
            "mcard_template_benefit": [asks.benefit(self._template, now)["mcard_template_benefit"]],
        }

    def _benefit(self) -> str:
        biz = asks.benefit(self._template, self._desk.now, title=asks.number())
        return str(self._desk.say(asks.ADD_BENEFIT, biz)["benefit_id"])

    def _request(self) -> Fields:
        asked = self._desk.ask(self._template)
        self.token = asked.token
        return {"biz_type": "MEMBER_CARD", "template_id": self._template, "request_id": asked.request_id}

    def _wish(self) -> Fields:
        asked = self._desk.ask(self._template)
        self.token = asked.token
        return self._desk.wish(asked)
