"""A send of a merchant whose mini program a provider runs: who signs, whose people, what if it ends."""

from collections.abc import Iterator

import pytest

from merchants.credentials import client_for
from merchants.models import MiniProgram
from messaging.engine import slot
from messaging.engine.control import resume
from messaging.models import PauseReason, SendControl, SendState
from tests import build, build_messaging
from tests.provider_shop import Provider, open_provider
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator, people=90)


@pytest.fixture
def provider(simulator: SimulatorProcess, shop: Shop) -> Provider:
    made = open_provider(simulator)
    made.authorise(shop)
    return made


def sending(shop: Shop) -> SendControl:
    to = build_messaging.people_list(shop.app, shop.people)
    return build_messaging.send(shop.app, shop.template, to)


def test_messages_signed_by_the_provider_arrive_under_the_merchant_s_app(
    shop: Shop, provider: Provider
) -> None:
    shop.grant(40)
    control = sending(shop)
    while slot.work(seconds=1):
        pass
    assert build_messaging.states(control) == {"accepted": 40, "skipped": 50}
    assert shop.summary()["accepted_people"] == 40
    assert shop.app.app_private_key_sealed == ""  # so it was the provider's key that the platform accepted
    assert client_for(shop.app).app_id == provider.app.app_id


def test_a_revoked_token_pauses_the_send_with_what_to_do(shop: Shop, provider: Provider) -> None:
    shop.grant(90)
    control = sending(shop)
    provider.revoke(shop)
    for _turn in range(4):
        slot.work(seconds=1)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, PauseReason.GATEWAY)
    assert "authorise the service provider's app again" in control.pause_detail
    states = build_messaging.states(control)
    assert states["refused"] <= 64
    assert states["queued"] == 90 - states["refused"]
    assert MiniProgram.objects.get(pk=shop.app.pk).app_auth_refusal == "aop.invalid-app-auth-token"


def test_authorised_again_the_rest_goes_out(shop: Shop, provider: Provider) -> None:
    shop.grant(90)
    control = sending(shop)
    provider.revoke(shop)
    for _turn in range(4):
        slot.work(seconds=1)
    provider.authorise(shop)
    control.refresh_from_db()
    resume(control, by=build.user())
    while slot.work(seconds=1):
        pass
    states = build_messaging.states(control)
    assert states["accepted"] + states["refused"] == 90
    assert shop.summary()["accepted_people"] == states["accepted"] > 0
