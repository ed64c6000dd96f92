"""What the platform posts to us: notifications of a call (`notify_url`) and message-service pushes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway import signing


class BadNotification(ValueError):
    """Not to be trusted or not to be read; `reason` is unsigned, sign_type, bad_signature or fields."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Notification:
    """`kind` is `msg_method` of the message service, else `notify_type`; `notify_id` is the same on every
    delivery of one notification. `auth_app_id` names the merchant's app when `app_id` is a provider's, else
    it is the same. `content` is the parsed `biz_content` of the message service, else the business fields."""

    app_id: str
    auth_app_id: str
    notify_id: str
    kind: str
    content: Mapping[str, Any]


_COMMON = frozenset(
    {"app_id", "auth_app_id", "notify_id", "notify_type", "notify_time", "utc_timestamp", "msg_method"}
    | {"msg_type", "msg_uid", "version", "charset", "encrypt_type", "sign", "sign_type"}
)


def app_id_of(fields: Mapping[str, str]) -> str:
    """The app whose key verifies these fields; unverified, good for the look-up only. Empty if absent."""
    return fields.get("app_id", "")


def read(fields: Mapping[str, str], public_key: RSAPublicKey) -> Notification:
    """Verify and parse the decoded form fields of one post. Raises BadNotification.

    Neither `sign` nor `sign_type` is part of the string to sign here, unlike in requests.
    """
    if not fields.get("sign"):
        raise BadNotification("unsigned", "The notification has no signature.")
    if fields.get("sign_type", "RSA2") != "RSA2":
        raise BadNotification("sign_type", "The notification is not signed with RSA2.")
    content = signing.string_to_sign(fields, leave_out=("sign", "sign_type"))
    if not signing.verify(public_key, content.encode(), fields["sign"]):
        raise BadNotification("bad_signature", "The signature does not fit the notification.")
    return _parse(fields)


def _parse(fields: Mapping[str, str]) -> Notification:
    kind = fields.get("msg_method") or fields.get("notify_type", "")
    missing = [name for name in ("app_id", "notify_id") if not fields.get(name)]
    if not kind:
        missing.append("msg_method or notify_type")
    if missing:
        raise BadNotification("fields", f"The notification lacks {', '.join(missing)}.")
    return Notification(
        app_id=fields["app_id"],
        auth_app_id=fields.get("auth_app_id") or fields["app_id"],
        notify_id=fields["notify_id"],
        kind=kind,
        content=MappingProxyType(_content(fields)),
    )


def _content(fields: Mapping[str, str]) -> dict[str, Any]:
    if "msg_method" not in fields or "biz_content" not in fields:
        return {name: value for name, value in fields.items() if name not in _COMMON}
    try:
        content = json.loads(fields["biz_content"])
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BadNotification("fields", "The biz_content of the notification is not a JSON object.")
    return content
