"""What /sim/docs and /sim/methods say: every method of the contract is either offered or named as missing."""

import json
from pathlib import Path

from tests.simulator.test_fuzz import METHODS
from tests.simulator_process import SimulatorProcess

CONTRACT = json.loads(
    (Path(__file__).parent.parent / "vectors" / "contract.json").read_text(encoding="utf-8")
)


def test_every_method_of_the_contract_is_offered_or_missing(simulator: SimulatorProcess) -> None:
    said = simulator.get("/sim/methods")

    assert sorted([*said["methods"], *said["missing"]]) == sorted(CONTRACT)
    assert sorted(said["methods"]) == sorted(METHODS), "the fuzzed methods are not those that are offered"


def test_fields_are_those_of_the_contract_both_ways(simulator: SimulatorProcess) -> None:
    wrong = []
    for name, facts in simulator.get("/sim/methods")["methods"].items():
        if not facts["outside_biz_content"] and set(facts["takes"]) != set(CONTRACT[name]["biz_content"]):
            wrong.append((name, "takes"))
        if not set(facts["gives"]) <= set(CONTRACT[name]["response"]):
            wrong.append((name, "gives"))
    assert wrong == []


def test_each_refusal_has_a_code(simulator: SimulatorProcess) -> None:
    codes = {
        code
        for facts in simulator.get("/sim/methods")["methods"].values()
        for code in facts["refuses"].values()
    }

    assert codes <= {"20001", "40002", "40003", "40004", "40006"}


def test_the_docs_tell_each_method_with_fields_and_refusals_and_what_is_missing(
    simulator: SimulatorProcess,
) -> None:
    said, text = simulator.get("/sim/methods"), simulator.get("/sim/docs")

    for name, facts in said["methods"].items():
        described = text.partition(f"- {name}\n")[2].split("\n- ")[0]
        assert all(word in described for word in [*facts["takes"], *facts["gives"], *facts["refuses"]])
    missing = text.partition("Missing, and answered")[2]
    assert all(f"- {name}\n" in missing for name in said["missing"])
    assert "{{" not in text
