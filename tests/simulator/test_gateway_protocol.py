"""The envelope around every method: parameters, checks in order, signatures both ways."""

import json
import urllib.parse
import urllib.request
from base64 import b64decode
from datetime import datetime, timedelta, timezone

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.simulator.merchant import LIBRARY, Merchant, parse


def test_an_answer_is_one_node_with_a_signature_over_its_exact_bytes(merchant: Merchant) -> None:
    answer = merchant.call(LIBRARY, {})

    merchant.verify(answer)
    assert answer.name == "alipay_open_mini_message_templatelib_batchquery_response"
    assert answer.text.startswith('{"' + answer.name + '":{"code":"10000","msg":"Success",')
    assert answer.content_type == "text/html;charset=utf-8"


def test_the_signature_belongs_to_these_bytes_only(merchant: Merchant) -> None:
    answer = merchant.call(LIBRARY, {})
    answer.raw_node += b" "

    with pytest.raises(InvalidSignature):
        merchant.verify(answer)


@pytest.mark.parametrize(
    ("missing", "outcome"),
    [
        ("sign_type", "40001/isv.missing-signature-type"),
        ("timestamp", "40001/isv.missing-timestamp"),
        ("version", "40001/isv.missing-version"),
        ("charset", "40002/isv.invalid-charset"),
    ],
)
def test_a_missing_parameter_is_named(merchant: Merchant, missing: str, outcome: str) -> None:
    answer = merchant.call(LIBRARY, {}, **{missing: None})

    assert answer.outcome == outcome
    merchant.verify(answer)


@pytest.mark.parametrize(
    ("name", "value", "outcome"),
    [
        ("sign_type", "MD5", "40002/isv.invalid-signature-type"),
        ("format", "XML", "40002/isv.invalid-format"),
        ("charset", "latin-1", "40002/isv.invalid-charset"),
        ("version", "2.0", "40002/isv.invalid-parameter"),
        ("timestamp", "2025-02-30 00:00:00", "40002/isv.invalid-timestamp"),
        ("timestamp", "2025-02-03T00:00:00", "40002/isv.invalid-timestamp"),
        ("app_auth_token", "202511BBtoken", "20001/aop.invalid-app-auth-token"),
        ("encrypt_type", "AES", "40001/isv.missing-encrypt-key"),
        ("encrypt_type", "DES", "40002/isv.invalid-encrypt-type"),
    ],
)
def test_a_wrong_parameter_is_named(merchant: Merchant, name: str, value: str, outcome: str) -> None:
    assert merchant.call(LIBRARY, {}, **{name: value}).outcome == outcome


def test_a_missing_signature_is_named(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {})
    del params["sign"]

    assert merchant.post(params).outcome == "40001/isv.missing-signature"


def test_a_missing_method_answers_under_error_response(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {})
    del params["method"]

    answer = merchant.post(params)

    assert (answer.name, answer.outcome) == ("error_response", "40001/isv.missing-method")
    merchant.verify(answer)


def test_an_unknown_method_answers_under_error_response_and_is_signed(merchant: Merchant) -> None:
    answer = merchant.call("alipay.open.nothing.at.all", {})

    assert (answer.name, answer.outcome) == ("error_response", "40002/isv.invalid-method")
    merchant.verify(answer)


@pytest.mark.parametrize(
    ("app_id", "outcome"),
    [("2021000000000000", "40002/isv.invalid-app-id"), (None, "40001/isv.missing-app-id")],
)
def test_an_unknown_app_gets_no_signature(merchant: Merchant, app_id: str | None, outcome: str) -> None:
    answer = merchant.call(LIBRARY, {}, app_id=app_id)

    assert answer.outcome == outcome
    assert answer.sign is None


def test_a_wrong_signature_is_refused_with_the_string_the_gateway_made(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {"page_num": 1})
    params["biz_content"] = '{"page_num":2}'

    answer = merchant.post(params)

    assert answer.outcome == "40002/isv.invalid-signature"
    expected = "&".join(f"{key}={params[key]}" for key in sorted(params) if key != "sign")
    assert answer.node["sub_msg"].endswith(f"网关生成的验签字符串为：{expected}")


def test_another_apps_key_does_not_sign_for_this_one(merchant: Merchant, tea_shop: Merchant) -> None:
    assert tea_shop.call(LIBRARY, {}, app_id=merchant.app_id).outcome == "40002/isv.invalid-signature"


def test_parameters_may_be_split_between_query_and_body(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {"page_size": 1})
    body = {"biz_content": params.pop("biz_content")}

    assert merchant.post(body, query=params).outcome == "10000"


