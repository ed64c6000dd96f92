"""A call's content in the shape of its fields: texts at the ends, nothing empty, nothing unknown."""

from functools import cache
from typing import Any

from simulator.codes import Refusal

MAX_TEXT_CHARS = 4_096
MAX_ENTRIES = 1_000
Tree = dict[str, Any]


@cache
def tree_of(paths: tuple[str, ...]) -> Tree:
    """Paths as "a.b[].c" → {"a": {"b[]": {"c": {}}}}."""
    tree: Tree = {}
    for path in paths:
        here = tree
        for name in path.split("."):
            here = here.setdefault(name, {})
    return tree


def shaped(content: Any, paths: tuple[str, ...], sub_code: str) -> dict[str, Any]:
    """Numbers become texts and true "true". Raises Refusal of `sub_code` for what has another shape."""
    if not isinstance(content, dict):
        raise Refusal(sub_code, "需为对象")
    return _object(content, tree_of(paths), sub_code, "")


def _object(content: dict[str, Any], tree: Tree, sub_code: str, path: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, below in tree.items():
        name, where = key.removesuffix("[]"), f"{path}{key.removesuffix('[]')}"
        given = content.get(name)
        if given in (None, "", [], {}):
            continue
        if key.endswith("[]"):
            value: Any = _list(given, below, sub_code, where)
        else:
            value = _one(given, below, sub_code, where)
        if value not in ("", [], {}):
            kept[name] = value
    return kept


def _list(given: Any, below: Tree, sub_code: str, where: str) -> list[Any]:
    if not isinstance(given, list) or len(given) > MAX_ENTRIES:
        raise Refusal(sub_code, f"{where} 需为列表")
    return [_one(one, below, sub_code, where) for one in given]


def _one(given: Any, below: Tree, sub_code: str, where: str) -> Any:
    if below:
        if not isinstance(given, dict):
            raise Refusal(sub_code, f"{where} 需为对象")
        return _object(given, below, sub_code, f"{where}.")
    if isinstance(given, bool):
        return "true" if given else "false"
    text = str(given) if isinstance(given, int | float) else given
    if not isinstance(text, str) or len(text) > MAX_TEXT_CHARS:
        raise Refusal(sub_code, f"{where} 需为不超过 {MAX_TEXT_CHARS} 个字符的字符串")
    return text
