"""The platform's acting people report to this console's API: afterwards both sides know the same consents."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway import loop, wire
from gateway.methods.messages import OpenAppMessagetemplateSubscribeQuery, OpenAppMiniTemplatemessageSend
from gateway.outcomes import Accepted
from merchants.credentials import client_for
from messaging.models import Consent, Signal
from tests import build
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("platform") / "store.db", speed=0) as running:
        yield running
    loop.close()


@pytest.fixture
def shop(simulator: SimulatorProcess, live_server: Any) -> Shop:
    opened = open_shop(simulator, people=120, kind="long_term")
    simulator.post(
        "/sim/apps",
        {
            "app_id": opened.app.app_id,
            "signals_url": f"{live_server.url}/api/v1/signals",
            "server_key": build.api_key(opened.app, scopes=["consent"]),
            "client_key": build.api_key(opened.app, kind="client"),
        },
    )
    return opened


def let_act(shop: Shop, **habits: Any) -> None:
    shop.simulator.post("/sim/behaviour", {"app_id": shop.app.app_id, "seed": 3, **habits})


def after(shop: Shop, seconds: float) -> dict[str, Any]:
    """So much time passes; the facts then."""
    shop.simulator.post("/sim/clock", {"advance_seconds": seconds})
    return shop.simulator.get(f"/sim/behaviour?settled=1&app_id={shop.app.app_id}")


def send(shop: Shop, open_id: str) -> None:
    values = {f"keyword{number}": "三天免租" for number in range(1, len(shop.template.keywords) + 1)}
    message = OpenAppMiniTemplatemessageSend.model_validate(
        {
            "to_open_id": open_id,
            "user_template_id": shop.template.template_id,
            "page": "pages/index/index",
            "data": wire.message_data(values),
        }
    )
    assert isinstance(client_for(shop.app).call(message), Accepted)


def subscribed_here(shop: Shop) -> set[str]:
    rows = Consent.objects.filter(template=shop.template, standing=True)
    return set(rows.values_list("customer__open_id", flat=True))


def subscribed_there(shop: Shop) -> set[str]:
    found = set()
    for open_id in shop.open_ids:
        asked = {"open_id": open_id, "template_id_list": [shop.template.template_id]}
        answer = client_for(shop.app).call(OpenAppMessagetemplateSubscribeQuery.model_validate(asked))
        assert isinstance(answer, Accepted)
        if any(one.subscribe_state == "1" for one in answer.response.subscribe_relations or []):
            found.add(open_id)
    return found


def test_who_subscribed_and_who_left_is_the_same_on_both_sides(shop: Shop) -> None:
    prompts = [{"trigger_rate": 0.9}]
    let_act(shop, base_return=0.9, recall_rate=0.5, true_effect=0.1, prompts=prompts)
    facts = after(shop, 2 * 86_400)
    came = subscribed_here(shop)
    assert facts["reports"]["error"] is None and 10 < len(came) < 120
    assert came == subscribed_there(shop)

    let_act(shop, annoyance=100_000)
    for open_id in sorted(came):
        send(shop, open_id)
    facts = after(shop, 1_800)

    left = came - subscribed_here(shop)
    assert facts["reports"]["error"] is None
    assert len(left) == facts["acts"]["unsubscribe"] > 0
    assert subscribed_here(shop) == subscribed_there(shop)


def test_who_opens_a_message_is_a_visit_by_the_entry_scene(shop: Shop) -> None:
    shop.grant(30)
    let_act(shop, recall_rate=0.9, true_effect=0.9, annoyance=0)
    for open_id in shop.open_ids[:30]:
        send(shop, open_id)
    facts = after(shop, 4 * 86_400)

    visits = Signal.objects.filter(mini_program=shop.app, kind=Signal.Kind.VISITED)
    assert visits.count() == facts["acts"]["visit"] > 10
    assert set(visits.values_list("scene", flat=True)) <= {"1014", "1305"}
