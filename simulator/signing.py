"""RSA2 and RSA both ways, written from the protocol's text and separate from any client on purpose."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_PADDING = padding.PKCS1v15()
# RSA with SHA-1 is the platform's legacy; an app takes it only where its settings say so.
_DIGESTS = {"RSA2": hashes.SHA256(), "RSA": hashes.SHA1()}  # noqa: S303
_CACHED_ANSWERS = 4096
# Longer ones hardly ever come twice, and a refused signature repeats all that was sent.
_MAX_CACHED_BYTES = 256


def string_to_sign(params: Mapping[str, str], *, empties: bool = False) -> str:
    """Everything received but `sign` and empty values, sorted by key, raw values joined with `&`.

    With `empties` the empty values stay in, as some clients sign them.
    """
    return "&".join(
        [f"{key}={params[key]}" for key in sorted(params) if key != "sign" and (empties or params[key] != "")]
    )


@dataclass(slots=True)
class Keys:
    """The two key pairs of one app: what the app signs with, and what the platform answers with."""

    app_private: rsa.RSAPrivateKey
    platform_private: rsa.RSAPrivateKey
    app_public: rsa.RSAPublicKey = field(init=False)
    _answers: dict[tuple[str, bytes], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.app_public = self.app_private.public_key()

    @classmethod
    def generate(cls) -> "Keys":
        return cls(
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
        )

    @classmethod
    def load(cls, app_private: bytes, platform_private: bytes) -> "Keys":
        pair = [
            serialization.load_der_private_key(der, password=None) for der in (app_private, platform_private)
        ]
        if not all(isinstance(key, rsa.RSAPrivateKey) for key in pair):
            raise ValueError("the store holds a key that is not RSA")
        return cls(*pair)  # type: ignore[arg-type]

    def dump(self) -> tuple[bytes, bytes]:
        return _private_der(self.app_private, pkcs8=True), _private_der(self.platform_private, pkcs8=True)

    def texts(self) -> dict[str, str]:
        """What a merchant copies out of the key page: base64 of DER, without PEM lines."""
        public = self.platform_private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "app_private_key": _text(_private_der(self.app_private, pkcs8=False)),
            "app_private_key_pkcs8": _text(_private_der(self.app_private, pkcs8=True)),
            "alipay_public_key": _text(public),
        }

    def request_is_genuine(self, sign: str, content: bytes, sign_type: str = "RSA2") -> bool:
        try:
            signature = base64.b64decode(sign, validate=True)
            self.app_public.verify(signature, content, _PADDING, _DIGESTS[sign_type])
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    def sign_answer(self, node: bytes, sign_type: str = "RSA2") -> str:
        """Signing costs half a millisecond, and most answers are the same few bytes: those are kept."""
        if len(node) > _MAX_CACHED_BYTES:
            return _text(self.platform_private.sign(node, _PADDING, _DIGESTS[sign_type]))
        known = self._answers.get((sign_type, node))
        if known is None:
            known = _text(self.platform_private.sign(node, _PADDING, _DIGESTS[sign_type]))
            if len(self._answers) >= _CACHED_ANSWERS:
                self._answers.clear()
            self._answers[sign_type, node] = known
        return known

    def sign_wrongly(self, node: bytes) -> str:
        """A well-formed signature over other bytes."""
        return _text(self.platform_private.sign(node + b" ", _PADDING, _DIGESTS["RSA2"]))


def _private_der(key: rsa.RSAPrivateKey, *, pkcs8: bool) -> bytes:
    shape = serialization.PrivateFormat.PKCS8 if pkcs8 else serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.DER, shape, serialization.NoEncryption())


def _text(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")
