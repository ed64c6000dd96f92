"""Adopting for many: one application each, who cannot is listed with the reason."""

import uuid

from django.utils import timezone

from merchants.models import GatewayCall
from messaging.models import LibraryTemplate, SubscriptionTemplate
from tests.console.providers.base import ProviderCase

WORDS = ["归还时间", "门店", "金额"]


class Adopt(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        for one in (self.tea, self.rent, self.neighbour):
            LibraryTemplate.objects.create(
                merchant=one.merchant,
                mini_program=one.app,
                code="LIB-NEW",
                name="归还提醒",
                keywords=WORDS,
                kind="one_time",
                synced_at=timezone.now(),
            )

    def post(self, *apps, keywords=WORDS[:2], token=None):
        return self.client.post(
            self.at("provider_adopt") + "?template=LIB-NEW:one_time",
            {
                "form_token": token or uuid.uuid4(),
                "keywords": keywords,
                "apps": [one.app.pk for one in apps],
            },
            headers={"accept-language": "en"},
        )

    def made(self):
        return SubscriptionTemplate.objects.filter(library_code="LIB-NEW")

    def test_each_chosen_merchant_gets_an_application_of_its_own(self) -> None:
        answer = self.post(self.tea, self.rent)
        self.assertEqual(answer.status_code, 303)
        self.assertEqual({row.merchant for row in self.made()}, {self.tea.merchant, self.rent.merchant})
        self.assertEqual({tuple(row.keywords) for row in self.made()}, {tuple(WORDS[:2])})
        self.assertEqual(GatewayCall.objects.filter(target_kind="subscriptiontemplate").count(), 2)
        page = self.client.get(answer.headers["Location"], headers={"accept-language": "en"})
        self.assertContains(page, "Being submitted", count=2)

    def test_the_same_form_twice_applies_once(self) -> None:
        token = uuid.uuid4()
        self.assertEqual(
            self.post(self.tea, token=token).headers["Location"],
            self.post(self.tea, token=token).headers["Location"],
        )
        self.assertEqual(self.made().count(), 1)

    def test_who_may_not_is_listed_with_the_reason_and_the_others_go_ahead(self) -> None:
        LibraryTemplate.objects.filter(mini_program=self.rent.app).update(
            selectable=False, not_selectable_reason="类目不符"
        )
        page = self.client.get(self.post(self.tea, self.rent).headers["Location"])
        self.assertContains(page, "类目不符")
        self.assertEqual(self.made().get().merchant, self.tea.merchant)

    def test_a_living_adoption_is_not_made_again(self) -> None:
        self.post(self.tea)
        page = self.client.get(self.post(self.tea).headers["Location"], headers={"accept-language": "en"})
        self.assertContains(page, "adopted this template already")
        self.assertEqual(self.made().count(), 1)

    def test_a_mini_program_of_another_provider_cannot_be_named(self) -> None:
        self.assertEqual(self.post(self.tea, self.neighbour).status_code, 422)
        self.assertFalse(self.made().exists())

    def test_two_to_five_keywords(self) -> None:
        answer = self.post(self.tea, keywords=WORDS[:1])
        self.assertContains(answer, "1 are chosen now", status_code=422)

    def test_without_a_template_one_chooses_among_the_libraries(self) -> None:
        page = self.client.get(self.at("provider_adopt"), headers={"accept-language": "en"})
        self.assertContains(page, "2 mini programs")
        self.assertNotContains(page, 'id="adopt-many"><form')
