"""Write signing.json with the official Python SDK: `python -m tests.vectors.make`.

keys.json is made once and kept; its keys are for tests only and protect nothing. Signatures of this kind are
deterministic, so running this again changes nothing unless the SDK changed its mind.
"""

import base64
import json
from pathlib import Path
from typing import Any

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa, sign_with_rsa2
from alipay.aop.api.util.WebUtils import THREAD_LOCAL
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HERE = Path(__file__).parent
KEYS_FILE = HERE / "keys.json"
SIGNING_FILE = HERE / "signing.json"
SIGN = {"RSA2": sign_with_rsa2, "RSA": sign_with_rsa}

COMMON = {
    "app_id": "2021000000000001",
    "charset": "utf-8",
    "format": "JSON",
    "method": "alipay.open.app.mini.templatemessage.send",
    "sign_type": "RSA2",
    "timestamp": "2026-03-01 09:30:00",
    "version": "1.0",
}

REQUESTS: dict[str, dict[str, str]] = {
    "plain": {**COMMON, "biz_content": '{"to_open_id":"abc"}'},
    "Chinese and nested JSON": {
        **COMMON,
        "biz_content": json.dumps(
            {
                "to_open_id": "074a",
                "data": json.dumps({"keyword1": {"value": "满减券 ¥20"}}, ensure_ascii=False),
            },
            ensure_ascii=False,
        ),
    },
    "empty values are left out": {**COMMON, "app_auth_token": "", "notify_url": "", "biz_content": "{}"},
    "ampersand, equals sign, plus and space stay raw": {
        **COMMON,
        "biz_content": '{"page":"pages/x?a=1&b=2+3 4"}',
    },
    "capital letters sort before small ones": {
        **COMMON,
        "Zebra": "1",
        "app_auth_token": "202603BB",
        "zebra": "2",
    },
    "a character outside the basic plane": {**COMMON, "biz_content": '{"value":"🎁到期提醒"}'},
}

# What our own client never says, and the platform takes all the same: {name: (parameters, empties signed)}.
_CHINESE = '{"industry_scenario":"用户活跃","remark":"￥20，到店"}'
OTHER_REQUESTS: dict[str, tuple[dict[str, str], bool]] = {
    "empty values are signed": ({**COMMON, "app_auth_token": "", "remark": "", "biz_content": "{}"}, True),
    "the first and the last value are empty": ({**COMMON, "a": "", "zz": "", "biz_content": ""}, True),
    "gbk": ({**COMMON, "charset": "gbk", "biz_content": _CHINESE}, False),
    "RSA": ({**COMMON, "sign_type": "RSA", "biz_content": _CHINESE}, False),
    "RSA and gbk": ({**COMMON, "charset": "gbk", "sign_type": "RSA", "biz_content": _CHINESE}, False),
}

SEND_NODE = "alipay_open_app_mini_templatemessage_send_response"
NODES: dict[str, tuple[str, str]] = {
    "success": (SEND_NODE, '{"code":"10000","msg":"Success"}'),
    "refusal in Chinese": (
        SEND_NODE,
        '{"code":"40004","msg":"Business Failed","sub_code":"USER_TEMPLATE_ILLEGAL","sub_msg":"模板非法"}',
    ),
    "whitespace and key order are kept": (SEND_NODE, '{ "msg" : "Success",\n\t"code":"10000" }'),
    "escaped text that looks like the end": (
        SEND_NODE,
        '{"code":"10000","msg":"Success","echo":"x\\"},\\"sign\\":\\"AAAA"}',
    ),
    "a nested object followed by a field called sign": (
        SEND_NODE,
        '{"code":"10000","inner":{"deep":{"a":1}},"sign":"not the signature","msg":"Success"}',
    ),
    "braces and backslashes inside text": (
        SEND_NODE,
        '{"code":"10000","msg":"}{\\\\","more":[{"a":"]}"},{}]}',
    ),
    "unicode escapes stay escaped": (SEND_NODE, '{"code":"10000","msg":"\\u6210\\u529f \\/ok"}'),
    "a refusal by the gateway itself": (
        "error_response",
        '{"code":"40002","msg":"Invalid Arguments",'
        '"sub_code":"isv.invalid-method","sub_msg":"不存在的方法名"}',
    ),
}
# {name: (charset, sign_type)}; each is the refusal in Chinese.
OTHER_ANSWERS = {"gbk": ("gbk", "RSA2"), "RSA": ("utf-8", "RSA"), "RSA and gbk": ("gbk", "RSA")}


