"""Notifications: signed, repeated by the ladder until `success`, late, twice and shuffled when told to."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rsa
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from tests.simulator.conftest import Gateway
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorError, SimulatorProcess

RECEIVED = "alipay.marketing.activity.message.received"
SUBSCRIBE = "alipay.open.app.message.topic.subscribe"
UNSUBSCRIBE = "alipay.open.app.message.topic.unsubscribe"
GAPS = (240, 600, 600, 3_600, 7_200, 21_600, 54_000)


class Shop(Merchant):
    """A merchant whose platform's clock may be moved."""

    def listen(self, topic: str = RECEIVED, comm_type: str = "HTTP", **more: Any) -> None:
        biz = {"topic": topic, "comm_type": comm_type, "auth_type": "app_auth", **more}
        assert self.call(SUBSCRIBE, biz).outcome == "10000"

    def stop_listening(self, topic: str = RECEIVED, **more: Any) -> None:
        biz = {"topic": topic, "auth_type": "app_auth", **more}
        assert self.call(UNSUBSCRIBE, biz).outcome == "10000"

    def owe(self, kind: str = RECEIVED, **more: Any) -> list[dict[str, Any]]:
        return self.simulator.post("/sim/notices", {"app_id": self.app_id, "kind": kind, **more})["notices"]

    def notices(self, **more: Any) -> list[dict[str, Any]]:
        """After all that is due has been delivered."""
        query = "".join(f"&{name}={value}" for name, value in more.items())
        answer = self.simulator.get(f"/sim/notices?settled=1&limit=1000&app_id={self.app_id}{query}")
        assert answer["settled"]
        return answer["notices"]

    def wait(self, seconds: float) -> None:
        self.simulator.post("/sim/clock", {"advance_seconds": seconds})


@pytest.fixture(scope="session")
def shared_shop(clocked_process: SimulatorProcess) -> Shop:
    shop = Shop(clocked_process, clocked_process.post("/sim/apps", {"industry": "rental"}))
    shop.listen()
    return shop


@pytest.fixture
def shop(shared_shop: Shop, clocked: SimulatorProcess, gateway: Gateway) -> Iterator[Shop]:
    """The clock stands, so that only `wait` makes anything due."""
    clocked.post("/sim/clock", {"speed": 0})
    shared_shop.configure(notify_url=gateway.url)
    yield shared_shop
    clocked.delete("/sim/faults")
    gateway.answers = []
    shared_shop.wait(90_000)
    shared_shop.notices()


def verify(shop: Shop, post: dict[str, str]) -> bool:
    """By the official SDK: its string to sign, its RSA."""
    signed = {name: value for name, value in post.items() if name not in ("sign", "sign_type")}
    content = get_sign_content(signed).encode("utf-8")
    return verify_with_rsa(shop.texts["alipay_public_key"], content, post["sign"])


def why(notice: dict[str, Any]) -> str:
    """The one line about a notice that goes nowhere: nothing was sent, and why."""
    [line] = notice["deliveries"]
    assert (line["sent_at"], line["finished_at"], line["http_status"]) == (None, None, None)
    return str(line["outcome"])


def times(notice: dict[str, Any]) -> list[datetime]:
    return [datetime.fromisoformat(one["at"]) for one in notice["deliveries"]]


def test_a_push_of_the_message_service_is_signed_and_names_its_kind(shop: Shop, gateway: Gateway) -> None:
    content = {"activity_id": "A1", "voucher_id": "V1", "open_id": "001x", "note": "满 100 减 20 & more=1"}

    [owed] = shop.owe(content=content)
    [notice] = shop.notices(after=owed["number"] - 1)

    [post] = gateway.posts
    assert verify(shop, post)
    assert (post["msg_method"], post["app_id"], post["version"]) == (RECEIVED, shop.app_id, "1.1")
    assert (post["sign_type"], post["charset"]) == ("RSA2", "utf-8")
    assert len(post["utc_timestamp"]) == 13 and 0 < len(post["notify_id"]) <= 50
    told = json.loads(post["biz_content"])
    assert {name: told[name] for name in content} == content
    assert told["id"].startswith("received_") and told["event_time"] == post["utc_timestamp"]
    assert (notice["state"], notice["attempts"], notice["next_at"]) == ("delivered", 1, None)
    [delivery] = notice["deliveries"]
    assert (delivery["http_status"], delivery["answer"], delivery["outcome"]) == (200, "success", "success")


