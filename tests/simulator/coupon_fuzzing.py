"""Right fields for the methods of coupons, real values to put in their place, and what is wrong."""

from collections.abc import Callable
from typing import Any

from tests.simulator import coupon_asks as asks
from tests.simulator.coupon_counter import Counter
from tests.simulator.merchant import Merchant

Fields = dict[str, Any]
_NONE = {"activity_id": "2026"}
WRONG: dict[str, Fields] = {
    **{name: {"publish_end_time": "2026-13-01 00:00:00"} for name in (asks.CREATE, asks.ORDER_CREATE)},
    **{
        name: _NONE
        for name in (asks.PUBLISH, asks.MODIFY_PAY, asks.APPEND_PAY, asks.STOP_PAY, asks.QUERY_PAY)
    },
    **{name: _NONE for name in (asks.ORDER_MODIFY, asks.ORDER_APPEND, asks.ORDER_STOP, asks.ORDER_QUERY)},
    **{name: _NONE for name in (asks.SEND_PAY, asks.ORDER_SEND, asks.DEPOSIT, asks.COUNT, asks.ACTIVITY)},
    **{name: {"voucher_code": "nobody's"} for name in (asks.USE, asks.REFUND, asks.INVALID)},
    asks.RECEIVE: {"receive_info_list": []},
    asks.HELD: {"page_size": 21},
    asks.ONE_HELD: {"voucher_id": "2026"},
    asks.CONSULT: {"consult_activity_info_list": []},
    asks.ACTIVITIES: {"page_num": 0},
    asks.PLAN: {"delivery_booth_code": "PAY_RESULT"},
    asks.PLAN_QUERY: {"delivery_id": "2026"},
    asks.PLAN_STOP: {"delivery_id": "2026"},
}


class Coupons:
    """Of one merchant; the neighbour's are real and refused."""

    def __init__(self, shop: Merchant, neighbour: Merchant, open_id: str) -> None:
        self._counter, self._theirs, self._open_id = Counter(shop), Counter(neighbour), open_id
        self._pid = shop.texts["pid"]
        self._paid = self._counter.made(quantity=10_000_000)
        self._ordered = self._counter.made_for_orders(quantity=900_000)
        self._uploaded = self._counter.made_for_orders(quantity=0, code_mode="MERCHANT_UPLOAD")
        self._codes = 0

    def makers(self) -> dict[str, Callable[[], Fields]]:
        counter = self._counter
        return {
            asks.CREATE: lambda: asks.coupon(counter.now),
            asks.PUBLISH: lambda: self._about(counter.made(publish=False)),
            asks.MODIFY_PAY: lambda: self._about(counter.made(), **self._later_end()),
            asks.APPEND_PAY: lambda: self._about(counter.made(), voucher_quantity="200"),
            asks.STOP_PAY: lambda: self._about(counter.made()),
            asks.QUERY_PAY: lambda: {"activity_id": self._paid},
            asks.SEND_PAY: lambda: self._about(self._paid, open_id=self._open_id),
            asks.ORDER_CREATE: lambda: asks.coupon(counter.now),
            asks.ORDER_MODIFY: lambda: self._about(counter.made_for_orders(), **self._later_end()),
            asks.ORDER_APPEND: lambda: self._about(counter.made_for_orders(), voucher_quantity="200"),
            asks.ORDER_STOP: lambda: self._about(counter.made_for_orders()),
            asks.ORDER_QUERY: lambda: {"activity_id": self._ordered},
            asks.DEPOSIT: lambda: self._about(self._uploaded, voucher_codes=[self._new_code()]),
            asks.COUNT: lambda: {"activity_id": self._uploaded},
            asks.USE: self._usable,
            asks.REFUND: self._used,
            asks.INVALID: self._usable,
            asks.ORDER_SEND: lambda: self._about(self._ordered, open_id=self._open_id),
            asks.RECEIVE: lambda: {
                "user_open_id": self._open_id,
                "receive_info_list": [self._about(self._ordered)],
            },
            asks.HELD: lambda: {"open_id": self._open_id, "belong_merchant_id": self._pid},
            asks.ONE_HELD: lambda: {
                "open_id": self._open_id,
                "voucher_id": counter.send(self._paid, self._open_id),
            },
            asks.CONSULT: lambda: {
                "open_id": self._open_id,
                "consult_activity_info_list": [{"activity_id": self._paid}],
            },
            asks.ACTIVITY: lambda: {"activity_id": self._ordered},
            asks.ACTIVITIES: lambda: {"page_num": 1, "page_size": 20},
            asks.PLAN: lambda: asks.plan(counter.now, self._paid),
            asks.PLAN_QUERY: lambda: {"delivery_id": self._plan()},
            asks.PLAN_STOP: lambda: {"delivery_id": self._plan(), "out_biz_no": asks.number()},
        }

    def real(self) -> dict[str, list[Any]]:
        theirs, now = self._theirs.made_for_orders(), self._counter.now
        upload = {"quantity": 0, "code_mode": "MERCHANT_UPLOAD"}
        mine = (
            self._counter.made(),
            self._counter.made_for_orders(),
            self._counter.made_for_orders(**upload),
        )
        return {
            # None of those that the right fields name: a spoilt call may end what it hits.
            "activity_id": [*mine, theirs],
            "voucher_code": [self._counter.code(self._ordered, self._open_id), "0"],
            "voucher_quantity": ["200", 99_999_999, 0, -1],
            "voucher_type": [*asks.PLAIN_FACES, "GIFT_VOUCHER"],
            "publish_start_time": [asks.moment(now), "2999-12-31 23:59:59"],
            "publish_end_time": [asks.moment(now, 40), "2999-12-31 23:59:59", "2026-02-30 00:00:00"],
            "trade_channel": ["ZHIFUBAO_TRADE_CHANNEL", "OTHER_TRADE_CHANNEL"],
            "total_fee": ["0.01", "25", "100000000.01"],
            "voucher_codes": [["A", "A", "?"], "A,B"],
            "voucher_status": ["SENDED", "USED", "EXPIRED"],
            "belong_merchant_id": [self._pid, "2088000000000000"],
            "sender_merchant_id": [self._pid],
            "merchant_id": [self._pid, "2088000000000000"],
            "merchant_access_mode": ["SELF_MODE", "AGENCY_MODE"],
            "delivery_id": [self._plan()],
            "delivery_booth_code": ["PAYMENT_RESULT", "SERVICE_MESSAGE"],
            "activity_status": ["ACTIVE", "FINISHED"],
            "code_mode": ["MERCHANT_UPLOAD", "MERCHANT_API"],
        }

    def _about(self, activity_id: str, **more: Any) -> Fields:
        return {"activity_id": activity_id, "out_biz_no": asks.number(), **more}

    def _later_end(self) -> Fields:
        return {"publish_end_time": asks.moment(self._counter.now, 40)}

    def _new_code(self) -> str:
        self._codes += 1
        return f"F{self._codes}"

    def _usable(self) -> Fields:
        return self._counter.use(self._ordered, self._counter.code(self._ordered, self._open_id))

    def _used(self) -> Fields:
        asked = self._usable()
        self._counter.say(asks.USE, **asked)
        return {**asked, "out_biz_no": asks.number()}

    def _plan(self) -> str:
        return str(self._counter.say(asks.PLAN, **asks.plan(self._counter.now, self._paid))["delivery_id"])
