"""What the gateway refuses before it looks at the method: how each stranger, as it is, comes to say it."""

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.sealing import seal

ONE = {"page_size": 1}
KEY = base64.b64encode(bytes(range(16))).decode()
OTHER_KEY = base64.b64encode(bytes(16)).decode()


@dataclass(frozen=True)
class Said:
    """`settings` of the SDK itself, `params` and `biz` of one call; `app` are settings of the app."""

    settings: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    biz: Any = field(default_factory=lambda: dict(ONE))
    app: dict[str, Any] = field(default_factory=dict)


_KEYED = {"aes_key": KEY}
_SEALED = seal("{}", KEY)
_BY_ANOTHER_KEY = seal("{}", OTHER_KEY)
_NO_TEXT = seal("é", KEY, charset="latin-1")

OFFICIAL: dict[str, Said] = {
    "isv.missing-method": Said(params={"method": ""}),
    "isv.missing-signature": Said({"skip_sign": True}),
    "isv.missing-signature-type": Said({"sign_type": ""}),
    "isv.missing-version": Said(params={"version": ""}),
    "isv.missing-encrypt-key": Said({"encrypt_type": "AES"}),
    "isv.decryption-error-missing-encrypt-type": Said(biz=_SEALED, app=_KEYED),
    "isv.invalid-method": Said(params={"method": "alipay.open.nothing.at.all"}),
    "isv.invalid-format": Said({"format": "xml"}),
    "isv.invalid-charset": Said({"charset": "latin-1"}),
    "isv.invalid-signature-type": Said({"sign_type": "MD5"}),
    "isv.invalid-parameter": Said(params={"version": "2.0"}),
    "isv.invalid-encrypt-type": Said({"encrypt_type": "DES"}),
    "isv.invalid-encrypt": Said({"encrypt_type": "AES"}, app=_KEYED),
    "isv.decryption-error-not-valid-encrypt-key": Said(
        {"encrypt_type": "AES"}, biz=_BY_ANOTHER_KEY, app=_KEYED
    ),
    "isv.suspected-attack": Said(biz={"industry_scenario": "a=1&body=7"}, app={"refuses_key_names": True}),
    "isv.missing-signature-config": Said(app={"signature_config": False}),
    "isv.invalid-app-state": Said(app={"state": "offline"}),
    "isv.decryption-error-unknown": Said({"encrypt_type": "AES"}, biz=_NO_TEXT, app=_KEYED),
}
# It takes any common parameter with the call, but always signs, and trusts no error_response.
INDEPENDENT: dict[str, Said] = {
    "isv.missing-signature-type": Said(params={"sign_type": ""}),
    "isv.missing-timestamp": Said(params={"timestamp": ""}),
    "isv.missing-version": Said(params={"version": ""}),
    "isv.missing-encrypt-key": Said(params={"encrypt_type": "AES"}),
    "isv.decryption-error-missing-encrypt-type": Said(biz=_SEALED, app=_KEYED),
    "isv.invalid-format": Said(params={"format": "xml"}),
    "isv.invalid-charset": Said(params={"charset": "latin-1"}),
    "isv.invalid-signature-type": Said(params={"sign_type": "MD5"}),
    "isv.invalid-timestamp": Said(params={"timestamp": "2025-02-30 00:00:00"}),
    "isv.invalid-parameter": Said(params={"version": "2.0"}),
    "isv.invalid-encrypt-type": Said(params={"encrypt_type": "DES"}),
    "isv.invalid-encrypt": Said(params={"encrypt_type": "AES"}, app=_KEYED),
    "isv.decryption-error-not-valid-encrypt-key": Said(
        params={"encrypt_type": "AES"}, biz=_BY_ANOTHER_KEY, app=_KEYED
    ),
    "isv.suspected-attack": Said(biz={"industry_scenario": "a=1&body=7"}, app={"refuses_key_names": True}),
    "isv.missing-signature-config": Said(app={"signature_config": False}),
    "isv.invalid-app-state": Said(app={"state": "offline"}),
    "isv.decryption-error-unknown": Said(params={"encrypt_type": "AES"}, biz=_NO_TEXT, app=_KEYED),
}
TABLES = {"official": OFFICIAL, "independent": INDEPENDENT}
# Told by conversations of their own: {sub_code: where}.
ELSEWHERE = {
    "isv.invalid-signature": "test_envelope.py",
    "isv.invalid-timestamp": "test_envelope.py",
    "isv.missing-app-id": "test_envelope.py",
    "isv.invalid-app-id": "test_envelope.py",
    "isv.method-call-limited": "test_envelope.py",
    "isv.app-call-limited": "test_envelope.py",
    "isv.insufficient-isv-permissions": "test_tokens.py",
    "isv.missing-timestamp": "said by the independent client; the official SDK always writes one",
}
