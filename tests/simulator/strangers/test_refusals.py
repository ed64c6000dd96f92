"""Each documented refusal of each method, said to both strangers: the words they trust, and nothing spent."""

import pytest

from tests.simulator.strangers import refused_messages, refused_others
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.world import World

TABLES = {**refused_messages.TABLES, **refused_others.TABLES}
ROWS = [(method, sub_code) for method, table in TABLES.items() for sub_code in table]


@pytest.mark.parametrize("name", ["official", "independent"])
@pytest.mark.parametrize(("method", "sub_code"), ROWS)
def test_a_stranger_is_refused_by_the_documented_code_and_nothing_is_spent(
    request: pytest.FixtureRequest, world: World, name: str, method: str, sub_code: str
) -> None:
    row = TABLES[method][sub_code]
    if row.only not in (None, name):
        pytest.skip(f"only the {row.only} SDK can say this")
    stranger: Stranger = request.getfixturevalue(name)
    code = world.platform.get("/sim/methods")["methods"][method]["refuses"][sub_code]
    ask = row.prepare(world)
    before = world.units(ask.merchant, ask.template) if ask.template else None

    node = stranger(ask.merchant).call(method, ask.biz, **ask.params)

    assert (node["code"], node["sub_code"]) == (code, sub_code)
    assert node["msg"]
    assert node["sub_msg"]
    assert before == (world.units(ask.merchant, ask.template) if ask.template else None)


def test_the_tables_hold_exactly_what_the_platform_documents(world: World) -> None:
    documented = world.platform.get("/sim/methods")["methods"]

    assert {name: sorted(facts["refuses"]) for name, facts in documented.items()} == {
        name: sorted(table) for name, table in TABLES.items()
    }
