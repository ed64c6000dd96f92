"""Both directions against the official SDK's own code, and sealed content against openssl."""

import pytest

from gateway import answers, signing
from tests.gateway.platform import KEYS, SEALING, SIGNING
from tests.vectors import make

METHOD = "alipay.open.app.mini.templatemessage.send"


def _name(vector: dict) -> str:
    return vector["name"]


@pytest.mark.parametrize("vector", SIGNING["requests"], ids=_name)
def test_a_request_is_signed_as_the_official_sdk_signs_it(vector: dict) -> None:
    text = signing.string_to_sign(vector["parameters"])
    assert text == vector["string_to_sign"]
    assert signing.sign(signing.load_private_key(KEYS["app_private_key"]), text) == vector["sign"]


@pytest.mark.parametrize("vector", SIGNING["answers"], ids=_name)
def test_an_answer_is_cut_and_verified_as_the_official_sdk_does(vector: dict) -> None:
    envelope = answers.read_envelope(vector["body"].encode(), METHOD)
    assert envelope.name == vector["node"]
    assert envelope.raw == vector["raw"].encode()
    key = signing.load_public_key(KEYS["alipay_public_key"])
    assert envelope.sign is not None
    assert signing.verify(key, envelope.raw, envelope.sign)
    assert not signing.verify(key, envelope.raw + b" ", envelope.sign)


@pytest.mark.parametrize("vector", SIGNING["other_requests"], ids=_name)
def test_what_others_sign_reads_the_same_but_for_empty_values(vector: dict) -> None:
    """Our client leaves empty values out and signs UTF-8 by RSA2; the string is the same for gbk and RSA."""
    text, content = signing.string_to_sign(vector["parameters"]), vector["string_to_sign"]
    by_rsa2 = vector["parameters"]["sign_type"] == "RSA2"
    public = signing.load_private_key(KEYS["app_private_key"]).public_key()

    assert (text == content) is not vector["empties"]
    data = content.encode(vector["parameters"]["charset"])
    assert signing.verify(public, data, vector["sign"]) is by_rsa2


@pytest.mark.parametrize("vector", SIGNING["other_answers"], ids=_name)
def test_an_answer_in_another_charset_fits_its_bytes_and_sha1_is_not_trusted(vector: dict) -> None:
    raw = vector["raw"].encode(vector["charset"])
    key = signing.load_public_key(KEYS["alipay_public_key"])

    assert signing.verify(key, raw, vector["sign"]) is (vector["sign_type"] == "RSA2")


@pytest.mark.parametrize("vector", SEALING["answers"], ids=lambda vector: vector["content"][:16])
def test_a_sealed_answer_is_verified_with_its_quotes_and_not_taken_for_a_node(vector: dict) -> None:
    key = signing.load_public_key(KEYS["alipay_public_key"])

    assert signing.verify(key, vector["raw"].encode(), vector["sign"])
    assert not signing.verify(key, vector["raw"].strip('"').encode(), vector["sign"])
    with pytest.raises(answers.BadAnswer, match="not an object"):
        answers.read_envelope(vector["body"].encode(), METHOD)


def test_a_sealed_request_is_signed_over_its_ciphertext() -> None:
    vector = SEALING["request"]
    text = signing.string_to_sign(vector["parameters"])

    assert text == vector["string_to_sign"]
    assert signing.sign(signing.load_private_key(KEYS["app_private_key"]), text) == vector["sign"]


def test_the_committed_vectors_are_what_the_official_sdk_makes() -> None:
    assert make.make_vectors(KEYS) == SIGNING
