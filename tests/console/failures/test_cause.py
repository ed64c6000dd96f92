from messaging.models import SkipReason
from tests.console.failures.base import AUTH, FailuresCase


class Cause(FailuresCase):
    def test_its_sends_stand_with_counts_that_lead_to_the_people_behind_them(self) -> None:
        first, second = self.failed("Autumn"), self.failed("Winter", refused=[AUTH])
        page = self.client.get(self.at("failure", state="refused", code=AUTH))
        self.assertEqual(
            [(row.name, row.people) for row in page.context["rows"]], [("Winter", 1), ("Autumn", 2)]
        )
        for batch in (first, second):
            people = f"{self.url('send_deliveries', batch)}?state=refused&amp;reason={AUTH}"
            self.assertContains(page, people)
        self.assertContains(page, "Send again to all 3…")

    def test_unknown_outcomes_offer_both_choices_and_lead_to_the_page_of_each_send(self) -> None:
        batch = self.failed(unknown=["timeout", "timeout"])
        page = self.client.get(self.at("failure", state="unknown", code="answer"))
        for words in (
            "The platform gave no answer that can be trusted",
            "Treat all 2 as sent…",
            "Send again to all 2…",
            "Takes another unit of consent; people may get it twice.",
            f"{self.url('send_unknown', batch)}?cause=answer",
        ):
            self.assertContains(page, words)

    def test_where_a_second_attempt_cannot_work_it_is_said_and_not_offered(self) -> None:
        self.failed(refused=["MSG_REJECTED", "DATA_SENSITIVE", "USER_ID_INVALID"])
        for code, words in (
            ("MSG_REJECTED", "They chose to hear less, so a second attempt is not offered."),
            ("DATA_SENSITIVE", "A send keeps its words and its template as launched"),
            ("USER_ID_INVALID", "would carry the same number"),
        ):
            page = self.client.get(self.at("failure", state="refused", code=code))
            self.assertContains(page, words)
            self.assertNotContains(page, "Send again")
        self.failed("Winter", skipped=[SkipReason.GAVE_UP])
        page = self.client.get(self.at("failure", state="skipped", code="gave_up"))
        self.assertContains(page, "there is no attempt to repeat")
        self.assertNotContains(page, "Send again")

    def test_of_cancelled_sends_only_treat_as_sent_is_offered(self) -> None:
        self.failed(state="cancelled", unknown=["timeout"])
        page = self.client.get(self.at("failure", state="unknown", code="answer"))
        self.assertContains(page, "Treat 1 as sent…")
        self.assertContains(page, "Not offered: these sends were cancelled.")

    def test_an_analyst_looks_without_choices(self) -> None:
        self.failed()
        self.sign_in(self.analyst)
        page = self.client.get(self.at("failure", state="refused", code=AUTH))
        self.assertContains(page, "Autumn")
        self.assertNotContains(page, self.at("failure_decide"))

    def test_nobody_left_is_said(self) -> None:
        page = self.client.get(self.at("failure", state="refused", code=AUTH))
        self.assertContains(page, "Nobody is left of this cause.")

    def test_what_is_no_cause_is_not_found(self) -> None:
        for state, code in (("accepted", ""), ("skipped", "no_consent"), ("unknown", "weather")):
            address = self.at("failure", state=state, code=code)
            self.assertEqual(self.client.get(address).status_code, 404)

    def test_the_number_of_queries_does_not_grow_with_the_sends(self) -> None:
        self.failed()
        address = self.at("failure", state="refused", code=AUTH)
        few = self.queries(address)
        for n in range(4):
            self.failed(f"Send {n}")
        self.assertEqual(self.queries(address), few)
