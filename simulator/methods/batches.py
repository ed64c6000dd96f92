"""One message to a crowd: all who subscribed to the template, or those of them who are in a named crowd."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

from simulator.batches import Batch
from simulator.clock import BEIJING, DAY_SECONDS, beijing
from simulator.codes import Done, Refusal
from simulator.library import SUBSCRIBED
from simulator.methods.call import Call, Method, inside
from simulator.methods.messages import APP_AND_TEMPLATE, BROKEN, CONTENT
from simulator.sending import content, has_sensitive_words, template_to_send

# SIM: earliest and latest time of a batch that waits; nothing is published.
AHEAD_SECONDS = (600, 30 * DAY_SECONDS)
_STARTS = "alipays://platformapi/startapp"
_TIME = "%Y-%m-%d %H:%M:%S"


def batch_send(call: Call) -> Done:
    biz = call.biz("BIZ_CONTENT_FORMAT_ERROR", "BIZ_CONTENT_FORMAT_ERROR")
    template = template_to_send(call.store, call.app, biz.get("template_id"))
    if template.entry.trigger != SUBSCRIBED:
        raise Refusal("USER_TEMPLATE_ILLEGAL")
    data, page = content(template, biz.get("data"), biz.get("page"))
    crowd_code = biz.get("crowd_code") or ""
    if crowd_code and not (isinstance(crowd_code, str) and call.batches.has_crowd(call.app, crowd_code)):
        raise Refusal("CROWD_CODE_INVALID")
    due_at = _due_at(biz.get("schedule_send_time"), call.store.clock.now())
    if has_sensitive_words(data):
        raise Refusal("DATA_SENSITIVE")
    if not call.batches.left_today(call.app):
        raise Refusal("BATCH_SEND_QUOTA_OVER_LIMIT")
    batch = call.batches.submit(
        call.app, template.template_id, crowd_code=crowd_code, data=data, page=page, due_at=due_at
    )
    return Done({"batch_msg_id": batch.batch_msg_id})


def _due_at(wish: Any, now: float) -> float | None:
    if not wish:
        return None
    try:
        due_at = datetime.strptime(wish, _TIME).replace(tzinfo=BEIJING).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise Refusal("SCHEDULE_TIME_INVALID", "schedule_send_time 的格式为 yyyy-MM-dd HH:mm:ss") from None
    earliest, latest = AHEAD_SECONDS
    # to the second, as the time that was given
    if not int(now) + earliest <= due_at <= now + latest:
        raise Refusal("SCHEDULE_TIME_INVALID", "定时发送需在 10 分钟后、30 天内")
    return due_at


def query_batch(call: Call) -> Done:
    biz = call.biz("isv.illegal-json", "isv.illegal-json")
    batch = call.batches.of(call.app, biz.get("batch_msg_id"))
    if batch is None:
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "batch_msg_id 不存在")
    record: dict[str, object] = {
        "batch_msg_id": batch.batch_msg_id,
        "template_id": batch.template_id,
        "msg_content": _content(call, batch),
        "msg_send_count": batch.sent,
        "msg_send_status": batch.status,
        "msg_send_time": beijing(batch.due_at).strftime(_TIME),
    }
    if batch.crowd_code:
        record["crowd_code"] = batch.crowd_code
    return Done({"record": record})


def _content(call: Call, batch: Batch) -> dict[str, object]:
    template, data = call.app.templates[batch.template_id], json.loads(batch.data)
    return {
        "title": template.entry.name,
        "jump_url": f"{_STARTS}?appId={call.app.app_id}&page={quote(batch.page, safe='')}",
        "keyword_list": [
            {"name": name, "value": data[f"keyword{number}"]["value"]}
            for number, name in enumerate(template.keywords, 1)
        ],
    }


METHODS = {
    "alipay.open.app.mini.templatemessage.batchsend": Method(
        batch_send,
        takes=("template_id", "data", "page", "crowd_code", "schedule_send_time"),
        gives=("batch_msg_id",),
        refuses=(
            *APP_AND_TEMPLATE,
            *CONTENT,
            "CROWD_CODE_INVALID",
            "SCHEDULE_TIME_INVALID",
            "BATCH_SEND_QUOTA_OVER_LIMIT",
            *BROKEN,
        ),
        judges_state=True,
    ),
    "alipay.open.app.mini.batchtemplatemsg.query": Method(
        query_batch,
        takes=("batch_msg_id",),
        gives=inside(
            "record",
            "batch_msg_id",
            "template_id",
            "crowd_code",
            "msg_content.title",
            "msg_content.jump_url",
            "msg_content.keyword_list[].name",
            "msg_content.keyword_list[].value",
            "msg_send_count",
            "msg_send_status",
            "msg_send_time",
        ),
        refuses=("isv.illegal-json", "ILLEGAL_ARGUMENT_PARAMS"),
        of_mini_program=True,
    ),
}
