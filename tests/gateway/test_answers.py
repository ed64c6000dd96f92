"""From bytes to an outcome, without a network."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import answers, signing
from gateway.methods.messages import OpenMiniMessageTemplateApply
from gateway.outcomes import Accepted, Outcome, Refused, Unknown
from tests.gateway.platform import KEYS, MESSAGE, OK_NODE, SEND_NODE, refusal, signed

PUBLIC = signing.load_public_key(KEYS["alipay_public_key"])
GOOD = signed(OK_NODE)


def judge(body: str | bytes) -> Outcome:
    data = body.encode() if isinstance(body, str) else body
    return answers.judge(MESSAGE, data, PUBLIC, 1.0)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sign", "code", "}", '},"sign":"']), inner)
    ),
    max_leaves=8,
)


@given(
    node=st.dictionaries(
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8), JSON_VALUES, max_size=5
    ),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 0, 2]),
    sign_first=st.booleans(),
)
def test_the_node_is_cut_exactly_as_sent_whatever_it_holds(
    node: dict, ascii_only: bool, indent: int | None, sign_first: bool
) -> None:
    raw = json.dumps(node, ensure_ascii=ascii_only, indent=indent)
    members = [f'"{SEND_NODE}" : {raw}', '"sign":"abc="']
    if sign_first:
        members.reverse()
    envelope = answers.read_envelope(("{ " + " ,\n".join(members) + " }\n").encode(), MESSAGE.method)
    assert envelope.raw == raw.encode()
    assert envelope.node == node
    assert envelope.sign == "abc="


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_without_an_error(body: bytes) -> None:
    assert isinstance(judge(body), Unknown)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_an_answer_changed_in_one_byte_is_never_accepted(position: int, change: int) -> None:
    body = bytearray(GOOD.encode())
    start, end = body.index(b":") + 1, body.rindex(b',"sign"')
    at = start + position % (end - start)
    body[at] ^= change
    assert not isinstance(judge(bytes(body)), Accepted)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>busy</html>",
        "[]",
        "{}",
        "null",
        f'{{"{SEND_NODE}":{OK_NODE}',
        f'{{"{SEND_NODE}":{OK_NODE}}}x',
        f'{{"{SEND_NODE}":{OK_NODE},"{SEND_NODE}":{OK_NODE},"sign":"x"}}',
        f'{{"{SEND_NODE}":{OK_NODE},"error_response":{OK_NODE},"sign":"x"}}',
        f'{{"alipay_other_method_response":{OK_NODE},"sign":"x"}}',
        f'{{"{SEND_NODE}":"BASE64==","sign":"x"}}',
        f'{{"{SEND_NODE}":{{"msg":"no code"}},"sign":"x"}}',
        f'{{"{SEND_NODE}":{{"code":true}},"sign":"x"}}',
        f'{{"{SEND_NODE}":{OK_NODE},"sign":5}}',
        '{"' + SEND_NODE + '":' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}",
        f'{{"{SEND_NODE}":{OK_NODE}}}'.encode("utf-16"),
    ],
)
def test_an_answer_of_another_shape_is_unknown(body: str | bytes) -> None:
    outcome = judge(body)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.alarm) == ("bad_answer", False)


def test_an_unsigned_refusal_is_refused_for_the_app() -> None:
    raw = refusal("40002", "isv.invalid-app-id", "无效的AppID参数")
    expected = Refused("40002", "isv.invalid-app-id", "无效的AppID参数", "app", True, 1.0)
    for node in ("error_response", SEND_NODE):
        assert judge(f'{{"{node}":{raw}}}') == expected
        assert judge(f'{{"{node}":{raw},"sign":""}}') == expected
        assert judge(f'{{"{node}":{raw},"sign":null}}') == expected
    unlisted = judge(f'{{"{SEND_NODE}":{refusal("40004", "SOMETHING_NEW")}}}')
    assert unlisted == Refused("40004", "SOMETHING_NEW", "原因", "app", False, 1.0)


def test_an_unsigned_success_is_unknown_and_an_alarm() -> None:
    outcome = judge(f'{{"{SEND_NODE}":{OK_NODE}}}')
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.alarm) == ("bad_signature", True)


@pytest.mark.parametrize(("code", "sub_code"), [("20000", "isp.unknow-error"), ("40004", "MSG_SEND_ERROR")])
def test_an_unsigned_system_error_is_unknown_since_the_platform_may_have_acted(
    code: str, sub_code: str
) -> None:
    outcome = judge(f'{{"{SEND_NODE}":{refusal(code, sub_code)}}}')
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.alarm) == ("system_error", False)


def test_a_signature_of_another_key_is_an_alarm() -> None:
    for raw in (OK_NODE, refusal("40004", "MSG_UNSUBSCRIBED"), refusal("40005", "isv.app-call-limited")):
        outcome = judge(signed(raw, key=KEYS["app_private_key"]))
        assert isinstance(outcome, Unknown)
        assert (outcome.reason, outcome.alarm) == ("bad_signature", True)


def test_code_10000_whose_fields_cannot_be_read_is_unknown_and_names_the_field() -> None:
    request = OpenMiniMessageTemplateApply.model_validate(
        {
            "lib_code": "TPL1",
            "scene_rule": "one_time_subscribe",
            "keyword_list": [{"name": "a"}, {"name": "b"}],
        }
    )
    node = "alipay_open_mini_message_template_apply_response"
    accepted = answers.judge(
        request, signed('{"code":"10000","template_id":"T1"}', node).encode(), PUBLIC, 1.0
    )
    assert isinstance(accepted, Accepted)
    assert accepted.response.template_id == "T1"
    without = answers.judge(request, signed('{"code":"10000"}', node).encode(), PUBLIC, 1.0)
    assert isinstance(without, Unknown)
    assert without.reason == "bad_answer"
    assert "template_id" in without.detail


def test_an_error_node_with_code_10000_is_not_a_success() -> None:
    outcome = judge(signed(OK_NODE, "error_response"))
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "bad_answer"


def test_a_code_may_be_a_number() -> None:
    assert isinstance(judge(signed('{"code":10000}')), Accepted)


def test_a_certificate_number_beside_the_signature_changes_nothing() -> None:
    body = signed(OK_NODE)[:-1] + ',"alipay_cert_sn":"abc"}'
    assert isinstance(judge(body), Accepted)
