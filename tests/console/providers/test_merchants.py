"""Whose merchants a provider's people see, as what, and how it ends."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from merchants import providers
from merchants.models import MiniProgram, ProviderAuthorisation
from merchants.roles import Role
from messaging.models import SendControl, SendState
from tests import build, build_messaging, build_provider
from tests.console.providers.base import ProviderCase


class Merchants(ProviderCase):
    def test_it_lists_the_merchants_that_let_it_in_and_no_other_provider_s(self) -> None:
        page = self.client.get(self.at("provider_merchants"))
        self.assertContains(page, "茶 小程序")
        self.assertContains(page, "租 小程序")
        self.assertNotContains(page, "邻")

    def test_it_says_whether_the_app_may_act_and_what_leaves_soon_or_is_stuck(self) -> None:
        MiniProgram.objects.filter(pk=self.tea.app.pk).update(provider_app=self.provider.app)
        soon = timezone.now() + timedelta(hours=3)
        for state, due_at in ((SendState.SCHEDULED, soon), (SendState.PAUSED, soon)):
            batch = build_messaging.launched_batch(
                self.tea.app,
                self.provider.operator,
                chosen=self.tea.template,
                to=self.tea.list,
                state=state,
            )
            SendControl.objects.filter(pk=batch.control_id).update(due_at=due_at)
        page = self.client.get(self.at("provider_merchants"), headers={"accept-language": "en"})
        for words in ("Not authorised yet", "Signs with its own key", "1 online", "3 people", "1 send"):
            self.assertContains(page, words)

    def test_more_merchants_cost_no_more_statements(self) -> None:
        self.client.get(self.at("provider_merchants"))
        with CaptureQueriesContext(connection) as few:
            self.client.get(self.at("provider_merchants"))
        for number in range(3):
            build_provider.client_of(self.provider, f"新{number}")
        with self.assertNumQueries(len(few)):
            self.client.get(self.at("provider_merchants"))

    def test_a_merchant_that_is_no_provider_has_no_such_page(self) -> None:
        self.sign_in(self.owner)
        self.assertEqual(self.client.get(self.at("provider_merchants", self.yunduo)).status_code, 404)
        self.assertNotContains(self.client.get(self.at("home", self.yunduo)), "/merchants/")


class Seats(ProviderCase):
    def home_of(self, one) -> int:
        return self.client.get(self.at("home", one.merchant)).status_code

    def test_an_operator_of_the_provider_is_an_operator_there(self) -> None:
        self.assertEqual(self.home_of(self.tea), 200)
        self.assertEqual(self.client.get(self.at("send_new", self.tea.merchant)).status_code, 200)
        for owners in ("staff", "authorised_providers"):
            self.assertEqual(self.client.get(self.at(owners, self.tea.merchant)).status_code, 403)

    def test_a_merchant_of_another_provider_does_not_exist(self) -> None:
        self.assertEqual(self.home_of(self.neighbour), 404)

    def test_what_was_taken_back_ends_with_the_next_request(self) -> None:
        self.assertEqual(self.home_of(self.tea), 200)
        grant = ProviderAuthorisation.objects.get(merchant=self.tea.merchant)
        providers.revoke(grant, by=self.owner, at=timezone.now())
        self.assertEqual(self.home_of(self.tea), 404)
        self.assertEqual(self.home_of(self.rent), 200)
        self.assertNotContains(self.client.get(self.at("provider_merchants")), "茶")

    def test_reviewers_and_analysts_of_the_provider_have_no_seat_there(self) -> None:
        for role in (Role.REVIEWER, Role.ANALYST):
            self.sign_in(self.seat(role))
            self.assertEqual(self.home_of(self.tea), 404)

    def test_a_closed_seat_at_the_provider_closes_those_at_its_merchants(self) -> None:
        self.provider.operator.seats.update(disabled_at=timezone.now())
        self.assertEqual(self.home_of(self.tea), 404)

    def test_a_seat_of_one_s_own_counts_before_a_lent_one(self) -> None:
        build.seat(self.provider.operator, self.tea.merchant, Role.ANALYST)
        self.assertEqual(self.home_of(self.tea), 200)
        self.assertEqual(self.client.get(self.at("send_new", self.tea.merchant)).status_code, 403)

    def test_the_switcher_offers_them(self) -> None:
        self.assertContains(self.client.get(self.at("home")), self.at("home", self.tea.merchant))

    def test_a_merchant_s_own_people_do_not_see_the_provider(self) -> None:
        self.sign_in(self.seat(Role.OWNER, self.tea.merchant))
        for name in ("home", "provider_merchants", "provider_sends"):
            self.assertEqual(self.client.get(self.at(name)).status_code, 404)