@pytest.mark.parametrize("kind", ["alipay.marketing.card.open", "alipay.marketing.card.delete"])
def test_a_notice_to_an_address_of_its_own_carries_flat_fields(
    shop: Shop, gateway: Gateway, kind: str
) -> None:
    shop.configure(notify_url="http://127.0.0.1:9/wrong")

    shop.owe(kind, url=gateway.url, content={"biz_card_no": "000123", "template_id": "T1", "point": 5})
    shop.notices()

    [post] = gateway.posts
    assert verify(shop, post)
    assert (post["notify_type"], post["biz_card_no"], post["point"]) == (kind, "000123", "5")
    assert datetime.strptime(post["notify_time"], "%Y-%m-%d %H:%M:%S")
    assert "msg_method" not in post and "biz_content" not in post


def test_an_authorisation_tells_the_provider_about_the_merchants_app(shop: Shop, gateway: Gateway) -> None:
    shop.owe("open_app_auth_notify", auth_app_id="2021000000000001", content={"app_auth_code": "c"})
    shop.notices()

    [post] = gateway.posts
    assert verify(shop, post)
    assert (post["app_id"], post["auth_app_id"]) == (shop.app_id, "2021000000000001")
    assert json.loads(post["biz_content"]) == {"app_auth_code": "c"}


def test_who_authorises_a_provider_makes_the_platform_tell_it(shop: Shop, gateway: Gateway) -> None:
    made = {"industry": "general", "kind": "provider", "notify_url": gateway.url}
    provider = Shop(shop.simulator, shop.simulator.post("/sim/apps", made))

    wish = {"app_id": shop.app_id, "provider_app_id": provider.app_id}
    code = shop.simulator.post("/sim/grants", wish)["app_auth_code"]
    provider.notices()

    [post] = gateway.posts
    assert verify(provider, post)
    assert (post["notify_type"], post["auth_app_id"]) == ("open_app_auth_notify", shop.app_id)
    assert json.loads(post["biz_content"])["app_auth_code"] == code


def test_without_success_it_comes_eight_times_at_the_gaps_of_the_ladder(shop: Shop, gateway: Gateway) -> None:
    gateway.answers = [(200, b"failure")] * 100
    [owed] = shop.owe()
    for waited in GAPS:
        before = len(gateway.posts)
        shop.wait(waited - 1)
        shop.notices()
        assert len(gateway.posts) - before == (1 if before == 0 else 0)
        shop.wait(1)
        shop.notices()
    shop.wait(200_000)

    [notice] = shop.notices(after=owed["number"] - 1)

    assert (notice["state"], notice["attempts"], len(gateway.posts)) == ("given_up", 8, 8)
    assert gateway.posts == [gateway.posts[0]] * 8
    steps = zip(times(notice), times(notice)[1:], strict=False)
    assert [later - earlier for earlier, later in steps] == [timedelta(seconds=gap) for gap in GAPS]


