"""Names of an answer's fields against the contract, at every depth. Its types are the SDK's placeholders."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simulator import documented_cards, documented_coupons
from tests.simulator.documented import (
    BATCH_QUERY,
    LIBRARY,
    ORDER,
    QUERY,
    SUBSCRIBED,
    USER,
    USER_TOKEN,
)

CONTRACT = json.loads((Path(__file__).parents[2] / "vectors" / "contract.json").read_text(encoding="utf-8"))
PUBLIC = dict.fromkeys(("code", "msg", "sub_code", "sub_msg"), "string")
# Documented as absent in some accepted answers; a conversation of its own shows each of them present.
SOMETIMES: dict[str, frozenset[str]] = {
    SUBSCRIBED: frozenset(
        # B.3.5: absent for who never subscribed; B.3.3: told of a choice that is kept
        {"subscribe_relations", "subscribe_relations[].keep_state"}
    ),
    BATCH_QUERY: frozenset({"record.crowd_code"}),  # B.5.1: absent for all subscribers
    LIBRARY: frozenset({"template_lib_list[].not_selectable_reason"}),  # B.2.1: with selectable false
    ORDER: frozenset({"distribute_result"}),  # C.4: told when a message was not sent
    QUERY: frozenset({"topic", "comm_type"}),  # SIM: absent while the topic is not subscribed
    USER_TOKEN: frozenset({"user_id"}),  # A.7.8: withdrawn for new apps
    USER: frozenset({"user_id"}),
}
# In the contract and never told here: no tag exists, and an app learns no more of a person than these.
NEVER: dict[str, frozenset[str]] = {
    ORDER: frozenset({"record_id", "sync_suggestions"}),  # C.4: the first is of merchants of old
    QUERY: frozenset({"tag"}),
    USER_TOKEN: frozenset({"alipay_user_id", "auth_token_type", "union_id"}),
    USER: frozenset(CONTRACT[USER]["response"]) - {"open_id", "nick_name", "user_id"},
}
NONE: frozenset[str] = frozenset()


def _nodes(known: Any, path: str) -> list[str]:
    """Every field of the contract, and every field that holds fields."""
    if isinstance(known, list):
        return _nodes(known[0], f"{path}[]")
    if not isinstance(known, dict):
        return []
    below = {_below(path, name): inner for name, inner in known.items()}
    return [*below, *(deep for name, inner in below.items() for deep in _nodes(inner, name))]


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _holds(node: str, path: str) -> bool:
    return path == node or path.startswith((f"{node}.", f"{node}[]"))


for _tables in (documented_coupons, documented_cards):
    for _method in _tables.METHODS:
        _always, _sometimes = _tables.told(_method)
        _all = set(_nodes(CONTRACT[_method]["response"], ""))
        _held = {node for node in _all if any(_holds(node, path) for path in _always)}
        _maybe = {node for node in _all if any(_holds(node, path) for path in _sometimes)} - _held
        SOMETIMES[_method], NEVER[_method] = frozenset(_maybe), frozenset(_all - _held - _maybe)


def wrong_fields(method: str, node: dict[str, Any]) -> list[str]:
    """Fields that the contract does not know, and of an accepted answer those that it should hold."""
    foreign = [f"unknown: {path}" for path in foreign_fields(method, node)]
    return foreign + [f"missing: {path}" for path in missing_fields(method, node)]


def foreign_fields(method: str, node: dict[str, Any]) -> list[str]:
    known = CONTRACT[method]["response"] if method in CONTRACT else {}
    return list(_foreign(node, {**known, **PUBLIC}, ""))


def missing_fields(method: str, node: dict[str, Any]) -> list[str]:
    """A list without entries lacks nothing; an empty text or object does."""
    if node.get("code") != "10000" or method not in CONTRACT:
        return []
    excused = SOMETIMES.get(method, NONE) | NEVER.get(method, NONE)
    missing = _missing(node, {"code": "", "msg": "", **CONTRACT[method]["response"]}, "")
    return [path for path in missing if path not in excused]


def _foreign(value: Any, known: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(known, dict) or name not in known:
                yield _below(path, name)
            else:
                yield from _foreign(inner, known[name], _below(path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _foreign(inner, known[0] if isinstance(known, list) else None, f"{path}[]")


def _missing(value: Any, wanted: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict):
        for name, inner in wanted.items():
            if not isinstance(value, dict) or name not in value:
                yield _below(path, name)
            else:
                yield from _missing(value[name], inner, _below(path, name))
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            yield path
        else:
            for entry in value:
                yield from _missing(entry, wanted[0], f"{path}[]")
    elif value is None or value == "" or isinstance(value, dict | list):
        yield path
