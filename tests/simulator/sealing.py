"""AES of the protocol for the tests, written from its text with `cryptography` directly."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def seal(text: str, key: str, *, charset: str = "utf-8") -> str:
    data = text.encode(charset)
    missing = 16 - len(data) % 16
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(
        encryptor.update(data + bytes([missing]) * missing) + encryptor.finalize()
    ).decode()


def unseal(text: str, key: str, *, charset: str = "utf-8") -> Any:
    decryptor = _cipher(key).decryptor()
    data = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
    return json.loads(data[: -data[-1]].decode(charset))


def _cipher(key: str) -> Any:
    return Cipher(algorithms.AES(base64.b64decode(key)), modes.CBC(bytes(16)))
