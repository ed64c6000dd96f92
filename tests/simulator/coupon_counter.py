"""A merchant who runs coupons, and the people who use them, in the fewest words."""

from typing import Any

from tests.simulator import coupon_asks as asks
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess


class Counter:
    def __init__(self, merchant: Merchant) -> None:
        self.merchant, self.simulator = merchant, merchant.simulator
        self._seed = 5_000_000

    @property
    def now(self) -> str:
        return self.simulator.get("/sim/clock")["now"]

    def person(self) -> str:
        self._seed += 1
        return self.merchant.people(1, seed=self._seed)[0]

    def say(self, method: str, **biz: Any) -> dict[str, Any]:
        """The answer to a call that is right."""
        node = self.merchant.call(method, biz).node
        assert node["code"] == "10000", node
        return node

    def refused(self, method: str, **biz: Any) -> tuple[str, str]:
        node = self.merchant.call(method, biz).node
        assert node["code"] == "40004", node
        return node["sub_code"], node["sub_msg"]

    def made(self, *, publish: bool = True, **wish: Any) -> str:
        """The activity of a pay coupon that may be claimed."""
        activity_id = self.say(asks.CREATE, **asks.coupon(self.now, **wish))["activity_id"]
        if publish:
            self.say(asks.PUBLISH, activity_id=activity_id, out_biz_no=asks.number())
        return activity_id

    def made_for_orders(self, **wish: Any) -> str:
        return self.say(asks.ORDER_CREATE, **asks.coupon(self.now, **wish))["activity_id"]

    def send(self, activity_id: str, open_id: str, **more: Any) -> str:
        more = {"out_biz_no": asks.number(), **more}
        return self.say(asks.SEND_PAY, activity_id=activity_id, open_id=open_id, **more)["voucher_id"]

    def refused_send(self, activity_id: str, open_id: str) -> str:
        biz = {"activity_id": activity_id, "open_id": open_id, "out_biz_no": asks.number()}
        return self.refused(asks.SEND_PAY, **biz)[0]

    def code(self, activity_id: str, open_id: str) -> str:
        biz = {"activity_id": activity_id, "open_id": open_id, "out_biz_no": asks.number()}
        return self.say(asks.ORDER_SEND, **biz)["voucher_code"]

    def use(self, activity_id: str, code: str, **more: Any) -> dict[str, Any]:
        return {
            "activity_id": activity_id,
            "voucher_code": code,
            "out_biz_no": asks.number(),
            "biz_dt": asks.moment(self.now),
            "total_fee": "25.00",
            "trade_channel": "OTHER_TRADE_CHANNEL",
            **more,
        }

    def act(self, open_id: str, action: str, **more: Any) -> dict[str, Any]:
        body = {"app_id": self.merchant.app_id, "open_id": open_id, "action": action, **more}
        return self.simulator.post("/sim/coupons", body)

    def vouchers(self, **query: str) -> list[dict[str, Any]]:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        path = f"/sim/vouchers?app_id={self.merchant.app_id}&{words}"
        return self.simulator.get(path)["vouchers"]

    def activity(self, activity_id: str) -> dict[str, Any]:
        told = self.simulator.get(f"/sim/activities?app_id={self.merchant.app_id}")["activities"]
        [found] = [one for one in told if one["activity_id"] == activity_id]
        return found

    def held(self, open_id: str, **more: Any) -> list[dict[str, Any]]:
        """As the platform tells the merchant."""
        biz = {"open_id": open_id, "belong_merchant_id": self.merchant.texts["pid"], **more}
        return self.say(asks.HELD, page_num=1, page_size=20, **biz)["user_voucher_infos"]

    def listen(self, url: str, *events: str) -> None:
        self.merchant.configure(notify_url=url)
        for event in events:
            topic = {"topic": event, "comm_type": "HTTP", "auth_type": "app_auth"}
            self.say("alipay.open.app.message.topic.subscribe", **topic)

    def settle(self) -> list[dict[str, Any]]:
        """Everything that is due was pushed; the notices of this app."""
        path = f"/sim/notices?app_id={self.merchant.app_id}&settled=1"
        return self.simulator.get(path)["notices"]

    def later(self, days: float) -> None:
        self.simulator.post("/sim/clock", {"advance_seconds": days * 86_400})


def opened(simulator: SimulatorProcess, **settings: Any) -> Counter:
    return Counter(Merchant.create(simulator, industry="tea", review_seconds=0, **settings))
