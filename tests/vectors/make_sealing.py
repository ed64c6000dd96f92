"""Write sealing.json with the openssl command line: `python -m tests.vectors.make_sealing`.

Run by hand when a case is added; nothing of the tests needs openssl. It shares no code with what is tested:

    openssl enc -aes-128-cbc -K <key in hex> -iv 0…0 -base64 -A     the content (it pads by PKCS #7)
    openssl dgst -sha256 -sign <key> | openssl base64 -A            over the ciphertext with its quotes
"""

import base64
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.vectors.make import COMMON, HERE, KEYS_FILE, SEND_NODE

SEALING_FILE = HERE / "sealing.json"
AES_KEYS = {"AES-128": bytes(range(16)), "AES-256": bytes(range(32))}
SUCCESS = '{"code":"10000","msg":"Success"}'
REFUSAL = '{"code":"40004","msg":"Business Failed","sub_code":"USER_TEMPLATE_ILLEGAL","sub_msg":"模板非法"}'
CONTENTS: dict[str, tuple[str, str]] = {
    "one block and a bit": ('{"page_size":"10"}', "utf-8"),
    "exactly two blocks": ('{"lib_code":"TM0000001","x":"1"}', "utf-8"),
    "less than a block": ("{}", "utf-8"),
    "Chinese": ('{"industry_scenario":"用户活跃"}', "utf-8"),
    "Chinese in gbk": ('{"industry_scenario":"用户活跃"}', "gbk"),
}


def _openssl(*arguments: str, given: bytes) -> str:
    command = ["openssl", *arguments]
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout.decode()


def _seal(content: str, key: bytes, charset: str) -> str:
    cipher = f"-aes-{len(key) * 8}-cbc"
    given = content.encode(charset)
    return _openssl("enc", cipher, "-K", key.hex(), "-iv", "0" * 32, "-base64", "-A", given=given)


def _sign(text: str, private_key: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        pem, signature = Path(folder) / "key.pem", Path(folder) / "signature"
        pem.write_text(f"-----BEGIN RSA PRIVATE KEY-----\n{private_key}\n-----END RSA PRIVATE KEY-----\n")
        _openssl("dgst", "-sha256", "-sign", str(pem), "-out", str(signature), given=text.encode())
        return _openssl("base64", "-A", given=signature.read_bytes())


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _content(name: str, key_name: str) -> dict[str, Any]:
    text, charset = CONTENTS[name]
    key = AES_KEYS[key_name]
    sealed = _seal(text, key, charset)
    given = {"name": f"{name}, {key_name}", "key": _text(key), "charset": charset}
    return {**given, "content": text, "sealed": sealed}


def _request(keys: dict[str, str]) -> dict[str, Any]:
    """The ciphertext is signed as any other value."""
    content = '{"to_open_id":"074a"}'
    sealed = _seal(content, AES_KEYS["AES-128"], "utf-8")
    parameters = {**COMMON, "encrypt_type": "AES", "biz_content": sealed}
    text = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    given = {"key": _text(AES_KEYS["AES-128"]), "content": content, "parameters": parameters}
    return {**given, "string_to_sign": text, "sign": _sign(text, keys["app_private_key"])}


def _answer(content: str, keys: dict[str, str]) -> dict[str, Any]:
    raw = f'"{_seal(content, AES_KEYS["AES-128"], "utf-8")}"'
    sign = _sign(raw, keys["alipay_private_key"])
    given = {"key": _text(AES_KEYS["AES-128"]), "content": content, "raw": raw, "sign": sign}
    return {**given, "body": f'{{"{SEND_NODE}":{raw},"sign":"{sign}"}}'}


def main() -> None:
    keys = json.loads(KEYS_FILE.read_text(encoding="utf-8"))
    vectors = {
        "contents": [_content(name, key) for name in CONTENTS for key in AES_KEYS],
        "request": _request(keys),
        "answers": [_answer(SUCCESS, keys), _answer(REFUSAL, keys)],
    }
    SEALING_FILE.write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
