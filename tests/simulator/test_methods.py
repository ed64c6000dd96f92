"""What /sim/docs and /sim/methods say: every method of the contract is either offered or named as missing."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simulator.test_fuzz import METHODS
from tests.simulator_process import SimulatorProcess

CONTRACT = json.loads(
    (Path(__file__).parent.parent / "vectors" / "contract.json").read_text(encoding="utf-8")
)


def test_every_method_of_the_contract_is_offered_or_missing(simulator: SimulatorProcess) -> None:
    said = simulator.get("/sim/methods")

    assert sorted([*said["methods"], *said["missing"]]) == sorted(CONTRACT)
    assert sorted(said["methods"]) == sorted(METHODS), "the fuzzed methods are not those that are offered"


def paths(tree: Any, path: str = "") -> Iterator[str]:
    """Every field to the last depth: a.b[].c"""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(tree, list):
        for inner in tree:
            yield from paths(inner, f"{path}[]")
    else:
        yield path


# Parameters that every request of the SDK has.
COMMON = {"biz_content", "biz_model", "need_encrypt", "notify_url", "prod_code", "return_url"}
COMMON |= {"terminal_info", "terminal_type", "udf_params", "version"}


def beside_biz_content(method: str) -> set[str]:
    """What the official SDK's request of a method carries of its own; a person's token it takes beside it."""
    name = "".join(part.capitalize() for part in method.split(".")) + "Request"
    request = getattr(importlib.import_module(f"alipay.aop.api.request.{name}"), name)
    own = {field for field, kind in vars(request).items() if isinstance(kind, property)} - COMMON
    return own | ({"auth_token"} if method == "alipay.user.info.share" else set())


def test_fields_are_those_of_the_contract_both_ways_and_at_every_depth(simulator: SimulatorProcess) -> None:
    wrong = []
    for name, facts in simulator.get("/sim/methods")["methods"].items():
        outside, contract = facts["outside_biz_content"], CONTRACT[name]
        takes = beside_biz_content(name) if outside else set(paths(contract["biz_content"]))
        if set(facts["takes"]) != takes or (outside and contract["biz_content"]):
            wrong.append((name, "takes", facts["takes"]))
        if not set(facts["gives"]) <= set(paths(contract["response"])):
            wrong.append((name, "gives", facts["gives"]))
    assert wrong == []


def test_each_refusal_has_a_code(simulator: SimulatorProcess) -> None:
    codes = {
        code
        for facts in simulator.get("/sim/methods")["methods"].values()
        for code in facts["refuses"].values()
    }

    assert codes <= {"20000", "20001", "40002", "40003", "40004", "40006"}


def test_the_docs_tell_each_method_with_fields_and_refusals_and_what_is_missing(
    simulator: SimulatorProcess,
) -> None:
    said, text = simulator.get("/sim/methods"), simulator.get("/sim/docs")

    for name, facts in said["methods"].items():
        described = text.partition(f"- {name}\n")[2].split("\n- ")[0]
        names = [name for path in [*facts["takes"], *facts["gives"]] for name in path.split(".")]
        assert all(word in described for word in [*names, *facts["refuses"]])
    missing = text.partition("Missing, and answered")[2]
    assert all(f"- {name}\n" in missing for name in said["missing"])
    assert "{{" not in text
    assert "keyword_list[] {name, value}}, msg_send_count" in " ".join(text.split())
    assert "MSG_SEND_ERROR (40004, by a fault only)" in " ".join(text.split())
