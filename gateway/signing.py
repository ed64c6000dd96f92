"""String to sign, RSA2 signatures, and keys in whatever form an operator pastes them."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

MIN_KEY_BITS = 2048
"""RSA2 is defined with 2048 bits; the platform takes no shorter key for it."""

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


class InvalidKey(ValueError):
    """A key that cannot be used; the text says why and what to paste instead.

    `reason` is one of: empty, not_base64, not_a_key, private_given, public_given, password, certificate,
    not_rsa, too_short, own_public_key. The text never holds any part of the key.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def string_to_sign(parameters: Mapping[str, str], *, leave_out: Iterable[str] = ("sign",)) -> str:
    """`key=value` pairs joined by `&`, values raw, sorted by the bytes of the key, empty values dropped."""
    dropped = frozenset(leave_out)
    kept = [(key, value) for key, value in parameters.items() if value != "" and key not in dropped]
    kept.sort(key=lambda pair: pair[0].encode())
    return "&".join(f"{key}={value}" for key, value in kept)


def sign(private_key: RSAPrivateKey, text: str) -> str:
    """SHA256withRSA (PKCS#1 v1.5) over the UTF-8 bytes of `text`, as base64."""
    signature = private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode("ascii")


def verify(public_key: RSAPublicKey, content: bytes, signature: str) -> bool:
    """Whether `signature` (base64) is the RSA2 signature of exactly these bytes."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:  # binascii.Error, and text outside ASCII
        return False
    try:
        public_key.verify(raw, content, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def load_private_key(text: str) -> RSAPrivateKey:
    """The app's private key from PEM or bare base64 DER, PKCS#1 or PKCS#8.

    Raises InvalidKey.
    """
    label, der = _der(text)
    if label is not None and "PUBLIC" in label:
        raise _public_given()
    try:
        key = serialization.load_der_private_key(der, password=None)
    except TypeError:
        raise _password() from None
    except (ValueError, UnsupportedAlgorithm):
        if _is_public(der):
            raise _public_given() from None
        raise InvalidKey(
            "not_a_key", "This is not a private key. Paste the app's private key, PKCS#1 or PKCS#8."
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidKey("not_rsa", "This private key is not an RSA key. Create an RSA2 key of 2048 bits.")
    _check_length(key.key_size)
    return key


def load_public_key(text: str) -> RSAPublicKey:
    """A public key from PEM or bare base64 DER (SubjectPublicKeyInfo, as the platform shows it, or PKCS#1).

    Raises InvalidKey.
    """
    label, der = _der(text)
    if label is not None and "PRIVATE" in label:
        raise _private_given()
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        if _is_private(der):
            raise _private_given() from None
        raise InvalidKey(
            "not_a_key",
            "This is not a public key. Paste the Alipay public key shown in the open platform console.",
        ) from None
    if not isinstance(key, RSAPublicKey):
        raise InvalidKey(
            "not_rsa", "This public key is not an RSA key. Paste the Alipay public key for RSA2."
        )
    _check_length(key.key_size)
    return key


def check_key_pair(*, app_private_key: str, alipay_public_key: str) -> None:
    """Raise InvalidKey unless both can be used together.

    The commonest mistake is to paste the app's own public key where Alipay's belongs: every call would then
    be accepted by the platform and every answer look forged.
    """
    private = load_private_key(app_private_key)
    public = load_public_key(alipay_public_key)
    if private.public_key().public_numbers() == public.public_numbers():
        raise InvalidKey(
            "own_public_key",
            "This is the app's own public key. Paste the Alipay public key, which the open platform console "
            "shows after the app's public key has been saved there.",
        )


def public_key_text(key: RSAPrivateKey | RSAPublicKey) -> str:
    """The public key as bare base64 DER, the form the open platform console takes and shows."""
    return base64.b64encode(_public_der(key)).decode("ascii")


def fingerprint(key: str | RSAPrivateKey | RSAPublicKey) -> str:
    """`SHA256:` and 43 characters that identify a public key on a page, or of a private key's public half."""
    loaded = load_public_key(key) if isinstance(key, str) else key
    digest = hashlib.sha256(_public_der(loaded)).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def _public_der(key: RSAPrivateKey | RSAPublicKey) -> bytes:
    public = key.public_key() if isinstance(key, RSAPrivateKey) else key
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _der(text: str) -> tuple[str | None, bytes]:
    """PEM label (None for bare base64) and the DER bytes; broken line ends and stray spaces are forgiven."""
    text = text.strip().lstrip("\ufeff")
    if not text:
        raise InvalidKey("empty", "The key is empty.")
    pem = _PEM.search(text)
    label = pem.group(1) if pem else None
    body = pem.group(2) if pem else text
    if label == "CERTIFICATE":
        raise InvalidKey(
            "certificate", "This is a certificate. Paste a key; certificate mode is not supported."
        )
    if (label is not None and "ENCRYPTED" in label) or "ENCRYPTED" in body.partition("\n\n")[0]:
        raise _password()
    try:
        return label, base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidKey(
            "not_base64",
            "This is not a key: it holds characters that no key has. Paste the whole key, nothing else.",
        ) from None


def _is_public(der: bytes) -> bool:
    try:
        serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_private(der: bytes) -> bool:
    try:
        serialization.load_der_private_key(der, password=None)
    except TypeError:
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _check_length(bits: int) -> None:
    if bits < MIN_KEY_BITS:
        raise InvalidKey(
            "too_short", f"This key has {bits} bits. RSA2 needs a key of at least {MIN_KEY_BITS} bits."
        )


def _public_given() -> InvalidKey:
    return InvalidKey("public_given", "This is a public key. Paste the app's private key here.")


def _private_given() -> InvalidKey:
    return InvalidKey("private_given", "This is a private key. Paste the Alipay public key here.")


def _password() -> InvalidKey:
    return InvalidKey(
        "password", "This private key is protected by a password. Remove the password and paste it again."
    )
