"""The merchant's page of service providers: letting one in by its app ID, and ending it."""

from merchants.models import Event, ProviderAuthorisation
from tests.console.providers.base import HTMX, ProviderCase


class Authorised(ProviderCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)

    def let_in(self, app_id: str, **kwargs):
        return self.client.post(self.at("authorised_providers", self.yunduo), {"app_id": app_id}, **kwargs)

    def rows(self):
        return ProviderAuthorisation.objects.filter(merchant=self.yunduo, revoked_at=None)

    def test_a_provider_is_let_in_by_its_app_id_once(self) -> None:
        for _time in range(2):
            answer = self.let_in(self.provider.app.app_id)
            self.assertRedirects(answer, self.at("authorised_providers", self.yunduo), status_code=303)
        self.assertEqual(self.rows().get().provider, self.provider.merchant)
        self.assertEqual(Event.objects.filter(kind="provider.granted", merchant=self.yunduo).count(), 1)
        page = self.client.get(self.at("authorised_providers", self.yunduo))
        self.assertContains(page, "云帆服务商")

    def test_an_app_id_of_nobody_or_of_one_s_own_is_refused_with_what_to_do(self) -> None:
        for app_id, said in (("", "Enter the app ID"), ("2021999999999999", "Ask yours")):
            answer = self.let_in(app_id, headers={"accept-language": "en", **HTMX})
            self.assertContains(answer, said, status_code=422)
        self.assertFalse(self.rows().exists())
        self.sign_in(self.seat("owner"))
        answer = self.client.post(
            self.at("authorised_providers"),
            {"app_id": self.provider.app.app_id},
            headers={"accept-language": "en"},
        )
        self.assertContains(answer, "an app of your own", status_code=422)

    def test_it_is_ended_once_and_told(self) -> None:
        self.let_in(self.provider.app.app_id)
        address = self.at("authorised_provider_end", self.yunduo, pk=self.rows().get().pk)
        for _time in range(2):
            self.assertEqual(self.client.post(address).status_code, 303)
        self.assertFalse(self.rows().exists())
        self.assertEqual(Event.objects.filter(kind="provider.revoked").count(), 1)
        self.let_in(self.provider.app.app_id)
        self.assertEqual(self.rows().count(), 1)

    def test_the_provider_s_people_cannot_let_anybody_in(self) -> None:
        self.let_in(self.provider.app.app_id)
        self.sign_in(self.provider.operator)
        self.assertEqual(self.let_in(self.rival.app.app_id).status_code, 403)
