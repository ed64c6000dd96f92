import base64
import textwrap

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway import signing
from tests.gateway.platform import KEYS

PRIVATE = signing.load_private_key(KEYS["app_private_key"])


def _pem(label: str, text: str) -> str:
    return f"-----BEGIN {label}-----\n" + "\n".join(textwrap.wrap(text, 64)) + f"\n-----END {label}-----\n"


@pytest.mark.parametrize(
    "text",
    [
        KEYS["app_private_key"],
        KEYS["app_private_key_pkcs8"],
        _pem("RSA PRIVATE KEY", KEYS["app_private_key"]),
        _pem("PRIVATE KEY", KEYS["app_private_key_pkcs8"]),
        f"-----BEGIN PRIVATE KEY-----{KEYS['app_private_key_pkcs8']}-----END PRIVATE KEY-----",
        "\ufeff  " + "\r\n".join(textwrap.wrap(KEYS["app_private_key"], 76)) + "\r\n",
    ],
    ids=["PKCS1", "PKCS8", "PKCS1 PEM", "PKCS8 PEM", "PEM on one line", "broken into lines"],
)
def test_a_private_key_is_read_in_every_form_it_is_pasted_in(text: str) -> None:
    assert signing.load_private_key(text).private_numbers() == PRIVATE.private_numbers()


def test_a_public_key_is_read_as_base64_pem_and_pkcs1() -> None:
    expected = PRIVATE.public_key().public_numbers()
    pkcs1 = base64.b64encode(
        PRIVATE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    ).decode()
    for text in (KEYS["app_public_key"], _pem("PUBLIC KEY", KEYS["app_public_key"]), pkcs1):
        assert signing.load_public_key(text).public_numbers() == expected


def _private_text(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    ).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("  \n", "empty"),
        ("my key!", "not_base64"),
        (base64.b64encode(b"nothing").decode(), "not_a_key"),
        (KEYS["app_public_key"], "public_given"),
        (_pem("PUBLIC KEY", KEYS["app_public_key"]), "public_given"),
        (_private_text(PRIVATE, b"secret"), "password"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----",
            "password",
        ),
        (_pem("CERTIFICATE", "AAAA"), "certificate"),
        (_private_text(ec.generate_private_key(ec.SECP256R1())), "not_rsa"),
        (_private_text(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "too_short"),
    ],
    ids=lambda value: value if "_" in value or value.isalpha() else "",
)
def test_a_private_key_that_cannot_be_used_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(signing.InvalidKey) as caught:
        signing.load_private_key(text)
    assert caught.value.reason == reason
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["app_private_key", "app_private_key_pkcs8"])
def test_a_private_key_in_the_place_of_the_public_one_is_named_as_such(name: str) -> None:
    for text in (KEYS[name], _pem("PRIVATE KEY", KEYS[name])):
        with pytest.raises(signing.InvalidKey) as caught:
            signing.load_public_key(text)
        assert caught.value.reason == "private_given"
        assert KEYS[name][:20] not in str(caught.value)


def test_the_app_s_own_public_key_is_not_taken_for_alipay_s() -> None:
    with pytest.raises(signing.InvalidKey) as caught:
        signing.check_key_pair(
            app_private_key=KEYS["app_private_key"], alipay_public_key=KEYS["app_public_key"]
        )
    assert caught.value.reason == "own_public_key"
    signing.check_key_pair(
        app_private_key=KEYS["app_private_key_pkcs8"], alipay_public_key=KEYS["alipay_public_key"]
    )


def test_a_fingerprint_is_the_same_for_every_form_of_a_key_and_differs_between_keys() -> None:
    ours = signing.fingerprint(KEYS["app_public_key"])
    assert (
        ours
        == signing.fingerprint(PRIVATE)
        == signing.fingerprint(_pem("PUBLIC KEY", KEYS["app_public_key"]))
    )
    assert ours != signing.fingerprint(KEYS["alipay_public_key"])
    assert ours.startswith("SHA256:")
    assert len(ours) == len("SHA256:") + 43
    assert signing.public_key_text(PRIVATE) == KEYS["app_public_key"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_signature_fits_its_text_and_no_other(text: str) -> None:
    signature = signing.sign(PRIVATE, text)
    assert signing.verify(PRIVATE.public_key(), text.encode(), signature)
    assert not signing.verify(PRIVATE.public_key(), text.encode() + b"x", signature)


@given(st.text())
def test_any_text_as_a_signature_is_judged_without_an_error(signature: str) -> None:
    assert not signing.verify(PRIVATE.public_key(), b"content", signature)


NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="&="), min_size=1)


@given(st.dictionaries(NAMES, st.text(alphabet=st.characters(exclude_categories=["Cs"]))), st.randoms())
def test_the_string_to_sign_ignores_order_empty_values_and_the_signature(given_: dict, random) -> None:
    shuffled = list(given_.items())
    random.shuffle(shuffled)
    text = signing.string_to_sign(given_)
    assert signing.string_to_sign({**dict(shuffled), "sign": "abc"}) == signing.string_to_sign(
        {key: value for key, value in given_.items() if value and key != "sign"}
    )
    kept = sorted((k.encode() for k, v in given_.items() if v and k != "sign"))
    assert text == "&".join(f"{k.decode()}={given_[k.decode()]}" for k in kept)


def test_a_certificate_is_not_mistaken_for_a_key() -> None:
    with pytest.raises(signing.InvalidKey, match="certificate"):
        signing.load_public_key(_pem("CERTIFICATE", "AAAA"))
