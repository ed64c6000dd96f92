from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from merchants import second_factor
from merchants.models import Merchant
from messaging.models import CrowdQuota, CrowdSend
from tests import build, build_messaging
from tests.console.messaging.crowds.base import CrowdPageCase

CONFIRM = {"version": "1", "launches": "0", "knows": "on"}


class LaunchTests(CrowdPageCase):
    def launch(self, crowd: CrowdSend, **changes):
        return self.client.post(self.url("crowd_launch", crowd), {**CONFIRM, **changes})

    def state(self, crowd: CrowdSend) -> str:
        crowd.refresh_from_db()
        return crowd.state

    def test_the_page_restates_everything_and_says_what_nobody_will_know(self):
        people = build_messaging.people(self.mini_program, 3)
        build_messaging.consents(self.template, people)
        answer = self.client.get(self.url("crowd_launch", self.crowd()))
        for words in (
            "满 30 减 5",
            "All subscribers of the template",
            "3 people can get a message, as far as it was reported here",
            "You can still send 10 crowd messages today",
            "Once submitted it cannot be paused or recalled",
            "The platform tells a count and never who.",
            "Balances of this template may then be lower",
        ):
            self.assertContains(answer, words)

    def test_confirmed_it_is_scheduled_and_can_be_undone_for_ten_seconds(self):
        crowd = self.crowd()
        self.assertRedirects(self.launch(crowd), self.url("crowd", crowd), status_code=303)
        assert (self.state(crowd), CrowdQuota.objects.get().used) == ("scheduled", 1)
        self.assertContains(self.client.get(self.url("crowd", crowd)), "Seconds left to undo:")
        answer = self.client.post(self.url("crowd_undo", crowd))
        self.assertRedirects(answer, self.url("crowd_edit", crowd), status_code=303)
        assert (self.state(crowd), CrowdQuota.objects.get().used) == ("draft", 0)

    def test_where_the_merchant_asks_for_a_code_nothing_is_launched_without_one(self):
        Merchant.objects.filter(pk=self.yunduo.pk).update(asks_second_factor=True)
        factor, _recovery = build.second_factor(self.operator, at=timezone.now() - timedelta(hours=1))
        crowd = self.crowd()
        self.assertContains(self.client.get(self.url("crowd_launch", crowd)), "Code from your app")
        refused = self.launch(crowd)
        self.assertContains(refused, "Type the code that your app shows.", status_code=422)
        assert self.state(crowd) == "draft"
        code = build.code_of(second_factor.manual_key(factor), timezone.now())
        assert self.launch(crowd, code=code).status_code == 303
        assert self.state(crowd) == "scheduled"

    def test_who_does_not_tick_that_there_is_no_brake_launches_nothing(self):
        crowd = self.crowd()
        answer = self.launch(crowd, knows="")
        self.assertContains(answer, "there is no brake afterwards", status_code=422)
        assert self.state(crowd) == "draft"

    def test_what_is_wrong_stands_in_the_box_with_its_repair(self):
        crowd = self.crowd(values=["{姓名}", "8 月"])
        answer = self.client.get(self.url("crowd_launch", crowd))
        self.assertContains(answer, "{姓名} cannot be filled in")
        self.assertContains(answer, f"{self.url('crowd_edit', crowd)}?check=1#id_value_0")
        assert self.launch(crowd).status_code == 422
        assert self.state(crowd) == "draft"

    @override_settings(CROWD_SENDS_PER_DAY=1)
    def test_a_day_without_any_left_is_refused(self):
        self.launch(self.crowd())
        second = self.crowd()
        answer = self.launch(second)
        self.assertContains(answer, "No crowd message is left for", status_code=422)
        assert (self.state(second), CrowdQuota.objects.get().used) == ("draft", 1)

    def test_a_draft_changed_meanwhile_is_shown_anew(self):
        crowd = self.crowd(version=2)
        answer = self.launch(crowd)
        self.assertContains(answer, "The draft was changed after you opened this page.", status_code=422)
        assert self.state(crowd) == "draft"

    def test_what_was_launched_meanwhile_says_so(self):
        crowd = self.crowd("submitting")
        self.assertContains(self.launch(crowd), "This crowd send is now “Being submitted”", status_code=422)
        undone = self.client.post(self.url("crowd_undo", crowd))
        self.assertContains(undone, "“Being submitted”", status_code=422)

    def test_a_later_day_is_named_with_what_is_left_of_it(self):
        on = timezone.localdate() + timedelta(days=3)
        crowd = self.crowd(scheduled_on=on, scheduled_time="12:00")
        answer = self.client.get(self.url("crowd_launch", crowd))
        self.assertContains(answer, f"You can still send 10 crowd messages on {on}")
