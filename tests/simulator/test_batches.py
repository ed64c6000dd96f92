"""Batches over time: the quota of a day, limits of a schedule, templates that end, and whose batch it is."""

import json
import time
from datetime import datetime, timedelta

import pytest

from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorError, SimulatorProcess

BATCH = "alipay.open.app.mini.templatemessage.batchsend"
BATCH_QUERY = "alipay.open.app.mini.batchtemplatemsg.query"
DATA = json.dumps({"keyword1": {"value": "甲"}, "keyword2": {"value": "乙"}})


@pytest.fixture
def shop(clocked: SimulatorProcess) -> Merchant:
    return Merchant.create(clocked, industry="rental", review_seconds=0)


@pytest.fixture
def template(shop: Merchant) -> str:
    return shop.adopt("TM0000001", ["优惠内容", "使用方法"])


def _in(shop: Merchant, **delta: float) -> str:
    now = datetime.fromisoformat(shop.simulator.get("/sim/clock")["now"])
    return (now + timedelta(**delta)).strftime("%Y-%m-%d %H:%M:%S")


def _ended(shop: Merchant, batch_msg_id: str) -> dict[str, object]:
    for _ in range(200):
        record = shop.call(BATCH_QUERY, {"batch_msg_id": batch_msg_id}).node["record"]
        if record["msg_send_status"] not in ("WAITING", "SENDING"):
            return record
        time.sleep(0.05)
    raise AssertionError(f"the batch never ended: {record}")


def _left(shop: Merchant) -> int:
    return shop.simulator.post("/sim/batches", {"app_id": shop.app_id})["left_today"]


def test_ten_batches_a_day_and_ten_more_the_next(shop: Merchant, template: str) -> None:
    biz = {"template_id": template, "data": DATA}
    refused = shop.call(BATCH, {**biz, "crowd_code": "CROWD0"})
    assert (refused.outcome, _left(shop)) == ("40004/CROWD_CODE_INVALID", 10)

    outcomes = [shop.call(BATCH, biz).outcome for _ in range(11)]
    assert outcomes == ["10000"] * 10 + ["40004/BATCH_SEND_QUOTA_OVER_LIMIT"]
    assert _left(shop) == 0

    shop.simulator.post("/sim/clock", {"advance_seconds": 86_400})
    assert (_left(shop), shop.call(BATCH, biz).outcome) == (10, "10000")


@pytest.mark.parametrize(
    ("delta", "outcome"),
    [
        ({"minutes": 9}, "40004/SCHEDULE_TIME_INVALID"),
        ({"minutes": 11}, "10000"),
        ({"days": 29, "hours": 23}, "10000"),
        ({"days": 31}, "40004/SCHEDULE_TIME_INVALID"),
    ],
)
def test_a_batch_waits_ten_minutes_to_thirty_days(
    shop: Merchant, template: str, delta: dict[str, float], outcome: str
) -> None:
    biz = {"template_id": template, "data": DATA, "schedule_send_time": _in(shop, **delta)}

    assert shop.call(BATCH, biz).outcome == outcome


def test_without_a_crowd_all_who_subscribed_are_reached(shop: Merchant, template: str) -> None:
    people = shop.people(1_200, seed=1)
    shop.consent(template, people[:1_100])

    batch_msg_id = shop.call(BATCH, {"template_id": template, "data": DATA}).node["batch_msg_id"]

    record = _ended(shop, batch_msg_id)
    assert (record["msg_send_status"], record["msg_send_count"]) == ("SUCCESS", 1_100)
    assert "crowd_code" not in record
    path = f"/sim/consents?app_id={shop.app_id}&template_id={template}"
    assert set(shop.simulator.get(path)["consents"].values()) == {0}


def test_a_template_that_ended_meanwhile_reaches_nobody(shop: Merchant, template: str) -> None:
    [person] = shop.people(1, seed=1)
    shop.consent(template, [person])
    biz = {"template_id": template, "data": DATA, "schedule_send_time": _in(shop, hours=1)}
    batch_msg_id = shop.call(BATCH, biz).node["batch_msg_id"]
    body = {"app_id": shop.app_id, "template_id": template, "status": "OFFLINE"}
    shop.simulator.post("/sim/templates", body)

    shop.simulator.post("/sim/clock", {"advance_seconds": 3_601})

    record = _ended(shop, batch_msg_id)
    assert (record["msg_send_status"], record["msg_send_count"]) == ("FAILED", 0)
    path = f"/sim/consents?app_id={shop.app_id}&template_id={template}"
    assert shop.simulator.get(path)["consents"] == {person: 1}


