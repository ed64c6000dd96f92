"""The usual way: a Celery task for each message, which calls the platform with its official SDK.

A worker's module (celery -A tests.bench.sdk_tasks worker) and the reference of the sending bench, frozen. It
reads BENCH_APP, a file as for bare_loop, BENCH_GATEWAY and BENCH_BROKER.
"""

import http.client
import json
import os
import urllib.parse
from functools import cache
from pathlib import Path
from typing import Any

import redis
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayOpenAppMiniTemplatemessageSendModel import (
    AlipayOpenAppMiniTemplatemessageSendModel,
)
from alipay.aop.api.request.AlipayOpenAppMiniTemplatemessageSendRequest import (
    AlipayOpenAppMiniTemplatemessageSendRequest,
)
from alipay.aop.api.util import WebUtils
from celery import Celery

ANSWERS = "bench:answers"
app = Celery("sdk_tasks", broker=os.environ.get("BENCH_BROKER"), set_as_current=False)
app.conf.update(
    worker_prefetch_multiplier=4, task_ignore_result=True, broker_connection_retry_on_startup=True
)


class Redirected(http.client.HTTPConnection):
    """The SDK knows ports 80 and 443 only."""

    def __init__(self, host: str, **_: Any) -> None:
        port = urllib.parse.urlsplit(os.environ["BENCH_GATEWAY"]).port
        super().__init__(host=host, port=port, timeout=10)


class Library:
    HTTPConnection = Redirected


@cache
def told() -> tuple[dict[str, Any], DefaultAlipayClient, redis.Redis]:
    texts = json.loads(Path(os.environ["BENCH_APP"]).read_text("utf-8"))
    WebUtils.httplib = Library
    config = AlipayClientConfig()
    config.server_url = "http://127.0.0.1/gateway.do"
    config.app_id = texts["app_id"]
    config.app_private_key = texts["app_private_key"]
    config.alipay_public_key = texts["alipay_public_key"]
    broker = os.environ["BENCH_BROKER"].replace("redis+socket://", "unix://").replace("virtual_host", "db")
    return texts, DefaultAlipayClient(config), redis.Redis.from_url(broker)


@app.task(name="bench.sdk_send")
def sdk_send(open_id: str, number: int) -> None:
    texts, client, counted = told()
    model = AlipayOpenAppMiniTemplatemessageSendModel()
    model.to_open_id = open_id
    model.user_template_id = texts["template_id"]
    model.page = f"pages/renew/index?rt%3DAbC{number:09d}xYz0123456"
    model.data = json.dumps(texts["data"], ensure_ascii=False, separators=(",", ":"))
    request = AlipayOpenAppMiniTemplatemessageSendRequest(biz_model=model)
    node = json.loads(client.execute(request))
    counted.rpush(ANSWERS, node["code"])
