"""Whatever moves a send to `scheduled` asks for its approval first."""

import ast

from tests.source_tree import modules


def moves_to_scheduled() -> list[tuple[str, str]]:
    """(module, statement) of each call that hands SCHEDULED on as the state to move to."""
    found = []
    for module in modules():
        if module.package not in ("messaging", "console") or module.is_migration:
            continue
        for call in ast.walk(module.tree):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            second = [*call.args[1:2], *(word.value for word in call.keywords if word.arg in ("to", "state"))]
            is_move = name in ("move", "_move", "_moved", "_try", "update")
            if is_move and any("SendState.SCHEDULED" in ast.unparse(one) for one in second):
                found.append((module.name, ast.unparse(call)))
    return found


def test_each_way_to_scheduled_asks_whether_it_was_approved() -> None:
    ways = moves_to_scheduled()
    assert [name for name, _call in ways] == ["messaging.sends.batches"] * 2
    for _name, call in ways:
        assert "only_from=allowed" in call or "only_from=_approved(" in call
