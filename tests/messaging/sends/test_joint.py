import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from merchants import providers
from merchants.models import Event, MiniProgram, ProviderAuthorisation
from messaging.models import BatchSend, JointPart, JointSend, SendControl, SendRules, SendState
from messaging.sends import joint
from messaging.sends.joint import Choice, JointContent
from tests import build_messaging, build_provider
from tests.base import CastCase


class JointCase(CastCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.provider = build_provider.provider()
        cls.tea = build_provider.client_of(cls.provider, "茶", people=3)
        cls.rent = build_provider.client_of(cls.provider, "租", people=2)

    def content(self, **changes) -> JointContent:
        given = {
            "name": "双十一返场",
            "library_code": build_provider.LIBRARY_CODE,
            "kind": "one_time",
            "values": {word: "满减" for word in self.tea.template.keywords},
            "page": "pages/index",
            **changes,
        }
        return JointContent(**given)

    def draft(self, *choices: Choice, token: uuid.UUID | None = None, **changes) -> JointSend:
        chosen = choices or [Choice(one.app, one.list) for one in (self.tea, self.rent)]
        return joint.draft(
            provider=self.provider.merchant,
            by=self.provider.operator,
            form_token=token or uuid.uuid4(),
            content=self.content(**changes),
            choices=chosen,
        )

    def confirmed(self, row: JointSend) -> dict[int, tuple[int, int]]:
        return {
            part.pk: (part.batch.version, part.batch.launches) for part in joint.parts_of(row) if part.batch
        }

    def launch(self, row: JointSend, confirmed=None) -> joint.Launched:
        seen = self.confirmed(row) if confirmed is None else confirmed
        return joint.launch(row, by=self.provider.operator, confirmed=seen, at=timezone.now())

    def part(self, row: JointSend, one) -> JointPart:
        return row.parts.get(mini_program=one.app)


class Drafting(JointCase):
    def test_each_merchant_gets_a_draft_of_its_own_with_its_template_and_list(self):
        row = self.draft()
        for one in (self.tea, self.rent):
            batch = self.part(row, one).batch
            assert (batch.merchant, batch.mini_program) == (one.merchant, one.app)
            assert (batch.template, batch.people_list) == (one.template, one.list)
            assert batch.control.merchant == one.merchant
            assert Event.objects.get(kind="send.drafted", merchant=one.merchant).by == self.provider.operator

    def test_values_stand_in_the_order_of_each_merchant_s_keywords(self):
        first, second = self.tea.template.keywords
        self.rent.template.keywords = [second, first]
        self.rent.template.save()
        row = self.draft(values={first: "一", second: "二"})
        assert self.part(row, self.tea).batch.values == ["一", "二"]
        assert self.part(row, self.rent).batch.values == ["二", "一"]

    def test_the_same_form_twice_drafts_once(self):
        token = uuid.uuid4()
        assert self.draft(token=token) == self.draft(token=token)
        assert BatchSend.objects.count() == 2

    def test_who_has_no_template_no_list_or_other_keywords_is_told_apart(self):
        third = build_provider.client_of(self.provider, "店", keywords=["别的", "词"])
        self.rent.template.state = "offline"
        self.rent.template.save()
        row = self.draft(
            Choice(self.tea.app, None), Choice(self.rent.app, self.rent.list), Choice(third.app, third.list)
        )
        whys = [joint.words_of(self.part(row, one)) for one in (self.tea, self.rent, third)]
        assert whys[0] == "No list was chosen."
        assert "Adopt it first" in whys[1]
        assert "别的" in whys[2]
        assert not BatchSend.objects.exists()

    def test_the_database_keeps_one_part_for_each_mini_program(self):
        row = self.draft()
        with pytest.raises(IntegrityError, match="joint_part_once"), transaction.atomic():
            JointPart.objects.create(joint=row, merchant=self.tea.merchant, mini_program=self.tea.app)


class Checking(JointCase):
    def test_each_merchant_is_judged_by_its_own_consent(self):
        extra = build_messaging.people(self.rent.app, 4)
        self.rent.list = build_messaging.people_list(self.rent.app, [*self.rent.people, *extra])
        row = self.draft()
        found = [joint.check(part, at=timezone.now()) for part in joint.parts_of(row)]
        sums = {one.part.mini_program: (one.funnel.total, one.will_send) for one in found}
        assert sums == {self.tea.app: (3, 3), self.rent.app: (6, 2)}

    def test_a_mini_program_that_has_not_authorised_the_provider_s_app_may_not_go(self):
        MiniProgram.objects.filter(pk=self.tea.app.pk).update(provider_app=self.provider.app)
        row = self.draft()
        found = {one.mini_program: joint.check(one, at=timezone.now()) for one in joint.parts_of(row)}
        assert "has not authorised" in found[self.tea.app].why_not
        assert found[self.rent.app].why_not == ""


class Launching(JointCase):
    def states(self, row: JointSend) -> dict[str, str]:
        return {part.merchant.name: part.batch.control.state for part in joint.parts_of(row) if part.batch}

    def test_each_is_launched_as_a_send_of_its_merchant_s(self):
        row = self.draft()
        launched = self.launch(row)
        assert (len(launched.done), launched.refused) == (2, [])
        assert set(self.states(row).values()) == {SendState.SCHEDULED}
        assert Event.objects.filter(kind="send.scheduled").count() == 2

    def test_a_second_run_launches_nobody_twice(self):
        row = self.draft()
        seen = self.confirmed(row)
        self.launch(row, seen)
        again = self.launch(row, seen)
        assert (again.done, again.refused) == ([], [])
        assert BatchSend.objects.filter(launches=1).count() == 2

    def test_one_that_cannot_go_keeps_nobody_back_and_is_tried_again(self):
        row = self.draft()
        self.rent.template.state = "offline"
        self.rent.template.save()
        launched = self.launch(row)
        assert [part.merchant for part in launched.done] == [self.tea.merchant]
        assert "not online" in joint.check(self.part(row, self.rent), at=timezone.now()).why_not
        assert joint.words_of(self.part(row, self.rent)).startswith("It could not be launched")
        self.rent.template.state = "approved"
        self.rent.template.save()
        assert [part.merchant for part in self.launch(row).done] == [self.rent.merchant]
        assert self.part(row, self.rent).why_not == ""

    def test_a_draft_that_was_changed_after_the_check_is_not_launched(self):
        row = self.draft()
        seen = self.confirmed(row)
        BatchSend.objects.filter(pk=self.part(row, self.tea).batch_id).update(version=7)
        launched = self.launch(row, seen)
        assert [part.merchant for part in launched.refused] == [self.tea.merchant]
        assert "changed this draft" in joint.words_of(self.part(row, self.tea))

    def test_only_what_was_confirmed_is_launched(self):
        row = self.draft()
        [tea] = [part for part in joint.parts_of(row) if part.merchant == self.tea.merchant]
        self.launch(row, {tea.pk: (1, 0)})
        assert self.states(row) == {"茶": SendState.SCHEDULED, "租": SendState.DRAFT}

    def test_a_merchant_that_ended_the_authorisation_is_neither_shown_nor_launched(self):
        row = self.draft()
        seen = self.confirmed(row)
        grant = ProviderAuthorisation.objects.get(merchant=self.tea.merchant)
        providers.revoke(grant, by=self.owner, at=timezone.now())
        assert [part.merchant for part in self.launch(row, seen).done] == [self.rent.merchant]
        assert SendControl.objects.get(merchant=self.tea.merchant).state == SendState.DRAFT

    def test_a_launch_that_is_lost_to_a_colleague_is_no_failure(self):
        row = self.draft()
        stale = joint.parts_of(row)
        self.launch(row)
        for part in stale:
            answer = joint.launch_part(
                part, part.batch, by=self.provider.operator, seen=(1, 0), at=timezone.now()
            )
            assert answer is None
        assert BatchSend.objects.filter(launches=1).count() == 2

    def test_where_a_merchant_wants_a_second_person_its_approval_is_asked_for(self):
        SendRules.objects.create(merchant=self.tea.merchant, approve_above=2)
        row = self.draft()
        launched = self.launch(row)
        assert [part.merchant for part in launched.asked] == [self.tea.merchant]
        assert [part.merchant for part in launched.done] == [self.rent.merchant]
        assert self.part(row, self.tea).batch.control.state == SendState.IN_REVIEW
        assert self.part(row, self.rent).batch.control.state == SendState.SCHEDULED


class Counting(JointCase):
    def test_figures_are_those_of_each_send_and_their_sum(self):
        row = self.draft()
        self.launch(row)
        batch = self.part(row, self.tea).batch
        batch.control.counters.create(state="accepted", n=2)
        batch.control.counters.create(state="refused", reason="MSG_UNSUBSCRIBED", n=1)
        parts = joint.parts_of(row)
        with self.assertNumQueries(1):
            found = joint.figures(parts)
        tea, rent = (found[self.part(row, one).pk] for one in (self.tea, self.rent))
        assert (tea.people, tea.accepted, tea.refused, tea.waiting) == (3, 2, 1, 0)
        assert (rent.people, rent.accepted, rent.waiting) == (2, 0, 2)
        assert joint.total_of(list(found.values())) == joint.Figures(5, 2, 1, 0, 0, 2)
