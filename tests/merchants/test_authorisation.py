"""A provider's app acting for a merchant's, against the simulated platform over HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from gateway.methods.messages import OpenMiniMessageTemplateBatchquery
from gateway.outcomes import Accepted, Refused
from merchants import authorisation, credentials, rate, secrets
from merchants.models import Event, MiniProgram, Notice
from tests.provider_shop import Provider, open_provider
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator, people=1)


@pytest.fixture
def provider(simulator: SimulatorProcess) -> Provider:
    return open_provider(simulator)


def templates_of(app: MiniProgram) -> object:
    return credentials.client_for(app).call(OpenMiniMessageTemplateBatchquery())


def test_a_code_becomes_a_token_that_opens_the_merchant_s_data(shop: Shop, provider: Provider) -> None:
    provider.authorise(shop)
    client, answer = credentials.client_for(shop.app), templates_of(shop.app)
    assert client.app_id == provider.app.app_id
    assert isinstance(answer, Accepted)
    assert [one.template_id for one in answer.response.template_list] == [shop.template.template_id]
    assert shop.app.app_auth_ends_at > timezone.now() + timedelta(days=300)
    assert Event.objects.get(kind="mini_program.authorised").mini_program == shop.app


def test_without_a_token_nothing_is_called_and_the_sentence_says_whom_to_ask(
    shop: Shop, provider: Provider
) -> None:
    provider.take_over(shop)
    with pytest.raises(credentials.GatewayNotConfigured, match="has not authorised"):
        credentials.client_for(shop.app)


def test_a_code_works_once(shop: Shop, provider: Provider) -> None:
    provider.take_over(shop)
    code = provider.code_of(shop)
    authorisation.exchange(shop.app, code=code, by=None, at=timezone.now())
    before = MiniProgram.objects.get(pk=shop.app.pk).app_auth_token_sealed
    with pytest.raises(authorisation.NotAuthorised, match="AUTH_CODE_NOT_VALID"):
        authorisation.exchange(shop.app, code=code, by=None, at=timezone.now())
    assert MiniProgram.objects.get(pk=shop.app.pk).app_auth_token_sealed == before


def test_the_code_of_another_mini_program_is_not_stored_here(
    shop: Shop, provider: Provider, simulator: SimulatorProcess
) -> None:
    other = open_shop(simulator, people=1)
    provider.take_over(shop)
    with pytest.raises(authorisation.NotAuthorised, match="another mini program"):
        authorisation.exchange(shop.app, code=provider.code_of(other), by=None, at=timezone.now())
    assert MiniProgram.objects.get(pk=shop.app.pk).app_auth_token_sealed == ""


def test_a_token_is_renewed_before_it_can_be_renewed_no_more(shop: Shop, provider: Provider) -> None:
    provider.authorise(shop)
    old = secrets.decrypt(shop.app.app_auth_token_sealed)
    assert authorisation.refresh_due(at=timezone.now()) == 0
    assert authorisation.refresh_due(at=shop.app.app_auth_ends_at - timedelta(days=29)) == 1
    shop.app.refresh_from_db()
    assert secrets.decrypt(shop.app.app_auth_token_sealed) != old
    assert isinstance(templates_of(shop.app), Accepted)


def test_a_lost_token_is_noted_once_and_only_while_it_is_the_one_in_use(
    shop: Shop, provider: Provider
) -> None:
    provider.authorise(shop)
    provider.revoke(shop)
    answer = templates_of(shop.app)
    assert isinstance(answer, Refused)
    assert answer.sub_code in authorisation.LOST
    earlier = MiniProgram.objects.get(pk=shop.app.pk)
    assert authorisation.refused(earlier, sub_code=answer.sub_code)
    assert not authorisation.refused(earlier, sub_code=answer.sub_code)
    with pytest.raises(credentials.GatewayNotConfigured, match="no longer takes"):
        credentials.client_for(MiniProgram.objects.get(pk=shop.app.pk))
    provider.authorise(shop)
    assert not authorisation.refused(earlier, sub_code=answer.sub_code)
    assert isinstance(templates_of(shop.app), Accepted)


def test_the_platform_s_notice_of_an_authorisation_is_enough(shop: Shop, provider: Provider) -> None:
    provider.take_over(shop)
    rate.connection().flushdb()
    notice = Notice.objects.create(
        merchant=shop.merchant,
        mini_program=shop.app,
        app_id=provider.app.app_id,
        notify_id="1",
        kind=authorisation.AUTHORISED_NOTICE,
        fields={"app_auth_code": provider.code_of(shop)},
    )
    assert authorisation.take_notice(notice.pk, merchant_id=shop.merchant.pk, at=timezone.now())
    assert not authorisation.take_notice(notice.pk, merchant_id=shop.merchant.pk, at=timezone.now())
    assert isinstance(templates_of(MiniProgram.objects.get(pk=shop.app.pk)), Accepted)
