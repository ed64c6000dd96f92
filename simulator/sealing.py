"""Encrypted content: AES in CBC mode with an IV of zeros and PKCS #7 padding, base64 outside."""

import base64
import binascii
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.codes import Refusal

KEY_BYTES = (16, 32)
_BLOCK_BYTES = 16
_ZEROS = modes.CBC(bytes(_BLOCK_BYTES))


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES[0])).decode()


def key_of(text: str) -> bytes | None:
    """The key that `text` holds in base64, or None."""
    raw = _decoded(text)
    return raw if raw is not None and len(raw) in KEY_BYTES else None


def seal(content: bytes, key: str) -> str:
    padder = PKCS7(_BLOCK_BYTES * 8).padder()
    encryptor = _cipher(key).encryptor()
    padded = padder.update(content) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def unseal(text: str, key: str, charset: str) -> str:
    """Raises Refusal: no ciphertext, made with another key, or not text in `charset`."""
    sealed = _decoded(text)
    if not sealed or len(sealed) % _BLOCK_BYTES:
        raise Refusal("isv.invalid-encrypt")
    decryptor, unpadder = _cipher(key).decryptor(), PKCS7(_BLOCK_BYTES * 8).unpadder()
    try:
        padded = decryptor.update(sealed) + decryptor.finalize()
        content = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise Refusal("isv.decryption-error-not-valid-encrypt-key") from None
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        raise Refusal("isv.decryption-error-unknown") from None


def looks_sealed(text: str) -> bool:
    sealed = _decoded(text)
    return bool(sealed) and len(sealed or b"") % _BLOCK_BYTES == 0


def _cipher(key: str) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(base64.b64decode(key)), _ZEROS)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
