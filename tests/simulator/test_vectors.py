"""The platform's own signing and sealing against golden vectors: made by the official SDK, and by openssl."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.admission import Request, admit
from simulator.batches import Batches
from simulator.codes import Refusal
from simulator.limits import Limits
from simulator.sealing import seal as platform_seal
from simulator.sealing import unseal as platform_unseal
from simulator.signing import Keys, string_to_sign
from simulator.store import App, Settings
from tests.simulator.merchant import parse
from tests.simulator.sealing import seal, unseal
from tests.simulator.town import Town

VECTORS = Path(__file__).parent.parent / "vectors"
KEYS = json.loads((VECTORS / "keys.json").read_text(encoding="utf-8"))
SIGNING = json.loads((VECTORS / "signing.json").read_text(encoding="utf-8"))
SEALING = json.loads((VECTORS / "sealing.json").read_text(encoding="utf-8"))
REQUESTS = [{**vector, "empties": False} for vector in SIGNING["requests"]] + SIGNING["other_requests"]
ANSWERS = [{**vector, "charset": "utf-8", "sign_type": "RSA2"} for vector in SIGNING["answers"]] + SIGNING[
    "other_answers"
]


def _named(vector: dict[str, Any]) -> str:
    return vector["name"]


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys.load(*(base64.b64decode(KEYS[f"{owner}_private_key"]) for owner in ("app", "alipay")))


@pytest.mark.parametrize("vector", REQUESTS, ids=_named)
def test_the_string_to_sign_is_the_sdk_s(vector: dict[str, Any]) -> None:
    assert string_to_sign(vector["parameters"], empties=vector["empties"]) == vector["string_to_sign"]
    signed = {**vector["parameters"], "sign": vector["sign"]}
    assert string_to_sign(signed, empties=vector["empties"]) == vector["string_to_sign"]


@pytest.mark.parametrize("vector", REQUESTS, ids=_named)
def test_a_request_that_the_sdk_signed_is_genuine_and_another_is_not(
    keys: Keys, vector: dict[str, Any]
) -> None:
    named = vector["parameters"]
    content, sign = vector["string_to_sign"].encode(named["charset"]), vector["sign"]
    other = {"RSA2": "RSA", "RSA": "RSA2"}[named["sign_type"]]

    assert keys.request_is_genuine(sign, content, named["sign_type"])
    assert not keys.request_is_genuine(sign, content, other)
    assert not keys.request_is_genuine(sign, content + b" ", named["sign_type"])


@pytest.mark.parametrize("vector", REQUESTS, ids=_named)
def test_what_the_sdk_signed_is_admitted_only_as_it_was_signed(keys: Keys, vector: dict[str, Any]) -> None:
    params = {**vector["parameters"], "sign": vector["sign"]}
    allowed = Settings(
        industry="rental", allow_rsa=params["sign_type"] == "RSA", sign_with_empties=vector["empties"]
    )

    assert _judged(params, keys, allowed) in ("admitted", "aop.invalid-app-auth-token")
    assert _judged({**params, "timestamp": "2026-03-01 09:30:01"}, keys, allowed) == "isv.invalid-signature"
    assert _judged({**params, "added": "1"}, keys, allowed) == "isv.invalid-signature"
    if vector["empties"]:
        assert _judged(params, keys, Settings(industry="rental")) == "isv.invalid-signature"


def _judged(params: dict[str, str], keys: Keys, settings: Settings) -> str:
    town = Town(people=0)
    try:
        app = App(params["app_id"], settings, keys, Limits())
        admit(Request(params, params["charset"], app=app), town.store, Batches(town.store))
    except Refusal as refusal:
        return refusal.sub_code
    finally:
        town.close()
    return "admitted"


@pytest.mark.parametrize("vector", ANSWERS, ids=_named)
def test_an_answer_is_signed_as_the_sdk_verified_it(keys: Keys, vector: dict[str, Any]) -> None:
    body = vector["body"].encode(vector["charset"])
    raw = vector["raw"].encode(vector["charset"])
    answer = parse(body, f"text/html;charset={vector['charset']}")

    made = keys.sign_answer(raw, vector["sign_type"])

    assert (answer.name, answer.raw_node) == (vector["node"], raw)
    assert made == answer.sign
    assert b'{"' + answer.name.encode() + b'":' + raw + f',"sign":"{made}"'.encode() + b"}" == body
    assert keys.sign_wrongly(raw) != answer.sign


@pytest.mark.parametrize("vector", SEALING["contents"], ids=_named)
def test_content_is_sealed_and_opened_as_openssl_does(vector: dict[str, Any]) -> None:
    key, charset, content, sealed = (vector[name] for name in ("key", "charset", "content", "sealed"))

    assert platform_seal(content.encode(charset), key) == sealed
    assert platform_unseal(sealed, key, charset) == content
    # The tests' own code, which judges the platform elsewhere, is held to the same.
    assert seal(content, key, charset=charset) == sealed
    assert unseal(sealed, key, charset=charset) == json.loads(content)


def test_a_sealed_request_is_signed_over_its_ciphertext_and_then_opened(keys: Keys) -> None:
    vector = SEALING["request"]
    params = {**vector["parameters"], "sign": vector["sign"]}
    app = App(params["app_id"], Settings(industry="rental", aes_key=vector["key"]), keys, Limits())
    town = Town(people=0)

    call = admit(Request(params, "utf-8", app=app), town.store, Batches(town.store))
    town.close()

    assert string_to_sign(params) == vector["string_to_sign"]
    assert call.biz_content == vector["content"]


@pytest.mark.parametrize("vector", SEALING["answers"], ids=lambda vector: vector["content"][:16])
def test_a_sealed_answer_is_signed_with_both_its_quotes(keys: Keys, vector: dict[str, Any]) -> None:
    sealed = f'"{platform_seal(vector["content"].encode(), vector["key"])}"'
    answer = parse(vector["body"].encode(), "text/html;charset=utf-8")

    assert sealed == vector["raw"] == answer.raw_node.decode()
    assert keys.sign_answer(sealed.encode()) == vector["sign"] == answer.sign
    assert platform_unseal(answer.sealed, vector["key"], "utf-8") == vector["content"]
