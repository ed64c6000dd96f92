"""Every method with whatever may stand in its fields: an answer each time, and never a unit below zero."""

import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.merchant import SEND, SUBSCRIBE_QUERY, Merchant
from tests.simulator.test_uploads import in_parts, part, posted
from tests.simulator_process import SimulatorProcess

CONTRACT = json.loads(
    (Path(__file__).parent.parent / "vectors" / "contract.json").read_text(encoding="utf-8")
)
# The methods that a test in test_methods.py compares with what the platform says it offers.
METHODS = (
    "alipay.offline.material.image.upload",
    "alipay.open.app.message.subscription.modify",
    "alipay.open.app.message.subscription.query",
    "alipay.open.app.message.topic.subscribe",
    "alipay.open.app.message.topic.unsubscribe",
    "alipay.open.app.messagetemplate.subscribe.query",
    "alipay.open.app.mini.batchtemplatemsg.query",
    "alipay.open.app.mini.templatemessage.batchsend",
    "alipay.open.app.mini.templatemessage.send",
    "alipay.open.auth.token.app",
    "alipay.open.auth.token.app.query",
    "alipay.open.mini.message.template.apply",
    "alipay.open.mini.message.template.batchquery",
    "alipay.open.mini.message.templatelib.batchquery",
    "alipay.system.oauth.token",
    "alipay.user.info.share",
)
UNITS = 3
BODIES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded;charset=gbk",
    "multipart/form-data; boundary=B",
    "application/json",
    "nonsense",
)
fuzzing = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
words = st.text(max_size=60) | st.text(string.printable, max_size=200)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)


class Shop:
    """A merchant with two people who subscribed, and words that mean something to its methods."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.merchant = Merchant.create(simulator, industry="rental", review_seconds=0, kind="mini_program")
        self.template = self.merchant.adopt("TM0000001", ["优惠内容", "使用方法"])
        self.people = self.merchant.people(2, seed=1)
        self.merchant.consent(self.template, self.people, units=UNITS)
        self.data = json.dumps({"keyword1": {"value": "甲"}, "keyword2": {"value": "乙"}})

    def sensible(self, name: str) -> st.SearchStrategy[Any]:
        """Mostly what belongs there, so that more than the first check is reached; sometimes anything."""
        known: dict[str, list[Any]] = {
            "to_open_id": self.people,
            "open_id": self.people,
            "user_template_id": [self.template],
            "template_id": [self.template],
            "template_id_list": [[self.template], self.template],
            "data": [self.data],
            "page": ["pages/index", ""],
            "lib_code": ["TM0000001", "TM0010007"],
            "scene_rule": ["one_time_subscribe", "long_term_subscribe"],
            "keyword_list": [[{"name": "优惠内容"}, {"name": "使用方法"}]],
            "grant_type": ["authorization_code", "refresh_token"],
            "topic": ["alipay.marketing.activity.message.used"],
            "comm_type": ["HTTP", "WEBSOCKET"],
            "auth_type": ["app_auth", "user_auth"],
            "page_num": [1, "2"],
            "page_size": [10, "1"],
            "schedule_send_time": ["2027-01-01 10:00:00", "9999-12-31 23:59:59"],
        }
        return st.sampled_from(known[name]) | anything if name in known else anything

    def balances(self) -> dict[str, int]:
        path = f"/sim/consents?app_id={self.merchant.app_id}&template_id={self.template}"
        return self.merchant.simulator.get(path)["consents"]


@pytest.fixture(scope="module")
def shop(simulator: SimulatorProcess) -> Shop:
    return Shop(simulator)


def _answered(merchant: Merchant, call: Callable[[], Any]) -> Any:
    """An HTTP 500 or a silence raises; an answer is one node, signed, with a code that is known."""
    answer = call()
    merchant.verify(answer)
    assert answer.node["code"] in ("10000", "20001", "40001", "40002", "40003", "40004", "40005", "40006")
    return answer


@pytest.mark.parametrize("method", METHODS)
def test_whatever_stands_in_the_fields_is_answered(shop: Shop, method: str) -> None:
    names = CONTRACT[method]["biz_content"] or ("grant_type", "code", "refresh_token")

    @fuzzing
    @given(
        biz=st.fixed_dictionaries({}, optional={name: shop.sensible(name) for name in names}),
        outside=st.dictionaries(st.sampled_from(["auth_token", "code", "grant_type", "image_type"]), words),
    )
    def run(biz: dict[str, Any], outside: dict[str, str]) -> None:
        text = json.dumps(biz, ensure_ascii=True)
        _answered(shop.merchant, lambda: shop.merchant.call(method, text, **_sendable(outside)))

    run()

    assert all(0 <= units <= UNITS for units in shop.balances().values())


@pytest.mark.parametrize("method", METHODS)
def test_whatever_stands_for_biz_content_is_answered(shop: Shop, method: str) -> None:
    @fuzzing
    @given(biz=words | anything.map(json.dumps))
    def run(biz: str) -> None:
        _answered(shop.merchant, lambda: shop.merchant.call(method, _clean(biz)))

    run()


@fuzzing
@given(params=st.dictionaries(words, words, max_size=8))
def test_whatever_stands_in_the_envelope_is_answered(shop: Shop, params: dict[str, str]) -> None:
    given_ = {_clean(name) or "x": value for name, value in _sendable(params).items()}

    answer = shop.merchant.call(SUBSCRIBE_QUERY, {}, **given_)

    assert answer.node["code"] != "10000"


@fuzzing
@given(body=st.binary(max_size=400), content_type=st.sampled_from(BODIES))
def test_whatever_bytes_are_posted_are_answered(shop: Shop, body: bytes, content_type: str) -> None:
    answer = posted(shop.merchant, body, content_type, f"?app_id={shop.merchant.app_id}")

    shop.merchant.verify(answer)
    assert answer.node["code"] != "10000"


@fuzzing
@given(content=st.binary(max_size=300), name=words, image_type=st.sampled_from(["png", "jpg", "bmp", "exe"]))
def test_whatever_is_uploaded_is_answered(shop: Shop, content: bytes, name: str, image_type: str) -> None:
    params = shop.merchant.params(METHODS[0], image_type=image_type, image_name=_clean(name) or "x")

    # A boundary inside the content ends the part early, and the answer comes all the same.
    answer = in_parts(shop.merchant, params, part("image_content", content, filename="a.png"))

    assert answer.node["code"] in ("10000", "40002")


def test_a_refused_message_spends_nothing_and_an_accepted_one_a_unit(shop: Shop) -> None:
    fields = CONTRACT[SEND]["biz_content"]

    @fuzzing
    @given(biz=st.fixed_dictionaries({name: shop.sensible(name) for name in fields if name != "form_id"}))
    def run(biz: dict[str, Any]) -> None:
        before = shop.balances()
        answer = _answered(shop.merchant, lambda: shop.merchant.call(SEND, json.dumps(biz)))
        spent = sum(before.values()) - sum(shop.balances().values())
        assert spent == (1 if answer.outcome == "10000" else 0)

    run()


def _sendable(params: dict[str, str]) -> dict[str, str]:
    """Without what the test's own client could not sign as it is read: half characters, its own fields."""
    own = ("method", "app_id", "sign", "charset", "biz_content", "biz")
    return {_clean(name): _clean(value) for name, value in params.items() if name not in own}


def _clean(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()
