"""What the failure desk hands to the home page: one line a kind, gone once it is settled."""

from datetime import timedelta

from django.utils import timezone

from messaging.models import DeliveryCounter, SendControl
from tests.console.dashboard.test_home import HOME, HomeCase

STATUS, KEYS = "USER_TEMPLATE_STATUS_ILLEGAL", "isv.invalid-signature"


class HomeFailures(HomeCase):
    def refused(self, name: str, code: str, n: int, *, hours_ago: int = 3) -> SendControl:
        batch = self.send(name, "finished", started_at=timezone.now() - timedelta(hours=hours_ago))
        then = timezone.now() - timedelta(hours=hours_ago)
        SendControl.objects.filter(pk=batch.control_id).update(touched_at=then)
        DeliveryCounter.objects.create(send_id=batch.control_id, state="refused", reason=code, n=n)
        return batch.control

    def seen_online(self) -> None:
        self.template.checked_at = timezone.now()
        self.template.save(update_fields=["checked_at"])

    def lines(self) -> list[tuple[str, str]]:
        return [(one.title, one.url) for one in self.client.get(HOME).context["decisions"]]

    def test_unknown_outcomes_of_several_sends_are_one_line_that_leads_to_the_desk(self) -> None:
        first, second = self.running("One", accepted=1, unknown=3), self.running("Two", unknown=2)
        old = timezone.now() - timedelta(days=50)
        SendControl.objects.filter(pk=first.control_id).update(started_at=old, state="finished")
        ((title, url),) = self.lines()
        self.assertEqual(title, "5 outcomes unknown")
        page = self.client.get(url)
        (line,) = page.context["unknown"]
        self.assertEqual((line.cause.people, line.cause.sends), (5, 2))
        for batch in (first, second):
            DeliveryCounter.objects.create(send_id=batch.control_id, state="decided", n=2)
        self.assertEqual(self.lines()[0][0], "1 outcome unknown")
        DeliveryCounter.objects.filter(send=first.control_id, state="decided").update(n=3)
        self.assertEqual(self.lines(), [])

    def test_a_cause_that_is_repaired_since_is_told_until_it_is_sent_again(self) -> None:
        control = self.refused("One", STATUS, 4)
        self.assertEqual(self.lines(), [])
        self.seen_online()
        ((title, url),) = self.lines()
        self.assertEqual(title, "4 refused people can be sent to again")
        self.assertContains(self.client.get(url), "Send again to all 4…")
        DeliveryCounter.objects.filter(send=control, state="refused").update(n=0)
        self.assertEqual(self.lines(), [])

    def test_several_repaired_causes_are_one_line_that_leads_to_the_desk(self) -> None:
        self.refused("One", STATUS, 4)
        self.refused("Two", KEYS, 5)
        self.seen_online()
        later = self.running("Three", accepted=9)
        SendControl.objects.filter(pk=later.control_id).update(state="finished")
        ((title, url),) = self.lines()
        self.assertEqual(title, "9 refused people can be sent to again")
        self.assertEqual(len(self.client.get(url).context["lines"]), 2)

    def test_who_may_not_decide_is_not_asked(self) -> None:
        self.refused("One", STATUS, 4)
        self.seen_online()
        self.sign_in(self.analyst)
        self.assertEqual(self.lines(), [])

    def test_more_than_three_sends_of_a_kind_are_one_line_that_leads_to_all_of_them(self) -> None:
        for n in range(4):
            self.send(f"Paused {n}", "paused", pause_reason="operator")
            self.send(f"Broken {n}", "paused", pause_reason="gateway")
            self.send(f"Failed {n}", "failed")
        for n in range(3):
            self.send(f"Missed {n}", "missed")
        told = dict(self.lines())
        self.assertEqual(
            list(told),
            [
                "4 sends paused by themselves",
                "4 sends were not sent",
                *(f"“Missed {n}” missed its time" for n in (2, 1, 0)),
                "4 sends are paused",
            ],
        )
        listed = self.client.get(told["4 sends are paused"]).context["page"]
        self.assertEqual(listed.paginator.count, 8)
