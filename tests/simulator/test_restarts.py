"""What is kept in records outlives the process: authorisations, sign-ins, forms, topics, batches."""

import json
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tests.simulator.merchant import SEND, Merchant
from tests.simulator.test_uploads import PNG, UPLOAD, in_parts, part
from tests.simulator_process import SimulatorProcess

BATCH = "alipay.open.app.mini.templatemessage.batchsend"
BATCH_QUERY = "alipay.open.app.mini.batchtemplatemsg.query"
PEOPLE = 20_000
DATA = json.dumps({"keyword1": {"value": "甲"}, "keyword2": {"value": "乙"}})
TOPIC = {"topic": "alipay.marketing.activity.message.used", "auth_type": "app_auth"}


def _again(process: SimulatorProcess, store: Path, merchant: Merchant) -> tuple[SimulatorProcess, Merchant]:
    started = SimulatorProcess.start(store=store)
    app = {**merchant.texts, "gateway_url": started.gateway_url}
    return started, Merchant(started, app)


def test_a_stopped_platform_remembers_tokens_forms_topics_and_pictures(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    process = SimulatorProcess.start(store=store)
    shop = Merchant.create(process, industry="rental", review_seconds=0)
    provider = Merchant.create(process, industry="general", kind="provider")
    [person] = shop.people(1, seed=1)
    body = {"app_id": shop.app_id, "open_id": person}
    old = process.post("/sim/old-templates", {**body, "kind": "trade"})["template_id"]
    trade = process.post("/sim/forms", {**body, "kind": "trade"})["form_id"]
    message = {"to_open_id": person, "user_template_id": old, "data": DATA, "form_id": trade}
    assert shop.call(SEND, message).outcome == "10000"
    code = process.post("/sim/logins", {**body, "scopes": ["auth_user"]})["auth_code"]
    login = shop.call("alipay.system.oauth.token", grant_type="authorization_code", code=code).node
    grant = process.post("/sim/grants", {"app_id": shop.app_id, "provider_app_id": provider.app_id})
    exchange = {"grant_type": "authorization_code", "code": grant["app_auth_code"]}
    token = provider.call("alipay.open.auth.token.app", exchange).node["app_auth_token"]
    shop.call("alipay.open.app.message.topic.subscribe", {**TOPIC, "comm_type": "HTTP"})
    params = shop.params(UPLOAD, image_type="png", image_name="标志")
    picture = in_parts(shop, params, part("image_content", PNG, filename="a.png")).node["image_url"]
    process.stop()

    process, shop = _again(process, store, shop)
    with process:
        provider = Merchant(process, {**provider.texts, "gateway_url": process.gateway_url})
        outcomes = [
            provider.call(SEND, message, app_auth_token=token).outcome,
            shop.call(SEND, message).outcome,
            shop.call(SEND, message).outcome,
            shop.call("alipay.user.info.share", auth_token=login["access_token"]).node["open_id"],
            shop.call("alipay.open.app.message.subscription.query", TOPIC).node["comm_type"],
        ]
        address = process.url + urllib.parse.urlsplit(picture).path
        with urllib.request.urlopen(address, timeout=10) as http:
            outcomes.append(http.read())

    assert outcomes == ["10000", "10000", "40004/FORM_ID_SEND_LIMIT", person, "HTTP", PNG]


def test_a_killed_platform_goes_on_with_its_batch_and_reaches_nobody_twice(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    process = SimulatorProcess.start(store=store)
    shop = Merchant.create(process, industry="rental", review_seconds=0)
    template = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
    people = shop.people(PEOPLE, seed=1)
    shop.consent(template, "all", units=2)
    batch_msg_id = shop.call(BATCH, {"template_id": template, "data": DATA}).node["batch_msg_id"]
    process.get("/sim/log?limit=1")  # what was done so far is on the disk, most of the work is not
    process.kill()

    process, shop = _again(process, store, shop)
    with process:
        record = shop.call(BATCH_QUERY, {"batch_msg_id": batch_msg_id}).node["record"]
        while record["msg_send_status"] in ("WAITING", "SENDING"):
            time.sleep(0.05)
            record = shop.call(BATCH_QUERY, {"batch_msg_id": batch_msg_id}).node["record"]
        path = f"/sim/consents?app_id={shop.app_id}&template_id={template}"
        units = process.get(path)["consents"]

    assert (record["msg_send_status"], record["msg_send_count"]) == ("SUCCESS", PEOPLE)
    assert {units[one] for one in people} == {1}
