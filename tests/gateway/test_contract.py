"""The models hold exactly the fields of the contract, no more and no fewer."""

import inspect
import json
import types
import typing
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from gateway.methods import (
    Request,
    auth,
    card_templates,
    cards,
    crowds,
    deliveries,
    held_coupons,
    merchant_coupons,
    messages,
    orders,
    pay_coupons,
    topics,
)
from gateway.methods.messages import (
    OpenAppMessagetemplateSubscribeQuery,
    OpenAppMessagetemplateSubscribeQueryResponse,
    OpenAppMiniTemplatemessageSend,
    OpenMiniMessageTemplateApply,
    OpenMiniMessageTemplateApplyResponse,
    OpenMiniMessageTemplateBatchquery,
    OpenMiniMessageTemplateBatchqueryResponse,
    OpenMiniMessageTemplatelibBatchquery,
    OpenMiniMessageTemplatelibBatchqueryResponse,
)
from tests.gateway.platform import MESSAGE, VECTORS

CONTRACT = json.loads((VECTORS / "contract.json").read_text(encoding="utf-8"))


def _requests(*modules: types.ModuleType) -> list[type[Request]]:
    return [
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Request)
        and "method" in vars(each)  # not the bases that pydantic makes for Request[…]
    ]


WHOLE = _requests(messages, crowds, auth, orders, topics)
# Of coupons the contract holds several generations of the same fields; one of them is written, and what no
# page here offers is left out. So is what the cards of today do without.
IN_PART = _requests(pay_coupons, merchant_coupons, held_coupons, deliveries, card_templates, cards)
REQUESTS = [*WHOLE, *IN_PART]
# Of the contract and not sent: what only merchants of old may send, and what no scene here has.
NOT_SENT = {
    "alipay.merchant.order.sync": {
        *("buyer_info", "record_id", "partner_id", "seller_id", "order_auth_code", "ticket_info", "send_msg"),
        *("ticket_order_list", "journey_order_list", "sync_content"),
    }
}


def _shape(annotation: Any) -> Any:
    """A type in the contract's terms: an object, a list of one thing, or "string" for every single value.

    What stands beside biz_content is no part of it.
    """
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return {name: _shape(field.annotation) for name, field in fields if not field.exclude}
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple:
        return [_shape(inner[0])]
    if origin in (typing.Union, types.UnionType):
        return _shape(next(each for each in inner if each is not type(None)))
    return "string"


def test_the_methods_in_use_are_there() -> None:
    assert {each.method for each in REQUESTS} == {
        "alipay.open.app.mini.templatemessage.send",
        "alipay.open.app.messagetemplate.subscribe.query",
        "alipay.open.mini.message.templatelib.batchquery",
        "alipay.open.mini.message.template.apply",
        "alipay.open.mini.message.template.batchquery",
        "alipay.open.app.mini.templatemessage.batchsend",
        "alipay.open.app.mini.batchtemplatemsg.query",
        "alipay.open.auth.token.app",
        "alipay.merchant.order.sync",
        "alipay.open.app.message.topic.subscribe",
        "alipay.marketing.activity.voucher.create",
        "alipay.marketing.activity.voucher.publish",
        "alipay.marketing.activity.voucher.modify",
        "alipay.marketing.activity.voucher.append",
        "alipay.marketing.activity.voucher.stop",
        "alipay.marketing.activity.voucher.query",
        "alipay.marketing.activity.voucher.send",
        "alipay.marketing.activity.ordervoucher.create",
        "alipay.marketing.activity.ordervoucher.modify",
        "alipay.marketing.activity.ordervoucher.append",
        "alipay.marketing.activity.ordervoucher.stop",
        "alipay.marketing.activity.ordervoucher.query",
        "alipay.marketing.activity.ordervoucher.codedeposit",
        "alipay.marketing.activity.ordervoucher.codecount",
        "alipay.marketing.activity.ordervoucher.send",
        "alipay.marketing.activity.ordervoucher.use",
        "alipay.marketing.activity.ordervoucher.refund",
        "alipay.marketing.activity.ordervoucher.invalid",
        "alipay.marketing.activity.user.batchqueryvoucher",
        "alipay.marketing.activity.user.queryvoucher",
        "alipay.marketing.activity.consult",
        "alipay.marketing.activity.delivery.create",
        "alipay.marketing.activity.delivery.query",
        "alipay.marketing.activity.delivery.stop",
        "alipay.marketing.card.template.create",
        "alipay.marketing.card.template.modify",
        "alipay.marketing.card.template.query",
        "alipay.marketing.card.template.batchquery",
        "alipay.marketing.card.formtemplate.set",
        "alipay.marketing.card.activateurl.apply",
        "alipay.marketing.card.activateform.query",
        "alipay.marketing.card.benefit.create",
        "alipay.marketing.card.benefit.modify",
        "alipay.marketing.card.benefit.query",
        "alipay.marketing.card.benefit.delete",
        "alipay.marketing.card.open",
        "alipay.marketing.card.update",
        "alipay.marketing.card.query",
        "alipay.marketing.card.delete",
        "alipay.marketing.card.message.notify",
        "alipay.marketing.card.consume.sync",
        "alipay.system.oauth.token",
        "alipay.user.info.share",
    }


