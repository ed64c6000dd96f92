"""The pages of a joint send: written, checked, launched as confirmed, followed."""

import uuid
from datetime import timedelta

from django.utils import timezone

from membership.models import PeopleList
from merchants import providers, second_factor
from merchants.models import Merchant, ProviderAuthorisation
from messaging.models import BatchSend, JointSend, SendState
from tests import build, build_messaging
from tests.build_provider import LIBRARY_CODE
from tests.console.providers.base import HTMX, ProviderCase

ENGLISH = {"accept-language": "en"}


class SendCase(ProviderCase):
    def write(self, *, token=None, lists=None, headers=ENGLISH, **fields):
        chosen = lists if lists is not None else {self.tea: self.tea.list.pk, self.rent: self.rent.list.pk}
        given = {
            "form_token": token or uuid.uuid4(),
            "name": "返场",
            "value_0": "满减",
            "value_1": "本周内",
            "page": "pages/index",
            **{f"list_{one.app.pk}": pk for one, pk in chosen.items()},
            **fields,
        }
        address = self.at("provider_send_new") + f"?template={LIBRARY_CODE}:one_time"
        return self.client.post(address, given, headers=headers)

    def written(self, **kwargs) -> JointSend:
        self.assertEqual(self.write(**kwargs).status_code, 303)
        return JointSend.objects.get()

    def address(self, row: JointSend) -> str:
        return self.at("provider_send", joint_id=row.pk)

    def launch(self, row: JointSend, *, total: int = 5, headers=ENGLISH, **changes):
        parts = [
            f"{part.pk}:{part.batch.version}:{part.batch.launches}"
            for part in row.parts.exclude(batch=None).select_related("batch")
        ]
        return self.client.post(
            self.address(row), {"part": parts, "total": total, **changes}, headers=headers
        )

    def states(self) -> set[str]:
        return set(BatchSend.objects.values_list("control__state", flat=True))


class Writing(SendCase):
    def test_one_draft_for_each_merchant_that_has_a_list(self) -> None:
        row = self.written(lists={self.tea: self.tea.list.pk})
        self.assertEqual(BatchSend.objects.get().merchant, self.tea.merchant)
        self.assertEqual(row.merchant, self.provider.merchant)

    def test_the_same_form_twice_is_one_joint_send(self) -> None:
        token = uuid.uuid4()
        first, second = self.write(token=token), self.write(token=token)
        self.assertEqual(first.headers["Location"], second.headers["Location"])
        self.assertEqual(BatchSend.objects.count(), 2)

    def test_what_is_missing_is_said_at_its_field(self) -> None:
        for fields, said in (
            ({"name": ""}, "Give this send a name"),
            ({"value_1": ""}, "Fill in “领取时间”"),
            ({"scheduled_on": "2027-01-01"}, "Give both a day and a time"),
            ({"value_0": "{x"}, "has no “}”"),
        ):
            with self.subTest(said):
                self.assertContains(self.write(headers={**ENGLISH, **HTMX}, **fields), said, status_code=422)
        self.assertContains(self.write(lists={}), "at least one merchant", status_code=422)
        self.assertFalse(JointSend.objects.exists())

    def test_a_column_that_only_some_of_the_lists_have_is_refused(self) -> None:
        named = build_messaging.people_list(
            self.tea.app, self.tea.people, columns=["秘密列"], texts=[["甲"]] * 3
        )
        lists = {self.tea: named.pk, self.rent: self.rent.list.pk}
        answer = self.write(lists=lists, value_0="{秘密列}")
        self.assertContains(answer, "Not every chosen list has the column", status_code=422)
        self.assertEqual(self.write(lists={self.tea: named.pk}, value_0="{秘密列}").status_code, 303)

    def test_lists_and_templates_of_others_cannot_be_named(self) -> None:
        foreign = self.write(lists={self.tea: self.rent.list.pk})
        self.assertEqual(foreign.status_code, 422)
        page = self.client.get(self.at("provider_send_new") + f"?template={LIBRARY_CODE}:one_time")
        self.assertNotContains(page, "邻")
        self.assertFalse(PeopleList.objects.filter(merchant=self.provider.merchant).exists())


