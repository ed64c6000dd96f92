"""Each public code, told to strangers: by a rule of the gateway where there is one, by a fault where not."""

import pytest

from tests.simulator import documented
from tests.simulator.strangers import refused_envelopes, refused_messages, refused_others
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.refused_others import LIBRARY
from tests.simulator.strangers.test_tokens import DOES_NOT_HOLD
from tests.simulator.strangers.world import World

ROWS = [(name, sub_code) for name, table in refused_envelopes.TABLES.items() for sub_code in table]
RULED = {
    *refused_envelopes.OFFICIAL,
    *refused_envelopes.ELSEWHERE,
    *(sub_code for _, (_, sub_code) in DOES_NOT_HOLD),
    *(
        sub_code
        for table in [*refused_messages.TABLES.values(), *refused_others.TABLES.values()]
        for sub_code in table
    ),
}
BY_FAULT = sorted(set(documented.ALL) - (RULED - documented.INSIDE))


@pytest.mark.parametrize(("name", "sub_code"), ROWS)
def test_a_call_that_is_wrong_around_its_content_is_refused_by_the_documented_code(
    request: pytest.FixtureRequest, world: World, name: str, sub_code: str
) -> None:
    stranger: Stranger = request.getfixturevalue(name)
    said = refused_envelopes.TABLES[name][sub_code]
    if said.app:
        world.configure(world.shop, **said.app)

    node = stranger(world.shop, **said.settings).call(LIBRARY, said.biz, **said.params)

    code = documented.PUBLIC[sub_code]
    assert (node["code"], node["sub_code"]) == (code, sub_code)
    assert node["msg"] == documented.MESSAGES[code]
    assert node["sub_msg"]


@pytest.mark.parametrize("sub_code", BY_FAULT)
def test_what_no_rule_brings_is_brought_by_a_fault(stranger: Stranger, world: World, sub_code: str) -> None:
    world.shop.fault("sub_code", value=sub_code, count=1)

    node = stranger(world.shop).call(LIBRARY, refused_envelopes.ONE)

    assert (node["code"], node["sub_code"]) == (documented.ALL[sub_code], sub_code)


def test_the_platform_tells_as_brought_by_a_fault_only_what_no_rule_brings(world: World) -> None:
    assert set(world.platform.get("/sim/methods")["fault_only"]) <= set(BY_FAULT)
