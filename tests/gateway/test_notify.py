import json

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa2

from gateway import notify, signing
from tests.gateway.platform import APP_ID, KEYS

PUBLIC = signing.load_public_key(KEYS["alipay_public_key"])

CALLBACK = {
    "notify_time": "2026-03-01 09:30:00",
    "notify_type": "open_app_auth_notify",
    "notify_id": "2026030100222093000000000001",
    "charset": "utf-8",
    "version": "1.0",
    "app_id": APP_ID,
    "status": "execute_auth",
    "remark": "",
    "subject": "满减券",
}
PUSH = {
    "notify_id": "2026030100262093000000000002",
    "utc_timestamp": "1772328600000",
    "msg_method": "alipay.marketing.activity.message.expired",
    "app_id": APP_ID,
    "version": "1.1",
    "charset": "UTF-8",
    "biz_content": json.dumps({"activity_id": "A1", "name": "七折券"}, ensure_ascii=False),
}


def _signed(fields: dict[str, str], key: str = KEYS["alipay_private_key"]) -> dict[str, str]:
    content = get_sign_content({name: value for name, value in fields.items() if value})
    return {**fields, "sign_type": "RSA2", "sign": sign_with_rsa2(key, content, "utf-8")}


def test_a_notify_url_notification_is_verified_without_sign_and_sign_type() -> None:
    found = notify.read(_signed(CALLBACK), PUBLIC)
    assert (found.app_id, found.auth_app_id, found.kind) == (APP_ID, APP_ID, "open_app_auth_notify")
    assert found.notify_id == CALLBACK["notify_id"]
    assert found.content == {"status": "execute_auth", "remark": "", "subject": "满减券"}


def test_a_message_service_push_gives_its_parsed_content() -> None:
    found = notify.read(_signed({**PUSH, "auth_app_id": "2021999999999999"}), PUBLIC)
    assert (found.app_id, found.auth_app_id) == (APP_ID, "2021999999999999")
    assert found.kind == "alipay.marketing.activity.message.expired"
    assert found.content == {"activity_id": "A1", "name": "七折券"}


def _reason(fields: dict[str, str]) -> str:
    with pytest.raises(notify.BadNotification) as caught:
        notify.read(fields, PUBLIC)
    return caught.value.reason


@pytest.mark.parametrize("fields", [CALLBACK, PUSH])
def test_a_changed_or_added_field_breaks_the_signature(fields: dict[str, str]) -> None:
    good = _signed(fields)
    assert _reason({**good, "app_id": "2021000000000002"}) == "bad_signature"
    assert _reason({**good, "extra": "1"}) == "bad_signature"
    assert _reason(_signed(fields, KEYS["app_private_key"])) == "bad_signature"
    assert _reason({**good, "sign": "not base64 at all 签"}) == "bad_signature"


def test_a_notification_without_a_signature_or_with_another_kind_of_it_is_refused() -> None:
    assert _reason(CALLBACK) == "unsigned"
    assert _reason({**_signed(CALLBACK), "sign": ""}) == "unsigned"
    assert _reason({**_signed(CALLBACK), "sign_type": "RSA"}) == "sign_type"


@pytest.mark.parametrize("missing", ["app_id", "notify_id", "msg_method"])
def test_a_signed_notification_that_lacks_a_needed_field_says_which(missing: str) -> None:
    fields = _signed({name: value for name, value in PUSH.items() if name != missing})
    with pytest.raises(notify.BadNotification, match=missing) as caught:
        notify.read(fields, PUBLIC)
    assert caught.value.reason == "fields"


@pytest.mark.parametrize("content", ["", "no json", "[1]", "[" * 100_000])
def test_a_push_whose_content_is_no_object_is_refused(content: str) -> None:
    assert _reason(_signed({**PUSH, "biz_content": content})) == "fields"


def test_the_app_id_can_be_read_before_the_key_is_known() -> None:
    assert notify.app_id_of(PUSH) == APP_ID
    assert notify.app_id_of({}) == ""
