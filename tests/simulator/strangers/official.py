"""The platform's own SDK as it is; only its connection, which knows ports 80 and 443, is led elsewhere."""

import http.client
import importlib
import json
import urllib.parse
from typing import Any

import pytest
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.exception.Exception import ResponseException
from alipay.aop.api.FileItem import FileItem
from alipay.aop.api.util import WebUtils

from tests.simulator.merchant import Merchant
from tests.simulator.strangers.shape import wrong_fields


class Untrusted(Exception):
    """The stranger found no signature, or a wrong one."""


def lead_to(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    port = urllib.parse.urlsplit(url).port

    class Redirected(http.client.HTTPConnection):
        def __init__(self, host: str, **_: Any) -> None:
            super().__init__(host=host, port=port, timeout=10)

    class Library:
        HTTPConnection = Redirected

    monkeypatch.setattr(WebUtils, "httplib", Library)


class OfficialSdk:
    name = "official"

    def __init__(self, merchant: Merchant, **settings: Any) -> None:
        """`settings` of the SDK's own configuration: charset, sign_type, format, skip_sign, encrypt_type …"""
        config = AlipayClientConfig()
        config.server_url = "http://127.0.0.1/gateway.do"
        config.app_id = merchant.app_id
        config.app_private_key = merchant.texts["app_private_key"]
        config.alipay_public_key = merchant.texts["alipay_public_key"]
        for name, value in settings.items():
            if not isinstance(getattr(type(config), name, None), property):
                raise TypeError(f"the SDK's configuration knows no {name}")
            setattr(config, name, value)
        self._client = DefaultAlipayClient(config)

    def call(self, method: str, biz: Any = None, /, **params: Any) -> dict[str, Any]:
        """The node of a verified answer, whose fields are those of the contract.

        A dict of `biz` goes through the SDK's model, text as it is. Of `params` those that the SDK's request
        knows are set there (bytes as a file), others ride along and may say what the request said otherwise.
        """
        request = _class(method, "request", "Request")()
        if isinstance(biz, dict):
            model = _class(method, "domain", "Model")()
            for name, value in biz.items():
                setattr(model, name, value)
            request.biz_model = model
        elif biz is not None:
            params["biz_content"] = biz
        udf = {}
        for name, value in params.items():
            if name != "biz_content" and isinstance(getattr(type(request), name, None), property):
                setattr(request, name, _file(value) if isinstance(value, bytes) else value)
            else:
                udf[name] = value
        request.udf_params = udf
        try:
            node = json.loads(self._client.execute(request))
        except ResponseException as error:
            raise Untrusted(str(error)) from error
        assert wrong_fields(method, node) == []
        return node


def _file(content: bytes) -> FileItem:
    return FileItem("picture.png", content)


def _class(method: str, package: str, tail: str) -> Any:
    name = "".join(part.capitalize() for part in method.split(".")) + tail
    return getattr(importlib.import_module(f"alipay.aop.api.{package}.{name}"), name)
