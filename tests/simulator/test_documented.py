"""The platform's tables against its documentation, which neither of them may bend."""

from simulator.codes import MESSAGES, SUB_CODES
from tests.simulator import documented
from tests.simulator_process import SimulatorProcess


def test_each_documented_sub_code_has_its_documented_code_and_there_are_no_others() -> None:
    assert {sub_code: code for sub_code, (code, _) in SUB_CODES.items()} == documented.ALL


def test_each_code_has_its_documented_message() -> None:
    assert MESSAGES == documented.MESSAGES


def test_each_sub_code_says_something_to_whoever_reads_it() -> None:
    assert [sub_code for sub_code, (_, sub_msg) in SUB_CODES.items() if not sub_msg.strip()] == []


def test_each_method_names_its_documented_refusals_and_no_others(simulator: SimulatorProcess) -> None:
    named = {name: set(facts["refuses"]) for name, facts in simulator.get("/sim/methods")["methods"].items()}

    assert named == {name: documented.refusals(name) for name in named}


def test_what_goes_wrong_inside_is_told_as_brought_by_a_fault_only(simulator: SimulatorProcess) -> None:
    by_fault = set(simulator.get("/sim/methods")["fault_only"])

    assert by_fault >= documented.INSIDE
    assert by_fault <= set(documented.ALL)


def test_each_method_documents_its_codes_with_the_documented_number(simulator: SimulatorProcess) -> None:
    wrong = [
        (method, sub_code, code)
        for method, facts in simulator.get("/sim/methods")["methods"].items()
        for sub_code, code in facts["refuses"].items()
        if documented.ALL.get(sub_code) != code
    ]
    assert wrong == []