class Launching(SendCase):
    def test_the_check_shows_each_reach_and_the_sum(self) -> None:
        extra = build_messaging.people(self.rent.app, 4)
        self.rent.list = build_messaging.people_list(self.rent.app, [*self.rent.people, *extra])
        page = self.client.get(self.address(self.written()), headers=ENGLISH)
        self.assertContains(page, "−4")
        self.assertContains(page, "it goes to 5 people of 2 merchants")

    def test_confirmed_all_are_launched_and_followed_on_the_page(self) -> None:
        row = self.written()
        self.assertRedirects(self.launch(row), self.address(row), status_code=303)
        self.assertEqual(self.states(), {SendState.SCHEDULED})
        page = self.client.get(self.address(row), headers=ENGLISH)
        self.assertContains(page, "Scheduled", count=2)
        for one in (self.tea, self.rent):
            batch = BatchSend.objects.get(merchant=one.merchant)
            self.assertContains(page, self.at("send", one.merchant, send_id=batch.pk))

    def test_a_double_click_launches_nobody_twice(self) -> None:
        row = self.written()
        for _click in range(2):
            self.assertEqual(self.launch(row, total=5).status_code, 303)
        self.assertEqual(set(BatchSend.objects.values_list("launches", flat=True)), {1})

    def test_another_number_than_confirmed_launches_nobody(self) -> None:
        row = self.written()
        answer = self.launch(row, total=4, headers={**ENGLISH, **HTMX})
        self.assertContains(answer, "changed meanwhile", status_code=422)
        self.assertEqual(self.states(), {SendState.DRAFT})

    def test_who_cannot_go_is_left_with_the_reason_and_launched_later(self) -> None:
        row = self.written()
        self.rent.template.state = "offline"
        self.rent.template.save()
        self.assertContains(self.client.get(self.address(row), headers=ENGLISH), "not online")
        self.assertEqual(self.launch(row, total=3).status_code, 303)
        self.assertEqual(self.states(), {SendState.SCHEDULED, SendState.DRAFT})
        self.rent.template.state = "approved"
        self.rent.template.save()
        self.assertContains(self.client.get(self.address(row), headers=ENGLISH), "Launch the rest")
        self.assertEqual(self.launch(row, total=2).status_code, 303)
        self.assertEqual(self.states(), {SendState.SCHEDULED})

    def test_a_merchant_that_ended_it_disappears_from_the_page(self) -> None:
        row = self.written()
        grant = ProviderAuthorisation.objects.get(merchant=self.tea.merchant)
        providers.revoke(grant, by=self.owner, at=timezone.now())
        self.assertNotContains(self.client.get(self.address(row)), "茶")

    def test_another_provider_s_joint_send_does_not_exist(self) -> None:
        row = self.written()
        self.sign_in(self.rival.operator)
        self.assertEqual(self.client.get(self.address(row)).status_code, 404)
        foreign = self.at("provider_send", self.rival.merchant, joint_id=row.pk)
        self.assertEqual(self.client.get(foreign).status_code, 404)
        self.assertNotContains(self.client.get(self.at("provider_sends", self.rival.merchant)), "返场")

    def test_it_stands_in_the_list(self) -> None:
        row = self.written()
        self.assertContains(self.client.get(self.at("provider_sends")), self.address(row))


class SecondFactor(SendCase):
    """One of the merchants asks for a code: then nothing is launched for any without it."""

    def setUp(self) -> None:
        super().setUp()
        Merchant.objects.filter(pk=self.rent.merchant.pk).update(asks_second_factor=True)

    def test_without_a_code_nothing_is_launched(self) -> None:
        build.second_factor(self.provider.operator, at=timezone.now() - timedelta(hours=1))
        row = self.written()
        self.assertContains(self.client.get(self.address(row), headers=ENGLISH), "Code from your app")
        self.assertContains(self.launch(row), "Type the code that your app shows.", status_code=422)
        self.assertEqual(self.states(), {SendState.DRAFT})

    def test_with_a_code_all_are_launched(self) -> None:
        factor, _recovery = build.second_factor(
            self.provider.operator, at=timezone.now() - timedelta(hours=1)
        )
        code = build.code_of(second_factor.manual_key(factor), timezone.now())
        self.assertEqual(self.launch(self.written(), code=code).status_code, 303)
        self.assertEqual(self.states(), {SendState.SCHEDULED})

    def test_who_has_none_is_led_to_setting_it_up(self) -> None:
        row = self.written()
        self.assertContains(self.client.get(self.address(row), headers=ENGLISH), "Set up the second factor")
        self.assertEqual(self.launch(row).status_code, 422)
        self.assertEqual(self.states(), {SendState.DRAFT})