def test_a_jump_of_the_clock_delivers_all_steps_in_between_until_success(
    shop: Shop, gateway: Gateway
) -> None:
    gateway.answers = [(200, b"fail")] * 5
    [owed] = shop.owe()
    shop.wait(200_000)

    [notice] = shop.notices(after=owed["number"] - 1)

    assert (notice["state"], notice["attempts"]) == ("delivered", 6)
    assert times(notice)[-1] - times(notice)[0] == timedelta(seconds=sum(GAPS[:5]))
    assert len(set(gateway.ids)) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"success\n"),
        (200, b'"success"'),
        (200, b"\xef\xbb\xbfsuccess"),
        (200, b"SUCCESS"),
        (200, b""),
        (200, b"success" * 100),
        (500, b"success"),
        (302, b"success"),
    ],
)
def test_only_the_seven_characters_of_success_are_success(
    shop: Shop, gateway: Gateway, status: int, body: bytes
) -> None:
    gateway.answers = [(status, body)]

    [owed] = shop.owe()
    [notice] = shop.notices(after=owed["number"] - 1)

    assert (notice["state"], notice["deliveries"][0]["outcome"]) == ("waiting", "refused")
    assert len(gateway.posts) == 1


def test_a_receiver_that_says_nothing_is_left_after_five_seconds(shop: Shop, gateway: Gateway) -> None:
    gateway.hold_seconds = 6

    [owed] = shop.owe()
    [notice] = shop.notices(after=owed["number"] - 1)
    gateway.hold_seconds = 0

    assert notice["deliveries"][0]["outcome"] == "no answer in time"
    assert notice["state"] == "waiting"


def test_nobody_listening_costs_a_step_of_the_ladder(shop: Shop, gateway: Gateway) -> None:
    [owed] = shop.owe(url="http://127.0.0.1:1/")
    [notice] = shop.notices(after=owed["number"] - 1)

    assert notice["deliveries"][0]["outcome"].startswith("ClientConnectorError")
    assert (notice["state"], notice["attempts"]) == ("waiting", 1)


def test_told_to_be_late_it_comes_that_much_later(shop: Shop, gateway: Gateway) -> None:
    shop.fault("notice_late", value=3_600, count=1)
    [late] = shop.owe()
    [prompt] = shop.owe()
    shop.notices()
    assert gateway.ids == [prompt["notify_id"]]

    shop.wait(3_600)
    shop.notices()

    assert gateway.ids == [prompt["notify_id"], late["notify_id"]]


def test_told_to_duplicate_it_comes_again_after_success(shop: Shop, gateway: Gateway) -> None:
    shop.fault("notice_duplicate", value=2)

    [owed] = shop.owe()
    [notice] = shop.notices(after=owed["number"] - 1)

    assert gateway.ids == [owed["notify_id"]] * 3
    assert gateway.posts == [gateway.posts[0]] * 3
    assert sorted(one["extra"] for one in notice["deliveries"]) == [False, True, True]
    assert (notice["state"], notice["attempts"]) == ("delivered", 1)


def test_told_to_shuffle_they_come_in_another_order_and_all_of_them(shop: Shop, gateway: Gateway) -> None:
    shop.fault("notice_shuffle", value=600, method=RECEIVED)

    owed = shop.owe(count=30)
    shop.wait(600)
    notices = shop.notices(after=owed[0]["number"] - 1)

    assert sorted(gateway.ids) == sorted(one["notify_id"] for one in owed)
    due = [notice["deliveries"][0]["at"] for notice in notices]
    assert due != sorted(due) and len(set(due)) > 20


def test_told_to_sign_wrongly_the_official_sdk_notices(shop: Shop, gateway: Gateway) -> None:
    shop.fault("notice_bad_signature", method=RECEIVED, count=1)

    first, second = (one["notify_id"] for one in shop.owe(count=2))
    shop.notices()

    wrong, right = (gateway.posts[gateway.ids.index(one)] for one in (first, second))
    with pytest.raises(rsa.VerificationError):
        verify(shop, wrong)
    assert verify(shop, right)


def test_troubles_of_notices_leave_requests_alone(shop: Shop) -> None:
    shop.fault("notice_late", value=60)

    assert shop.call("alipay.open.mini.message.templatelib.batchquery", {}).outcome == "10000"


