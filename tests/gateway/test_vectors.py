"""Both directions against the official SDK's own code."""

import pytest

from gateway import answers, signing
from tests.gateway.platform import KEYS, SIGNING
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


def test_the_committed_vectors_are_what_the_official_sdk_makes() -> None:
    assert make.make_vectors(KEYS) == SIGNING