@pytest.mark.parametrize("request_type", WHOLE, ids=lambda each: each.method)
def test_request_and_response_have_the_fields_of_the_contract(request_type: type[Request]) -> None:
    expected = CONTRACT[request_type.method]
    left_out = NOT_SENT.get(request_type.method, set())
    assert left_out <= set(expected["biz_content"])
    sent = {name: shape for name, shape in expected["biz_content"].items() if name not in left_out}
    assert _shape(request_type) == sent
    assert _shape(request_type.response_type) == expected["response"]


def _is_part_of(shape: Any, whole: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(whole, dict) and all(
            name in whole and _is_part_of(inner, whole[name]) for name, inner in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(whole, list) and _is_part_of(shape[0], whole[0])
    return bool(shape == whole)


@pytest.mark.parametrize("request_type", IN_PART, ids=lambda each: each.method)
def test_fields_of_coupons_and_cards_are_those_of_the_contract(request_type: type[Request]) -> None:
    expected = CONTRACT[request_type.method]
    assert _is_part_of(_shape(request_type), expected["biz_content"])
    assert _is_part_of(_shape(request_type.response_type), expected["response"])


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda each: each.method)
def test_models_are_named_after_their_method(request_type: type[Request]) -> None:
    name = "".join(word.capitalize() for word in request_type.method.split(".")[1:])
    assert request_type.__name__ == name
    assert request_type.response_type.__name__ == f"{name}Response"


def test_biz_content_leaves_out_what_is_not_set_and_keeps_chinese_readable() -> None:
    assert json.loads(MESSAGE.biz_content()) == {
        "to_open_id": MESSAGE.to_open_id,
        "user_template_id": MESSAGE.user_template_id,
        "page": "pages/index/index",
        "data": '{"keyword1":{"value":"满减券"}}',
    }
    assert "满减券" in MESSAGE.biz_content()


def test_page_size_is_a_number_for_the_library_and_text_for_adopted_templates() -> None:
    library = json.loads(OpenMiniMessageTemplatelibBatchquery(has_push=True).biz_content())
    assert library == {"has_push": True, "page_num": 1, "page_size": 10}
    adopted = json.loads(OpenMiniMessageTemplateBatchquery(status_list=("ONLINE",)).biz_content())
    assert adopted == {"biz_type": "sub_msg", "status_list": ["ONLINE"], "page_num": 1, "page_size": "10"}


def test_adoption_sends_its_keywords_in_order() -> None:
    request = OpenMiniMessageTemplateApply.model_validate(
        {
            "lib_code": "TPL1",
            "scene_rule": "one_time_subscribe",
            "keyword_list": [{"name": "商户名称"}, {"name": "优惠内容"}],
        }
    )
    assert json.loads(request.biz_content())["keyword_list"] == [{"name": "商户名称"}, {"name": "优惠内容"}]


@pytest.mark.parametrize(
    ("request_type", "fields"),
    [
        (OpenAppMiniTemplatemessageSend, {"user_template_id": "t", "page": "p", "data": "{}"}),
        (
            OpenAppMiniTemplatemessageSend,
            {"to_user_id": "1", "to_open_id": "2", "user_template_id": "t", "page": "p", "data": "{}"},
        ),
        (
            OpenAppMiniTemplatemessageSend,
            {"to_open_id": "secret-person", "user_template_id": "t", "page": "p" * 129, "data": "{}"},
        ),
        (
            OpenAppMiniTemplatemessageSend,
            {"to_open_id": "secret-person", "user_template_id": "t", "page": "p", "data": "x" * 2049},
        ),
        (
            OpenAppMessagetemplateSubscribeQuery,
            {"open_id": "secret-person", "template_id_list": list("abcd")},
        ),
        (OpenAppMessagetemplateSubscribeQuery, {"open_id": "secret-person", "template_id_list": []}),
        (
            OpenMiniMessageTemplateApply,
            {"lib_code": "a", "scene_rule": "one_time_subscribe", "keyword_list": [{"name": "x"}]},
        ),
        (OpenMiniMessageTemplatelibBatchquery, {"page_size": 11}),
    ],
)
def test_a_request_past_a_documented_limit_is_not_built_and_the_error_names_nobody(
    request_type: type[Request], fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as caught:
        request_type.model_validate(fields)
    assert "secret-person" not in str(caught.value)


def test_numbers_may_come_as_text_and_unknown_fields_are_ignored() -> None:
    node = {
        "code": "10000",
        "msg": "Success",
        "page_num": "1",
        "page_size": 10,
        "total_count": "",
        "new_field": {"of": "tomorrow"},
        "template_lib_list": [
            {
                "code": 42,
                "name": "优惠券领取提醒",
                "keyword_desc": "优惠内容,使用方法，商户名称",
                "has_push": "true",
                "selectable": False,
                "not_selectable_reason": {"reason_text": "行业不符", "action_url": None, "more": 1},
                "fatigue": {"value": "2", "unit": "day", "total": 10},
            }
        ],
    }
    answer = OpenMiniMessageTemplatelibBatchqueryResponse.model_validate(node)
    template = answer.template_lib_list[0]
    assert (answer.page_num, answer.page_size, answer.total_count) == (1, 10, None)
    assert (template.code, template.has_push, template.selectable) == ("42", True, False)
    assert template.keywords == ("优惠内容", "使用方法", "商户名称")
    assert template.fatigue is not None
    assert (template.fatigue.value, template.fatigue.total) == (2, 10)


def test_a_person_who_never_answered_has_no_relations() -> None:
    assert OpenAppMessagetemplateSubscribeQueryResponse.model_validate({}).subscribe_relations == ()
    node = {"subscribe_relations": [{"template_id": "t", "subscribe_state": 1, "subscribe_type": "longterm"}]}
    (relation,) = OpenAppMessagetemplateSubscribeQueryResponse.model_validate(node).subscribe_relations
    assert relation.subscribed


def test_an_adoption_without_a_template_id_cannot_be_read() -> None:
    with pytest.raises(ValidationError):
        OpenMiniMessageTemplateApplyResponse.model_validate({"template_id": ""})


def test_adopted_templates_are_read() -> None:
    answer = OpenMiniMessageTemplateBatchqueryResponse.model_validate(
        {
            "template_list": [{"template_id": "t1", "status": "ONLINE", "keyword_desc": "a,b"}],
            "total_count": 1,
        }
    )
    assert answer.template_list[0].keywords == ("a", "b")
