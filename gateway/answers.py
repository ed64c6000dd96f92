"""From the bytes of an answer to its outcome: envelope, signature, code."""

import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import ValidationError

from gateway import signing
from gateway.methods import R, Request
from gateway.outcomes import SUB_CODES, Accepted, Busy, Outcome, Refused, SubCode, Unknown

SUCCESS = "10000"
SYSTEM_ERROR = "20000"
CALL_LIMITED = "40005"

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_UNLISTED = SubCode("refused", "batch")


class BadAnswer(ValueError):
    """The answer is not an envelope of the platform; the text says what is wrong and holds no data."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """`raw` is the node exactly as sent, the bytes the signature covers; `sign` is None if there is none."""

    name: str
    raw: bytes
    node: dict[str, Any]
    sign: str | None


def read_envelope(body: bytes, method: str) -> Envelope:
    """Cut the node of `method`, or `error_response`, out of the answer. Raises BadAnswer."""
    try:
        text = body.decode("utf-8")
        members = _members(text)
    except UnicodeDecodeError:
        raise BadAnswer("the answer is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadAnswer("the answer is not a JSON object") from None
    names = [name for name in members if name.endswith("_response")]
    if len(names) != 1 or names[0] not in (method.replace(".", "_") + "_response", "error_response"):
        raise BadAnswer("the answer does not hold the one node it should")
    node, raw = members[names[0]]
    if not isinstance(node, dict):
        raise BadAnswer("the node of the answer is not an object")
    sign, _ = members.get("sign", (None, ""))
    if sign is not None and not isinstance(sign, str):
        raise BadAnswer("the signature of the answer is not text")
    return Envelope(name=names[0], raw=raw.encode(), node=node, sign=sign or None)


def judge(request: Request[R], body: bytes, public_key: RSAPublicKey, duration_ms: float) -> Outcome[R]:
    """The outcome of a complete HTTP 200 answer to `request`."""
    try:
        envelope = read_envelope(body, request.method)
        code = _text(envelope.node, "code")
    except BadAnswer as error:
        return Unknown("bad_answer", False, str(error), duration_ms)
    if envelope.sign is None:
        return _judge_unsigned(envelope.node, code, duration_ms)
    if not signing.verify(public_key, envelope.raw, envelope.sign):
        return Unknown("bad_signature", True, "the signature does not fit the answer", duration_ms)
    if code != SUCCESS:
        return _judge_failure(envelope.node, code, duration_ms)
    if envelope.name == "error_response":
        return Unknown("bad_answer", False, "an error node with code 10000", duration_ms)
    try:
        return Accepted(request.read_response(envelope.node), duration_ms)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors(include_input=False)}))
        return Unknown(
            "bad_answer", False, f"code 10000, but these fields cannot be read: {fields}", duration_ms
        )


def _judge_unsigned(node: dict[str, Any], code: str, duration_ms: float) -> Outcome[R]:
    """The platform leaves the signature out when it cannot find the app, and then it did nothing."""
    sub_code = _text(node, "sub_code", "")
    if code == SUCCESS:
        return Unknown("bad_signature", True, "code 10000 without a signature", duration_ms)
    if _shape_of(code, sub_code).shape == "unknown":
        return Unknown(
            "system_error", False, f"{code} {sub_code} without a signature".replace("  ", " "), duration_ms
        )
    return Refused(code, sub_code, _text(node, "sub_msg", ""), "app", sub_code in SUB_CODES, duration_ms)


def _judge_failure(node: dict[str, Any], code: str, duration_ms: float) -> Outcome[R]:
    sub_code = _text(node, "sub_code", "")
    meaning = _shape_of(code, sub_code)
    if meaning.shape == "unknown":
        return Unknown("system_error", False, f"{code} {sub_code}".strip(), duration_ms)
    if meaning.shape == "busy":
        return Busy(code, sub_code, duration_ms)
    sub_msg = _text(node, "sub_msg", "") or _text(node, "msg", "")
    return Refused(code, sub_code, sub_msg, meaning.scope, sub_code in SUB_CODES, duration_ms)


def _shape_of(code: str, sub_code: str) -> SubCode:
    """The code decides where it is plain about the shape; otherwise the table does."""
    if code == SYSTEM_ERROR:
        return SubCode("unknown", "app")
    if code == CALL_LIMITED:
        return SubCode("busy", "app")
    return SUB_CODES.get(sub_code, _UNLISTED)


def _text(node: dict[str, Any], name: str, default: str | None = None) -> str:
    value = node.get(name, default)
    if isinstance(value, bool) or not isinstance(value, str | int):
        if default is not None:
            return default
        raise BadAnswer(f"the answer has no {name}")
    return str(value)


def _members(text: str) -> dict[str, tuple[Any, str]]:
    """Name → (value, its text exactly as sent) of the one object in `text`. Raises ValueError.

    A parser and not a search: business data may hold anything, `},"sign":"` included. A name given twice is
    an error, since two readers could disagree on which one the signature covers.
    """
    members: dict[str, tuple[Any, str]] = {}
    at = _expect(text, _skip(text, 0), "{")
    if text[at : at + 1] == "}":
        at += 1
    else:
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _expect(text, _skip(text, at), ":")
            value, end = _DECODER.raw_decode(text, at)
            if not isinstance(name, str) or name in members:
                raise ValueError("a name is no text or given twice")
            members[name] = (value, text[at:end])
            at = _skip(text, end)
            if text[at : at + 1] == "}":
                at += 1
                break
            at = _expect(text, at, ",")
    if _skip(text, at) != len(text):
        raise ValueError("something follows the object")
    return members


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, character: str) -> int:
    if text[at : at + 1] != character:
        raise ValueError(f"{character} expected")
    return _skip(text, at + 1)