def test_get_works_with_everything_in_the_query(merchant: Merchant) -> None:
    url = f"{merchant.gateway_url}?{urllib.parse.urlencode(merchant.params(LIBRARY, {}))}"

    with urllib.request.urlopen(url, timeout=10) as http:
        assert parse(http.read(), http.headers["Content-Type"]).outcome == "10000"


def test_get_is_read_in_gbk_too(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {"industry_scenario": "用户活跃"}, charset="gbk")
    url = f"{merchant.gateway_url}?{urllib.parse.urlencode(params, encoding='gbk')}"

    with urllib.request.urlopen(url, timeout=10) as http:
        answer = parse(http.read(), http.headers["Content-Type"])

    assert [entry["name"] for entry in answer.node["template_lib_list"]] == ["每日签到提醒"]
    merchant.verify(answer)


def test_an_empty_value_that_was_signed_is_refused_unless_the_app_takes_it(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {}, remark="")
    signed = "&".join(f"{key}={params[key]}" for key in sorted(params) if key != "sign")
    params["sign"] = merchant.sign_text(signed)
    assert merchant.post(params).outcome == "40002/isv.invalid-signature"

    merchant.configure(sign_with_empties=True)
    taken = [merchant.post(params).outcome, merchant.call(LIBRARY, {}, remark="").outcome]
    merchant.configure(sign_with_empties=False)

    assert taken == ["10000", "10000"]


def test_empty_values_take_no_part_in_the_signature(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {})

    assert merchant.post({**params, "notify_url": ""}).outcome == "10000"


def test_an_unknown_parameter_takes_part_in_the_signature(merchant: Merchant) -> None:
    assert merchant.call(LIBRARY, {}, alipay_sdk="a-client-1.0").outcome == "10000"
    assert (
        merchant.post({**merchant.params(LIBRARY, {}), "extra": "1"}).outcome == "40002/isv.invalid-signature"
    )


def test_multipart_bodies_are_read(merchant: Merchant) -> None:
    boundary = "BOUNDARY"
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in merchant.params(LIBRARY, {"page_size": 1}).items()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(merchant.gateway_url, f"{parts}--{boundary}--\r\n".encode(), headers)

    with urllib.request.urlopen(request, timeout=10) as http:
        assert parse(http.read(), http.headers["Content-Type"]).outcome == "10000"


def test_gbk_is_read_and_answered_in_gbk(merchant: Merchant) -> None:
    params = merchant.params(LIBRARY, {"industry_scenario": "用户活跃"}, charset="gbk")

    answer = merchant.post(params)

    assert answer.content_type == "text/html;charset=gbk"
    assert [entry["name"] for entry in answer.node["template_lib_list"]] == ["每日签到提醒"]
    merchant.verify(answer)


def test_skew_is_judged_only_where_it_is_switched_on(merchant: Merchant) -> None:
    old = (datetime.now(timezone(timedelta(hours=8))) - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    assert merchant.call(LIBRARY, {}, timestamp=old).outcome == "10000"

    merchant.configure(skew_seconds=60)

    assert merchant.call(LIBRARY, {}, timestamp=old).outcome == "40002/isv.invalid-timestamp"
    assert merchant.call(LIBRARY, {}).outcome == "10000"


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [({LIBRARY: 2}, "40005/isv.method-call-limited"), ({"app": 2}, "40005/isv.app-call-limited")],
)
def test_more_calls_than_the_limit_are_answered_40005(
    merchant: Merchant, limits: dict[str, int], outcome: str
) -> None:
    merchant.configure(limits=limits)

    outcomes = [merchant.call(LIBRARY, {"page_size": 1}).outcome for _ in range(12)]

    assert outcomes[:2] == ["10000", "10000"]
    assert outcome in outcomes


def test_biz_content_that_is_no_object_is_illegal_json(merchant: Merchant) -> None:
    for biz in ("[1]", "{", '{"page_num":"\\ud800"}', "[" * 100_000):
        assert merchant.call(LIBRARY, biz).outcome == "40002/isv.illegal-json"


def test_keys_come_as_pkcs1_and_pkcs8_of_the_same_key(merchant: Merchant) -> None:
    texts = [merchant.texts[name] for name in ("app_private_key", "app_private_key_pkcs8")]
    pkcs1, pkcs8 = (load_der_private_key(b64decode(text), None) for text in texts)

    assert texts[0] != texts[1]
    assert pkcs1.private_numbers() == pkcs8.private_numbers()  # type: ignore[union-attr]


def test_the_answer_is_compact_json_with_chinese_as_it_is(merchant: Merchant) -> None:
    answer = merchant.call(LIBRARY, {"page_size": 1})

    assert answer.raw_node == json.dumps(answer.node, ensure_ascii=False, separators=(",", ":")).encode()
