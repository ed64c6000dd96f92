"""The platform's own Python SDK as an independent client: it signs, sends and verifies by its own code."""

import http.client
import json
import urllib.parse
from typing import Any

import pytest
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayOpenAppMessagetemplateSubscribeQueryModel import (
    AlipayOpenAppMessagetemplateSubscribeQueryModel,
)
from alipay.aop.api.domain.AlipayOpenAppMiniTemplatemessageSendModel import (
    AlipayOpenAppMiniTemplatemessageSendModel,
)
from alipay.aop.api.domain.AlipayOpenMiniMessageTemplateApplyModel import (
    AlipayOpenMiniMessageTemplateApplyModel,
)
from alipay.aop.api.domain.AlipayOpenMiniMessageTemplateBatchqueryModel import (
    AlipayOpenMiniMessageTemplateBatchqueryModel,
)
from alipay.aop.api.domain.AlipayOpenMiniMessageTemplatelibBatchqueryModel import (
    AlipayOpenMiniMessageTemplatelibBatchqueryModel,
)
from alipay.aop.api.request.AlipayOpenAppMessagetemplateSubscribeQueryRequest import (
    AlipayOpenAppMessagetemplateSubscribeQueryRequest,
)
from alipay.aop.api.request.AlipayOpenAppMiniTemplatemessageSendRequest import (
    AlipayOpenAppMiniTemplatemessageSendRequest,
)
from alipay.aop.api.request.AlipayOpenMiniMessageTemplateApplyRequest import (
    AlipayOpenMiniMessageTemplateApplyRequest,
)
from alipay.aop.api.request.AlipayOpenMiniMessageTemplateBatchqueryRequest import (
    AlipayOpenMiniMessageTemplateBatchqueryRequest,
)
from alipay.aop.api.request.AlipayOpenMiniMessageTemplatelibBatchqueryRequest import (
    AlipayOpenMiniMessageTemplatelibBatchqueryRequest,
)
from alipay.aop.api.response.AlipayOpenMiniMessageTemplateBatchqueryResponse import (
    AlipayOpenMiniMessageTemplateBatchqueryResponse,
)
from alipay.aop.api.response.AlipayOpenMiniMessageTemplatelibBatchqueryResponse import (
    AlipayOpenMiniMessageTemplatelibBatchqueryResponse,
)
from alipay.aop.api.util import WebUtils

from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch, simulator: SimulatorProcess, merchant: Merchant) -> Any:
    """The SDK always connects to port 80 or 443; only that connection's target is led elsewhere."""
    port = urllib.parse.urlsplit(simulator.url).port

    class Redirected(http.client.HTTPConnection):
        def __init__(self, host: str, **_: Any) -> None:
            super().__init__(host=host, port=port, timeout=10)

    class Library:
        HTTPConnection = Redirected

    monkeypatch.setattr(WebUtils, "httplib", Library)
    config = AlipayClientConfig()
    config.server_url = "http://127.0.0.1/gateway.do"
    config.app_id = merchant.app_id
    config.app_private_key = merchant.texts["app_private_key"]
    config.alipay_public_key = merchant.texts["alipay_public_key"]
    return DefaultAlipayClient(config)


def _call(sdk: Any, request_type: Any, model_type: Any, **fields: Any) -> dict[str, Any]:
    model = model_type()
    for name, value in fields.items():
        setattr(model, name, value)
    return json.loads(sdk.execute(request_type(biz_model=model)))


def test_the_sdk_sends_a_message_and_trusts_the_answer(
    sdk: Any, merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    data = json.dumps(
        {"keyword1": {"value": "满 100 减 20"}, "keyword2": {"value": "到店"}}, ensure_ascii=False
    )
    fields = {
        "to_open_id": subscriber,
        "user_template_id": coupon_template,
        "page": "pages/index",
        "data": data,
    }
    request, model = AlipayOpenAppMiniTemplatemessageSendRequest, AlipayOpenAppMiniTemplatemessageSendModel

    sent = _call(sdk, request, model, **fields)
    refused = _call(sdk, request, model, **{**fields, "to_open_id": "nobody"})

    assert sent == {"code": "10000", "msg": "Success"}
    assert (refused["code"], refused["sub_code"]) == ("40004", "USER_ID_INVALID")
    assert merchant.summary(to=subscriber)["accepted_messages"] == 1


def test_the_sdk_reads_the_library_and_adopts(sdk: Any, merchant: Merchant, person: str) -> None:
    request = AlipayOpenMiniMessageTemplatelibBatchqueryRequest()
    request.biz_model = AlipayOpenMiniMessageTemplatelibBatchqueryModel()
    request.biz_model.page_num, request.biz_model.page_size = 1, 3
    library = AlipayOpenMiniMessageTemplatelibBatchqueryResponse()
    library.parse_response_content(sdk.execute(request))
    entry = library.template_lib_list[0]

    adopted = _call(
        sdk,
        AlipayOpenMiniMessageTemplateApplyRequest,
        AlipayOpenMiniMessageTemplateApplyModel,
        lib_code=entry.code,
        scene_rule=entry.scene_rule,
        keyword_list=[{"name": name} for name in entry.keyword_desc.split(",")[:2]],
    )

    assert (library.total_count, len(library.template_lib_list)) == (13, 3)
    mine = AlipayOpenMiniMessageTemplateBatchqueryRequest()
    mine.biz_model = AlipayOpenMiniMessageTemplateBatchqueryModel()
    mine.biz_model.biz_type, mine.biz_model.page_num, mine.biz_model.page_size = "sub_msg", 1, "10"
    listed = AlipayOpenMiniMessageTemplateBatchqueryResponse()
    listed.parse_response_content(sdk.execute(mine))
    assert listed.is_success()
    assert merchant.template(adopted["template_id"])["name"] == entry.name


def test_the_sdk_asks_who_subscribed(sdk: Any, subscriber: str, coupon_template: str) -> None:
    answer = _call(
        sdk,
        AlipayOpenAppMessagetemplateSubscribeQueryRequest,
        AlipayOpenAppMessagetemplateSubscribeQueryModel,
        open_id=subscriber,
        template_id_list=[coupon_template],
    )

    assert answer["subscribe_relations"][0]["subscribe_state"] == "1"


def test_the_sdk_notices_a_bad_signature(
    sdk: Any, merchant: Merchant, person: str, coupon_template: str
) -> None:
    merchant.fault("bad_signature", count=1)

    with pytest.raises(Exception, match="sign verify failed"):
        _call(
            sdk,
            AlipayOpenAppMessagetemplateSubscribeQueryRequest,
            AlipayOpenAppMessagetemplateSubscribeQueryModel,
            open_id=person,
            template_id_list=[coupon_template],
        )
