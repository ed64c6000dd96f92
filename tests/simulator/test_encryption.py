"""Sealed content. The official SDK cannot seal under Python 3: these tests do, held to openssl by vectors."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.simulator.merchant import LIBRARY, SEND, Merchant
from tests.simulator.sealing import seal, unseal
from tests.simulator_process import SimulatorError

KEYS = [base64.b64encode(bytes(range(16))).decode(), base64.b64encode(bytes(range(32))).decode()]


@pytest.fixture(params=KEYS, ids=["AES-128", "AES-256"])
def key(request: pytest.FixtureRequest, merchant: Merchant) -> Iterator[str]:
    merchant.configure(aes_key=request.param)
    yield request.param
    merchant.configure(aes_key="")


def test_a_sealed_call_is_opened_and_answered_sealed_and_signed(merchant: Merchant, key: str) -> None:
    sealed = seal(json.dumps({"industry_scenario": "用户活跃"}), key)

    answer = merchant.call(LIBRARY, sealed, encrypt_type="AES")

    # The signature covers the text with both its quotes.
    assert (answer.raw_node[:1], answer.raw_node[-1:]) == (b'"', b'"')
    merchant.verify(answer)
    node = unseal(answer.sealed, key)
    assert [entry["name"] for entry in node["template_lib_list"]] == ["每日签到提醒"]


def test_a_refusal_of_the_method_is_sealed_too(merchant: Merchant, key: str) -> None:
    answer = merchant.call(LIBRARY, seal('{"page_size":11}', key), encrypt_type="AES")

    merchant.verify(answer)
    assert unseal(answer.sealed, key)["sub_code"] == "ILLEGAL_ARGUMENT_PARAMS"


def test_a_sealed_message_reaches_the_phone(
    merchant: Merchant, key: str, subscriber: str, coupon_template: str
) -> None:
    sealed = seal(json.dumps(merchant.message(coupon_template, subscriber, "密送", "乙")), key)

    answer = merchant.call(SEND, sealed, encrypt_type="AES")

    assert unseal(answer.sealed, key) == {"code": "10000", "msg": "Success"}
    assert "优惠券领取提醒：密送" in merchant.simulator.get(
        f"/sim/phone/{subscriber}?app_id={merchant.app_id}"
    )
    assert merchant.log_of(subscriber)[-1]["accepted"]


def test_gbk_is_sealed_as_gbk(merchant: Merchant, key: str) -> None:
    text = json.dumps({"industry_scenario": "用户活跃"}, ensure_ascii=False)

    answer = merchant.call(LIBRARY, seal(text, key, charset="gbk"), encrypt_type="AES", charset="gbk")

    assert unseal(answer.sealed, key, charset="gbk")["total_count"] == 1


def test_plain_content_still_passes(merchant: Merchant, key: str) -> None:
    assert merchant.call(LIBRARY, {"page_size": 1}).outcome == "10000"


def test_content_that_cannot_be_opened_is_named(merchant: Merchant, key: str) -> None:
    other = base64.b64encode(bytes(16)).decode()
    padded_wrongly = base64.b64encode(bytes(32)).decode()
    not_text = seal("é", key, charset="latin-1")
    sealed = seal("{}", key)

    def outcome(content: str, **more: str) -> str:
        return merchant.call(LIBRARY, content, **more).outcome

    assert outcome(sealed) == "40001/isv.decryption-error-missing-encrypt-type"
    assert outcome(sealed, encrypt_type="DES") == "40002/isv.invalid-encrypt-type"
    assert outcome("not base64", encrypt_type="AES") == "40002/isv.invalid-encrypt"
    assert outcome(sealed[:-8], encrypt_type="AES") == "40002/isv.invalid-encrypt"
    assert outcome(padded_wrongly, encrypt_type="AES").startswith("40002/isv.decryption-error")
    assert outcome(not_text, encrypt_type="AES") == "40002/isv.decryption-error-unknown"
    assert outcome(seal("{}", other), encrypt_type="AES").startswith("40002/isv.decryption-error")


def test_an_app_without_a_key_takes_no_sealed_content(merchant: Merchant) -> None:
    answer = merchant.call(LIBRARY, seal("{}", KEYS[0]), encrypt_type="AES")

    assert answer.outcome == "40001/isv.missing-encrypt-key"


def test_a_key_of_a_wrong_length_is_not_taken(merchant: Merchant) -> None:
    with pytest.raises(SimulatorError, match="aes_key"):
        merchant.configure(aes_key=base64.b64encode(b"short").decode())
