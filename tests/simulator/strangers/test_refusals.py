"""Each documented refusal of each method, said to both strangers: the words they trust, and nothing spent."""

import pytest

from tests.simulator.strangers import refused_messages, refused_others
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.world import World

TABLES = {**refused_messages.TABLES, **refused_others.TABLES}
ROWS = [
    (method, sub_code, name)
    for method, table in TABLES.items()
    for sub_code, row in table.items()
    for name in ("official", "independent")
    if row.only in (None, name)
]


@pytest.mark.parametrize(("method", "sub_code", "name"), ROWS)
def test_a_stranger_is_refused_by_the_documented_code_and_nothing_is_spent(
    request: pytest.FixtureRequest, world: World, method: str, sub_code: str, name: str
) -> None:
    row = TABLES[method][sub_code]
    stranger: Stranger = request.getfixturevalue(name)
    code = world.documented[method]["refuses"][sub_code]
    ask = row.prepare(world)
    before = world.units(ask.merchant, ask.template) if ask.template else None

    node = stranger(ask.merchant).call(method, ask.biz, **ask.params)

    assert (node["code"], node["sub_code"]) == (code, sub_code)
    assert node["msg"]
    assert node["sub_msg"]
    assert before == (world.units(ask.merchant, ask.template) if ask.template else None)


def test_the_tables_hold_exactly_what_the_platform_documents(world: World) -> None:
    refused = {name: sorted(facts["refuses"]) for name, facts in world.documented.items()}

    assert refused == {name: sorted(table) for name, table in TABLES.items()}