def make_keys() -> dict[str, str]:
    keys = {"note": "Made for tests only. These keys protect nothing; never use them anywhere else."}
    for owner in ("app", "alipay"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for suffix, fmt in (
            ("private_key", serialization.PrivateFormat.TraditionalOpenSSL),
            ("private_key_pkcs8", serialization.PrivateFormat.PKCS8),
        ):
            der = key.private_bytes(serialization.Encoding.DER, fmt, serialization.NoEncryption())
            keys[f"{owner}_{suffix}"] = base64.b64encode(der).decode()
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        keys[f"{owner}_public_key"] = base64.b64encode(public).decode()
    return keys


def make_vectors(keys: dict[str, str]) -> dict[str, Any]:
    return {
        "requests": [_request(name, given, keys) for name, given in REQUESTS.items()],
        "answers": [_answer(name, node, raw, keys) for name, (node, raw) in NODES.items()],
        "other_requests": [_other_request(name, *given, keys) for name, given in OTHER_REQUESTS.items()],
        "other_answers": [_other_answer(name, *given, keys) for name, given in OTHER_ANSWERS.items()],
    }


def _request(name: str, parameters: dict[str, str], keys: dict[str, str]) -> dict[str, Any]:
    # The SDK signs what it is given; the platform's rule is that empty values take no part.
    content = get_sign_content({key: value for key, value in parameters.items() if value})
    signature = sign_with_rsa2(keys["app_private_key"], content, "utf-8")
    return {"name": name, "parameters": parameters, "string_to_sign": content, "sign": signature}


def _answer(name: str, node: str, raw: str, keys: dict[str, str]) -> dict[str, Any]:
    signature = sign_with_rsa2(keys["alipay_private_key"], raw, "utf-8")
    body = f'{{"{node}":{raw},"sign":"{signature}"}}'
    return {"name": name, "body": body, "node": node, "raw": sdk_content(body, keys["alipay_public_key"])}


def _other_request(name: str, parameters: dict[str, str], empties: bool, keys: dict[str, str]) -> Any:
    content = get_sign_content({key: value for key, value in parameters.items() if value or empties})
    sign = SIGN[parameters["sign_type"]](keys["app_private_key"], content, parameters["charset"])
    given = {"name": name, "parameters": parameters, "empties": empties}
    return {**given, "string_to_sign": content, "sign": sign}


def _other_answer(name: str, charset: str, sign_type: str, keys: dict[str, str]) -> dict[str, Any]:
    node, raw = NODES["refusal in Chinese"]
    signature = SIGN[sign_type](keys["alipay_private_key"], raw, charset)
    body = f'{{"{node}":{raw},"sign":"{signature}"}}'
    assert sdk_content(body, keys["alipay_public_key"], charset) == raw
    given = {"name": name, "charset": charset, "sign_type": sign_type}
    return {**given, "body": body, "node": node, "raw": raw, "sign": signature}


def sdk_content(body: str, alipay_public_key: str, charset: str = "utf-8") -> str:
    """What the SDK cuts out of an answer after it has verified the signature over it."""
    config = AlipayClientConfig()
    config.alipay_public_key, config.charset = alipay_public_key, charset
    THREAD_LOCAL.logger, THREAD_LOCAL.uuid = (
        None,
        "vector",
    )  # set by its execute(), which would open a connection
    return DefaultAlipayClient(config)._DefaultAlipayClient__parse_response(body.encode(charset))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    if not KEYS_FILE.exists():
        _write(KEYS_FILE, make_keys())
    _write(SIGNING_FILE, make_vectors(json.loads(KEYS_FILE.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
