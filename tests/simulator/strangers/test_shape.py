"""The judge of fields is judged: it sees what is missing, and what is too much, at every depth."""

import pytest

from tests.simulator.documented import BATCH_QUERY, LIBRARY, SEND, SUBSCRIBED
from tests.simulator.strangers.shape import CONTRACT, NEVER, SOMETIMES, wrong_fields

OK = {"code": "10000", "msg": "Success"}
RECORD = {
    "batch_msg_id": "1",
    "template_id": "2",
    "msg_content": {"title": "t", "jump_url": "u", "keyword_list": [{"name": "n", "value": "v"}]},
    "msg_send_count": 0,
    "msg_send_status": "WAITING",
    "msg_send_time": "2026-03-01 09:30:00",
}


def test_a_whole_answer_has_nothing_wrong() -> None:
    assert wrong_fields(BATCH_QUERY, {**OK, "record": RECORD}) == []
    assert wrong_fields(BATCH_QUERY, {**OK, "record": {**RECORD, "crowd_code": "c"}}) == []
    assert wrong_fields(SUBSCRIBED, {**OK, "show_component": False}) == []
    assert wrong_fields(SEND, OK) == []


def test_a_refusal_owes_no_field() -> None:
    assert wrong_fields(BATCH_QUERY, {"code": "40004", "msg": "m", "sub_code": "s", "sub_msg": "t"}) == []


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"msg_send_time": ""}, ["missing: record.msg_send_time"]),
        ({"more": 1}, ["unknown: record.more"]),
        (
            {"msg_content": {"title": "t", "jump_url": "u", "keyword_list": [{"name": "n"}]}},
            ["missing: record.msg_content.keyword_list[].value"],
        ),
        (
            {"msg_content": {"title": "t", "jump_url": "u", "keyword_list": "none"}},
            ["missing: record.msg_content.keyword_list"],
        ),
    ],
    ids=["empty", "too much", "missing in a list", "no list"],
)
def test_what_is_wrong_is_named_by_its_path(changes: dict[str, object], wrong: list[str]) -> None:
    assert wrong_fields(BATCH_QUERY, {**OK, "record": {**RECORD, **changes}}) == wrong


def test_a_whole_branch_that_is_missing_is_named() -> None:
    assert wrong_fields(BATCH_QUERY, OK) == ["missing: record"]
    assert wrong_fields(LIBRARY, {**OK, "page_num": 1, "page_size": 1, "total_count": 0}) == [
        "missing: template_lib_list"
    ]


def test_what_is_excused_stands_in_the_contract() -> None:
    for excused in (SOMETIMES, NEVER):
        for method, paths in excused.items():
            assert paths <= set(_paths(CONTRACT[method]["response"], ""))


def _paths(known: object, path: str) -> list[str]:
    if isinstance(known, list):
        return _paths(known[0], f"{path}[]")
    if not isinstance(known, dict):
        return []
    below = {f"{path}.{name}" if path else name: inner for name, inner in known.items()}
    return [*below, *(deep for name, inner in below.items() for deep in _paths(inner, name))]