def test_an_app_without_an_address_is_told_nothing_and_the_log_says_so(shop: Shop, gateway: Gateway) -> None:
    shop.configure(notify_url="")

    [owed] = shop.owe()

    assert owed["state"] == "nowhere"
    [notice] = shop.notices(after=owed["number"] - 1)
    assert (notice["state"], why(notice), gateway.posts) == ("nowhere", "the app has no notify_url", [])


def test_of_many_each_is_taken_once(shop: Shop, gateway: Gateway) -> None:
    owed = shop.owe(count=200)

    shop.wait(90_000)
    notices = shop.notices(after=owed[0]["number"] - 1)

    assert set(gateway.ids) == {one["notify_id"] for one in owed}
    for notice in notices:
        outcomes = [delivery["outcome"] for delivery in notice["deliveries"]]
        assert (notice["state"], outcomes.count("success"), outcomes[-1]) == ("delivered", 1, "success")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"kind": "trade_status_sync"}, "kind: one of"),
        ({"url": "http://93.184.216.34/inbox"}, "loopback addresses only"),
        ({"url": "ftp://127.0.0.1/"}, "starts with http"),
        ({"content": []}, "content: an object"),
        ({"kind": "alipay.marketing.card.open", "content": {"sign": "x"}}, "are the platform's"),
        ({"count": 0}, "count"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_with_a_sentence(
    shop: Shop, body: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SimulatorError) as refusal:
        shop.simulator.post("/sim/notices", {"app_id": shop.app_id, "kind": RECEIVED, **body})

    assert refusal.value.status == 400
    assert sentence in refusal.value.answer["error"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "notice_late", "value": 0},
        {"kind": "notice_late", "value": "soon"},
        {"kind": "notice_duplicate", "value": 1.5},
        {"kind": "notice_duplicate", "value": 11},
        {"kind": "notice_bad_signature", "value": 1},
    ],
)
def test_a_trouble_with_a_wrong_value_is_refused(shop: Shop, fault: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError) as refusal:
        shop.simulator.post("/sim/faults", fault)

    assert refusal.value.status == 400


def test_an_app_set_to_a_foreign_address_is_never_called(shop: Shop) -> None:
    shop.configure(notify_url="http://192.0.2.1/inbox")

    with pytest.raises(SimulatorError) as refusal:
        shop.owe()

    assert "--allow-host" in refusal.value.answer["error"]


def test_a_restart_goes_on_with_the_ladder(tmp_path: Path, gateway: Gateway) -> None:
    gateway.answers = [(200, b"not yet")]
    with SimulatorProcess.start(store=tmp_path / "store.db", speed=0) as first:
        shop = Shop(first, first.post("/sim/apps", {"industry": "tea", "notify_url": gateway.url}))
        shop.listen()
        [owed] = shop.owe()
        assert shop.notices()[0]["attempts"] == 1

    with SimulatorProcess.start(store=tmp_path / "store.db", speed=0) as second:
        again = Shop(second, second.post("/sim/apps", {"app_id": shop.app_id}))
        again.wait(240)
        [notice] = again.notices()
        [next_one] = again.owe()

    assert (notice["state"], notice["attempts"], len(notice["deliveries"])) == ("delivered", 2, 2)
    assert gateway.ids[:2] == [owed["notify_id"]] * 2
    assert next_one["notify_id"] != owed["notify_id"]


def test_with_the_clock_running_it_comes_by_itself(shop: Shop, gateway: Gateway) -> None:
    shop.simulator.post("/sim/clock", {"speed": 1_000})
    gateway.answers = [(200, b"later")]

    [owed] = shop.owe()
    while not shop.simulator.get(f"/sim/notices?after={owed['number'] - 1}&state=delivered")["notices"]:
        assert len(gateway.posts) <= 2

    assert gateway.ids == [owed["notify_id"]] * 2


def test_the_test_receiver_really_refuses_a_get(gateway: Gateway) -> None:
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(gateway.url, timeout=5)
