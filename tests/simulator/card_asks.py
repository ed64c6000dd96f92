"""Cards as a merchant asks for them, for the tests that do."""

import itertools
import json
import struct
import zlib
from datetime import datetime, timedelta
from typing import Any

NAMES = "alipay.marketing.card."
CREATE, MODIFY, QUERY_TEMPLATE, TEMPLATES = (
    f"{NAMES}template.{one}" for one in ("create", "modify", "query", "batchquery")
)
FORM, APPLY, ANSWERS = (
    f"{NAMES}{one}" for one in ("formtemplate.set", "activateurl.apply", "activateform.query")
)
OPEN, UPDATE, QUERY, DELETE, NOTIFY, CONSUME = (
    f"{NAMES}{one}" for one in ("open", "update", "query", "delete", "message.notify", "consume.sync")
)
ADD_BENEFIT, CHANGE_BENEFIT, BENEFITS, DROP_BENEFIT = (
    f"{NAMES}benefit.{one}" for one in ("create", "modify", "query", "delete")
)
UPLOAD, USER_TOKEN, USER = (
    "alipay.offline.material.image.upload",
    "alipay.system.oauth.token",
    "alipay.user.info.share",
)
MOBILE, NAME, GENDER, CITY, BIRTHDAY, IDCARD = (
    f"OPEN_FORM_FIELD_{one}" for one in ("MOBILE", "NAME", "GENDER", "CITY", "BIRTHDAY", "IDCARD")
)
CALLBACK = "http://127.0.0.1:9/cards/callback"
_numbers = itertools.count(1)


def number() -> str:
    return f"K{next(_numbers):06d}"


def moment(now: str, days: float = 0, seconds: float = 0) -> str:
    """`now` as GET /sim/clock tells it, so much later."""
    then = datetime.fromisoformat(now).replace(tzinfo=None) + timedelta(days=days, seconds=seconds)
    return then.strftime("%Y-%m-%d %H:%M:%S")


def picture(width: int, height: int, *, padding: int = 0) -> bytes:
    """A png of this size; with so many bytes more behind its end."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    lines = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", lines) + chunk(b"IEND", b"") + bytes(padding)


COLUMNS: list[dict[str, Any]] = [
    {"code": "POINT", "title": "积分", "operate_type": "openWeb", "more_info": {"url": "https://x.example"}},
    {"code": "BALANCE", "title": "余额"},
    {"code": "LEVEL", "title": "等级"},
    {"code": "TELEPHONE", "title": "电话", "value": "95188"},
]
LEVELS = [{"level": "1", "level_show_name": "银卡"}, {"level": "2", "level_show_name": "金卡"}]


def action(code: str, text: str, *, on_list: bool = False) -> dict[str, Any]:
    inside = {"mini_app_id": "2021000000000001", "display_on_list": "true" if on_list else "false"}
    return {"code": code, "text": text, "url_type": "miniAppUrl", "mini_app_url": inside}


def template(**more: Any) -> dict[str, Any]:
    """A free card with points, balance and level, two quick services and one more action."""
    return {
        "request_id": number(),
        "card_type": "OUT_MEMBER_CARD",
        "biz_no_prefix": "M",
        "biz_no_suffix_len": "10",
        "write_off_type": "qrcode",
        "template_style_info": {"card_show_name": "云朵会员卡", "brand_name": "云朵租机"},
        "column_info_list": COLUMNS,
        "card_level_conf": LEVELS,
        "card_action_list": [
            action("SIGN", "签到", on_list=True),
            action("ORDER", "我的订单", on_list=True),
            action("HELP", "客服"),
        ],
        **more,
    }


def fields(*names: str) -> str:
    return json.dumps({"common_fields": list(names)})


def form(template_id: str, *required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    parts = {"required": fields(*(required or (MOBILE, NAME)))}
    return {
        "template_id": template_id,
        "fields": {**parts, **({"optional": fields(*optional)} if optional else {})},
    }


def benefit(template_id: str, now: str, **more: Any) -> dict[str, Any]:
    facts = {
        "template_id": template_id,
        "title": "生日双倍积分",
        "benefit_desc": ["生日当月", "每单双倍"],
        "start_date": moment(now, -1),
        "end_date": moment(now, 30),
    }
    return {"mcard_template_benefit": {**facts, **more}}


def about(card_no: str, **more: Any) -> dict[str, Any]:
    return {"target_card_no": card_no, "target_card_no_type": "BIZ_CARD", **more}


def trade(card_no: str, at: str, **more: Any) -> dict[str, Any]:
    facts = {
        "trade_type": "TRADE",
        "swipe_cert_type": "ALIPAY",
        "trade_amount": "25.00",
        "trade_no": number(),
    }
    return about(card_no, trade_time=at, **{**facts, **more})


def reminder(card_no: str, now: str, **more: Any) -> dict[str, Any]:
    info = json.dumps({"expired_point": "30", "expired_time": moment(now, 7)})
    facts = {"notify_type": "POINT_REMIND", "notify_info": info, "notify_no": number()}
    return about(card_no, occur_time=moment(now), **{**facts, **more})
