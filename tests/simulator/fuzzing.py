"""Whatever may stand in a field, and a town in which every method can be told what is right.

Size by PROOF_SIZE: `ci` (30 examples of each, always the same) or `full` (500, others each time unless
--hypothesis-seed says which).
"""

import json
import os
import string
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.simulator import card_fuzzing, coupon_fuzzing
from tests.simulator.documented import (
    APP_TOKEN,
    APP_TOKEN_QUERY,
    APPLY,
    BATCH,
    BATCH_QUERY,
    LIBRARY,
    MESSAGES,
    MODIFY,
    ORDER,
    QUERY,
    SEND,
    SUBSCRIBE,
    SUBSCRIBED,
    TEMPLATES,
    UNSUBSCRIBE,
    UPLOAD,
    USER,
    USER_TOKEN,
)
from tests.simulator.merchant import Answer, Merchant
from tests.simulator.order_asks import at, ext_info, number, order
from tests.simulator.test_uploads import PNG, in_parts, part
from tests.simulator_process import SimulatorProcess

FULL = os.environ.get("PROOF_SIZE") == "full"
fuzzing = settings(
    max_examples=500 if FULL else 30,
    derandomize=not FULL,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
words = st.text(max_size=60) | st.text(string.printable, max_size=200)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
Fields = dict[str, Any]
ABSENT = object()
"""Drawn for a field that is left out."""

# What is wrong with the right fields, to be refused for certain: one field each.
WRONG: dict[str, Fields] = {
    SEND: {"user_template_id": "0" * 32},
    BATCH: {"crowd_code": "CROWD0"},
    BATCH_QUERY: {"batch_msg_id": "0"},
    SUBSCRIBED: {"open_id": "074nobody"},
    LIBRARY: {"page_size": 11},
    TEMPLATES: {"page_size": "11"},
    APPLY: {"lib_code": "TM9999999"},
    SUBSCRIBE: {"topic": "alipay.nothing.happened"},
    UNSUBSCRIBE: {"topic": "alipay.nothing.happened"},
    MODIFY: {"comm_type": "PIGEON"},
    QUERY: {"auth_type": "nobody"},
    APP_TOKEN: {"grant_type": "password"},
    APP_TOKEN_QUERY: {"app_auth_token": "2026BB0"},
    USER_TOKEN: {"code": "0"},
    USER: {"auth_token": "authusrB0"},
    UPLOAD: {"image_type": "tiff"},
    ORDER: {"order_type": "TRADE_ORDER"},
    **coupon_fuzzing.WRONG,
    **card_fuzzing.WRONG,
}
METHODS = tuple(sorted(WRONG))
_TOPIC = "alipay.marketing.activity.message.used"


@dataclass
class Owned:
    """What one merchant, or its people, may name; the other's are real and refused."""

    open_id: str
    template: str
    crowd: str
    batch: str
    forms: list[str]
    user_token: str


class Town:
    """Two merchants, two providers; `right` makes the fields that a method accepts now."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.simulator = simulator
        self.shop = Merchant.create(simulator, industry="rental", review_seconds=0)
        self.neighbour = Merchant.create(simulator, industry="rental", review_seconds=0)
        self.provider, self.other_provider = (
            Merchant.create(simulator, industry="general", kind="provider") for _ in range(2)
        )
        documented = simulator.get("/sim/methods")["methods"]
        self._outside = {name: facts["outside_biz_content"] for name, facts in documented.items()}
        self.takes = {name: _outermost(facts["takes"]) for name, facts in documented.items()}
        self.data = json.dumps({"keyword1": {"value": "甲"}, "keyword2": {"value": "乙"}})
        self._people = 0
        self.old = {kind: self._old_template(kind) for kind in ("form", "trade")}
        self.mine, self.theirs = self._settled(self.shop), self._settled(self.neighbour)
        self.coupons = coupon_fuzzing.Coupons(self.shop, self.neighbour, self.mine.open_id)
        self.cards = card_fuzzing.Cards(self.shop, self.neighbour)
        self._known = {**self._what_is_real(), **self.coupons.real(), **self.cards.real()}

    # --- what is right --------------------------------------------------------------------------------

    def right(self, method: str) -> Fields:
        """Fresh where a use ends it: a code, a subscription, somebody whom nothing has reached yet."""
        makers: dict[str, Callable[[], Fields]] = {
            SEND: self._message,
            BATCH: lambda: {"template_id": self.mine.template, "data": self.data, "page": "pages/index"},
            BATCH_QUERY: lambda: {"batch_msg_id": self.mine.batch},
            SUBSCRIBED: lambda: {"open_id": self.mine.open_id, "template_id_list": [self.mine.template]},
            LIBRARY: lambda: {"scene_rule": "one_time_subscribe", "page_num": 1, "page_size": 10},
            TEMPLATES: lambda: {"biz_type": "sub_msg", "page_num": "1", "page_size": "10"},
            APPLY: self._adoption,
            SUBSCRIBE: self._topic,
            UNSUBSCRIBE: self._subscribed_topic,
            MODIFY: self._subscribed_topic,
            QUERY: self._subscribed_topic,
            APP_TOKEN: lambda: {
                "grant_type": "authorization_code",
                "code": self.app_code(self.shop, self.provider),
            },
            APP_TOKEN_QUERY: lambda: {"app_auth_token": self._app_token},
            USER_TOKEN: lambda: {"grant_type": "authorization_code", "code": self.login(self.shop)},
            USER: lambda: {"auth_token": self.mine.user_token},
            UPLOAD: lambda: {"image_type": "png", "image_name": "标志", "image_content": PNG},
            ORDER: lambda: order(self.mine.open_id, "IN_DELIVERY"),
            **self.coupons.makers(),
            **self.cards.makers(),
        }
        return makers[method]()

    def spoilt(self, method: str) -> st.SearchStrategy[Fields]:
        """Changes for up to three of the method's fields: real values of all kinds, anything, or nothing."""
        names = st.lists(st.sampled_from([*self.takes[method], "unknown"]), max_size=3, unique=True)
        free = words if self._outside[method] else anything
        return names.flatmap(
            lambda chosen: st.fixed_dictionaries({name: self._value(name, free) for name in chosen})
        )

    def say(self, method: str, fields: Fields) -> Answer:
        """As whoever calls it, with the fields where the method reads them.

        Raises for an HTTP 500, a silence, and an answer that is wrongly signed or has a code nobody knows.
        """
        given = {name: value for name, value in fields.items() if value is not ABSENT}
        answer = self._answered(method, given)
        self.caller(method).verify(answer)
        assert answer.node["code"] in MESSAGES
        return answer

    def caller(self, method: str) -> Merchant:
        return self.provider if method in (APP_TOKEN, APP_TOKEN_QUERY) else self.shop

    def _answered(self, method: str, given: Fields) -> Answer:
        caller = self.caller(method)
        if method == UPLOAD:
            content = given.pop("image_content", None)
            parts = [] if content is None else [part("image_content", content, filename="a.png")]
            return in_parts(caller, caller.params(method, **sendable(given)), *parts)
        if self._outside[method]:
            return caller.call(method, **sendable(given))
        if method in card_fuzzing.BY_TOKEN:
            return caller.call(method, json.dumps(given), auth_token=self.cards.token)
        return caller.call(method, json.dumps(given))

    # --- making ---------------------------------------------------------------------------------------

    def person(self, merchant: Merchant | None = None) -> str:
        self._people += 1
        return (merchant or self.shop).people(1, seed=1_000_000 + self._people)[0]

    def form(self, kind: str, open_id: str, merchant: Merchant | None = None) -> str:
        body = {"app_id": (merchant or self.shop).app_id, "open_id": open_id, "kind": kind}
        return self.simulator.post("/sim/forms", body)["form_id"]

    def app_code(self, merchant: Merchant, provider: Merchant) -> str:
        body = {"app_id": merchant.app_id, "provider_app_id": provider.app_id}
        return self.simulator.post("/sim/grants", body)["app_auth_code"]

    def login(self, merchant: Merchant) -> str:
        body = {"app_id": merchant.app_id, "open_id": self.person(merchant), "scopes": ["auth_user"]}
        return self.simulator.post("/sim/logins", body)["auth_code"]

    def units(self, template: str) -> dict[str, int]:
        path = f"/sim/consents?app_id={self.shop.app_id}&template_id={template}"
        return self.simulator.get(path)["consents"]

    def batches_left(self) -> int:
        return self.simulator.post("/sim/batches", {"app_id": self.shop.app_id})["left_today"]

    def ended(self, batch_msg_id: str, merchant: Merchant | None = None) -> Fields:
        """The record once the batch is over; one that waits for its time is called back."""
        merchant = merchant or self.shop
        body = {"app_id": merchant.app_id, "batch_msg_id": batch_msg_id}
        for _ in range(500):
            record = merchant.call(BATCH_QUERY, {"batch_msg_id": batch_msg_id}).node["record"]
            if record["msg_send_status"] not in ("WAITING", "SENDING"):
                return record
            self.simulator.post("/sim/batches", body)
            time.sleep(0.02)
        raise AssertionError(f"the batch never ended: {record}")

    def _old_template(self, kind: str) -> str:
        body = {"app_id": self.shop.app_id, "kind": kind}
        return self.simulator.post("/sim/old-templates", body)["template_id"]

    def _settled(self, merchant: Merchant) -> Owned:
        person, template = self.person(merchant), merchant.adopt("TM0000001", ["优惠内容", "使用方法"])
        merchant.consent(template, [person], units=100)
        body = {"app_id": merchant.app_id, "open_ids": [person]}
        crowd = self.simulator.post("/sim/crowds", body)["crowd_code"]
        biz = {"template_id": template, "data": self.data, "crowd_code": crowd}
        batch = merchant.call(BATCH, biz).node["batch_msg_id"]
        self.ended(batch, merchant)
        forms = [self.form(kind, person, merchant) for kind in ("form", "trade")]
        code = self.login(merchant)
        token = merchant.call(USER_TOKEN, grant_type="authorization_code", code=code).node["access_token"]
        return Owned(person, template, crowd, batch, forms, token)

    def _message(self) -> Fields:
        person = self.person()
        self.shop.consent(self.mine.template, [person], units=3)
        return {
            "to_open_id": person,
            "user_template_id": self.mine.template,
            "data": self.data,
            "page": "pages/index",
        }

    def _adoption(self) -> Fields:
        keywords = [{"name": "优惠内容"}, {"name": "使用方法"}]
        return {"lib_code": "TM0000001", "scene_rule": "one_time_subscribe", "keyword_list": keywords}

    def _topic(self) -> Fields:
        return {"topic": _TOPIC, "comm_type": "HTTP", "auth_type": "app_auth"}

    def _subscribed_topic(self) -> Fields:
        self.shop.call(SUBSCRIBE, self._topic())
        return self._topic()

    def _tomorrow(self) -> str:
        now = datetime.fromisoformat(self.simulator.get("/sim/clock")["now"])
        return (now + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")

    def _tokens(self, merchant: Merchant, provider: Merchant) -> dict[str, str]:
        biz = {"grant_type": "authorization_code", "code": self.app_code(merchant, provider)}
        return provider.call(APP_TOKEN, biz).node

    def _value(self, name: str, free: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        if name == "image_content":
            return st.binary(max_size=300) | st.just(ABSENT)
        known = self._known.get(name)
        real = st.sampled_from(known) if known else st.nothing()
        return real | free | st.just(ABSENT)

    def _what_is_real(self) -> dict[str, list[Any]]:
        mine, theirs, old = self.mine, self.theirs, self.old
        self._app_token = self._tokens(self.shop, self.provider)["app_auth_token"]
        ended = self._tokens(self.shop, self.provider)
        others = self._tokens(self.neighbour, self.other_provider)
        refreshed = {"grant_type": "refresh_token", "refresh_token": ended["app_refresh_token"]}
        renewed = self.provider.call(APP_TOKEN, refreshed).node
        app_codes = [self.app_code(self.shop, one) for one in (self.provider, self.other_provider)]
        self._known_order = number()
        self.shop.call(ORDER, order(mine.open_id, "APPLYING", out_biz_no=self._known_order))
        daily = self.shop.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")
        return {
            "to_open_id": [mine.open_id, theirs.open_id],
            "open_id": [mine.open_id, theirs.open_id],
            "user_template_id": [mine.template, daily, *old.values(), theirs.template],
            "template_id": [mine.template, daily, *old.values(), theirs.template],
            "template_id_list": [[mine.template, daily], f"{mine.template},{daily}", [theirs.template]],
            "data": [self.data, json.dumps({"keyword1": {"value": "赌博"}, "keyword2": {"value": "乙"}})],
            "page": ["pages/index", ""],
            "form_id": [*mine.forms, *theirs.forms],
            "lib_code": ["TM0000001", "TM0010007", "TM0010009", "TM0020005"],
            "scene_rule": ["one_time_subscribe", "long_term_subscribe"],
            "keyword_list": [[{"name": "优惠内容"}, {"name": "使用方法"}], [{"name": "优惠内容"}] * 2],
            "industry_code": ["XS1012", "XS1000"],
            "industry_scenario": ["订单服务", "用户活跃"],
            "status_list": [["ONLINE"], ["AUDITING", "REJECTED"]],
            "crowd_code": [mine.crowd, theirs.crowd],
            "batch_msg_id": [mine.batch, theirs.batch],
            "schedule_send_time": [self._tomorrow(), "9999-12-31 23:59:59"],
            "grant_type": ["authorization_code", "refresh_token"],
            "code": [*app_codes, self.login(self.shop), self.login(self.neighbour)],
            "refresh_token": [ended["app_refresh_token"], renewed["app_refresh_token"]],
            "app_auth_token": [ended["app_auth_token"], others["app_auth_token"]],
            "auth_token": [mine.user_token, theirs.user_token, self._app_token, others["app_auth_token"]],
            "topic": [_TOPIC, "alipay.marketing.activity.delivery.message"],
            "comm_type": ["HTTP", "WEBSOCKET"],
            "auth_type": ["app_auth", "user_auth"],
            "page_num": [1, "2", 0],
            "page_size": [10, "1", 11],
            "image_type": ["png", "jpg", "bmp", "exe"],
            "out_biz_no": [self._known_order, ""],
            "buyer_open_id": [mine.open_id, theirs.open_id],
            "order_modified_time": [at(5), "9999-12-31 23:59:59.999", "2026-02-30 00:00:00.000"],
            "amount": ["1.00", "1.000"],
            "trade_no": [*mine.forms, *theirs.forms],
            "ext_info": [ext_info(merchant_order_status="PENDING", merchant_biz_type="3C_RENT")],
            "item_order_list": [[{"item_name": "甲"}], [{"item_name": " "}]],
        }


def _outermost(paths: list[str]) -> tuple[str, ...]:
    """Names of fields, where a path to the last depth may be given: keyword_list of keyword_list[].name."""
    return tuple(dict.fromkeys(path.partition(".")[0].removesuffix("[]") for path in paths))


def sendable(params: dict[str, Any]) -> dict[str, str]:
    """Without what the test's own client could not sign as it is read: half characters, its own fields."""
    own = ("method", "app_id", "sign", "charset", "biz_content", "biz")
    return {clean(name): clean(value) for name, value in params.items() if name not in own}


def clean(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()
