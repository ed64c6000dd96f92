"""Names of an answer's fields against the contract, at every depth. Its types are the SDK's placeholders."""

import json
from pathlib import Path
from typing import Any

CONTRACT = json.loads((Path(__file__).parents[2] / "vectors" / "contract.json").read_text(encoding="utf-8"))
PUBLIC = dict.fromkeys(("code", "msg", "sub_code", "sub_msg"), "string")


def foreign_fields(method: str, node: dict[str, Any]) -> list[str]:
    """Paths of the fields that the contract does not know."""
    known = CONTRACT[method]["response"] if method in CONTRACT else {}
    return list(_foreign(node, {**known, **PUBLIC}, ""))


def _foreign(value: Any, known: Any, path: str) -> Any:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(known, dict) or name not in known:
                yield f"{path}.{name}"
            else:
                yield from _foreign(inner, known[name], f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _foreign(inner, known[0] if isinstance(known, list) else None, f"{path}[]")
