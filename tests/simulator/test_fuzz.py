"""Every method with whatever may stand in its fields: an answer each time, no error and no silence."""

import json
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.simulator import documented
from tests.simulator.documented import LIBRARY, SUBSCRIBED, UPLOAD
from tests.simulator.fuzzing import (
    METHODS,
    WRONG,
    Fields,
    Town,
    anything,
    clean,
    fuzzing,
    sendable,
    words,
)
from tests.simulator.strangers.shape import wrong_fields
from tests.simulator.test_uploads import in_parts, part, posted
from tests.simulator_process import SimulatorProcess

BODIES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded;charset=gbk",
    "multipart/form-data; boundary=B",
    "application/json",
    "nonsense",
)


@pytest.fixture(scope="module")
def town(simulator: SimulatorProcess) -> Town:
    return Town(simulator)


@pytest.mark.parametrize("method", METHODS)
def test_whatever_stands_in_the_fields_is_answered(town: Town, method: str) -> None:
    """Right fields but for up to three; the methods are reached to their end, and refuse as documented."""
    allowed = documented.refusals(method) | set(documented.PUBLIC)
    told: Counter[str] = Counter()

    @fuzzing
    @example(changes={})
    @example(changes=WRONG[method])
    @given(changes=town.spoilt(method))
    def run(changes: Fields) -> None:
        answer = town.say(method, {**town.right(method), **changes})
        assert answer.node["code"] == "10000" or answer.node["sub_code"] in allowed
        assert wrong_fields(method, answer.node) == []
        told[answer.node["code"]] += 1

    run()

    assert told["10000"] >= 1
    assert told.total() > told["10000"]


@pytest.mark.parametrize("method", METHODS)
def test_whatever_stands_for_biz_content_is_answered(town: Town, method: str) -> None:
    caller = town.caller(method)

    @fuzzing
    @given(biz=words | anything.map(json.dumps), beside=st.dictionaries(words, words, max_size=2))
    def run(biz: str, beside: dict[str, str]) -> None:
        answer = caller.call(method, clean(biz), **sendable(beside))
        caller.verify(answer)
        assert answer.node["code"] in documented.MESSAGES

    run()


@fuzzing
@given(params=st.dictionaries(words, words, max_size=8))
def test_whatever_stands_in_the_envelope_is_answered(town: Town, params: dict[str, str]) -> None:
    given_ = {name or "x": value for name, value in sendable(params).items()}

    answer = town.shop.call(SUBSCRIBED, {}, **given_)

    assert answer.node["code"] != "10000"


@fuzzing
@given(
    name=st.sampled_from(("version", "timestamp", "format", "sign_type", "encrypt_type", "app_auth_token")),
    value=words,
)
def test_whatever_stands_in_a_common_parameter_is_answered(town: Town, name: str, value: str) -> None:
    """Values of the protocol's own names, which a random name never hits."""
    answer = town.shop.call(LIBRARY, {}, **{name: clean(value)})

    town.shop.verify(answer)
    assert answer.node["code"] == "10000" or answer.node["sub_code"] in documented.PUBLIC


@fuzzing
@given(body=st.binary(max_size=400), content_type=st.sampled_from(BODIES))
def test_whatever_bytes_are_posted_are_answered(town: Town, body: bytes, content_type: str) -> None:
    answer = posted(town.shop, body, content_type, f"?app_id={town.shop.app_id}")

    town.shop.verify(answer)
    assert answer.node["code"] != "10000"


@fuzzing
@given(content=st.binary(max_size=300), name=words, image_type=st.sampled_from(["png", "jpg", "bmp", "exe"]))
def test_whatever_is_uploaded_is_answered(town: Town, content: bytes, name: str, image_type: str) -> None:
    params = town.shop.params(UPLOAD, image_type=image_type, image_name=clean(name) or "x")

    # A boundary inside the content ends the part early, and the answer comes all the same.
    answer = in_parts(town.shop, params, part("image_content", content, filename="a.png"))

    assert answer.node["code"] in ("10000", "40002")