def test_a_batch_counts_for_the_day_on_which_it_was_due(shop: Merchant) -> None:
    daily = shop.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")
    [person] = shop.people(1, seed=1)
    shop.consent(daily, [person], kind="long_term")
    biz = {"template_id": daily, "data": DATA, "schedule_send_time": _in(shop, days=1)}
    batch_msg_id = shop.call(BATCH, biz).node["batch_msg_id"]

    shop.simulator.post("/sim/clock", {"advance_seconds": 2 * 86_400})
    record = _ended(shop, batch_msg_id)

    assert record["msg_send_count"] == 1
    assert shop.send(daily, person).outcome == "10000"
    phone = shop.simulator.get(f"/sim/phone/{person}?app_id={shop.app_id}")
    assert f'title="{biz["schedule_send_time"]}"' in phone


def test_a_batch_that_has_begun_is_not_called_back(shop: Merchant, template: str) -> None:
    batch_msg_id = shop.call(BATCH, {"template_id": template, "data": DATA}).node["batch_msg_id"]

    body = {"app_id": shop.app_id, "batch_msg_id": batch_msg_id}

    assert shop.simulator.post("/sim/batches", body) == {"canceled": False}


def test_another_apps_batch_crowd_and_template_are_nobodys(shop: Merchant, template: str) -> None:
    other = Merchant.create(shop.simulator, industry="rental", review_seconds=0)
    batch_msg_id = shop.call(BATCH, {"template_id": template, "data": DATA}).node["batch_msg_id"]
    body = {"app_id": shop.app_id, "open_ids": shop.people(1, seed=1)}
    crowd = shop.simulator.post("/sim/crowds", body)["crowd_code"]
    own = other.adopt("TM0000001", ["优惠内容", "使用方法"])

    outcomes = [
        other.call(BATCH_QUERY, {"batch_msg_id": batch_msg_id}).outcome,
        other.call(BATCH, {"template_id": own, "data": DATA, "crowd_code": crowd}).outcome,
        other.call(BATCH, {"template_id": template, "data": DATA}).outcome,
    ]

    assert outcomes == [
        "40004/ILLEGAL_ARGUMENT_PARAMS",
        "40004/CROWD_CODE_INVALID",
        "40004/USER_TEMPLATE_ILLEGAL",
    ]


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/sim/grants", {"provider_app_id": "own"}, "provider"),
        ("/sim/logins", {"scopes": ["everything"]}, "scopes"),
        ("/sim/forms", {"kind": "letter"}, "kind"),
        ("/sim/forms", {"kind": "form", "paid": False}, "paid"),
        ("/sim/crowds", {"open_ids": "all"}, "open_ids"),
        ("/sim/crowds", {"open_ids": ["nobody"]}, "open_id"),
        ("/sim/batches", {"batch_msg_id": "0"}, "batch_msg_id"),
        ("/sim/old-templates", {"kind": "subscribe"}, "kind"),
        ("/sim/apps", {"kind": "robot"}, "kind"),
        ("/sim/apps", {"no_permission": [1]}, "no_permission"),
        ("/sim/apps", {"user_ids": 1}, "user_ids"),
    ],
)
def test_what_the_back_office_cannot_read_is_named(
    shop: Merchant, path: str, body: dict[str, object], named: str
) -> None:
    [person] = shop.people(1, seed=1)
    given = {"app_id": shop.app_id, "open_id": person, **body}
    given = {name: value for name, value in given.items() if path != "/sim/apps" or name != "open_id"}
    given = {name: shop.app_id if value == "own" else value for name, value in given.items()}

    with pytest.raises(SimulatorError, match=named):
        shop.simulator.post(path, given)


def test_nobody_subscribes_to_a_template_that_a_form_pays_for(shop: Merchant) -> None:
    [person] = shop.people(1, seed=1)
    body = {"app_id": shop.app_id, "kind": "form"}
    old = shop.simulator.post("/sim/old-templates", body)["template_id"]

    with pytest.raises(SimulatorError, match="a form or a trade pays"):
        shop.consent(old, [person])
    with pytest.raises(SimulatorError, match="a form or a trade pays"):
        shop.act(person, "subscribe", template_id=old)
    assert "预约登记成功通知" not in shop.simulator.get(f"/sim/phone/{person}?app_id={shop.app_id}")
