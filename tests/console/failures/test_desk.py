import csv
from datetime import timedelta
from io import StringIO

from django.utils import timezone

from messaging.models import SendControl
from tests.console.failures.base import AUTH, STATUS, FailuresCase


class Desk(FailuresCase):
    def test_a_calm_house_says_so(self) -> None:
        self.launched()
        self.assertContains(self.client.get(self.at("failures")), "No failure in these sends.")

    def test_causes_stand_in_their_groups_with_sentence_code_remedy_and_the_place_to_mend_them(self) -> None:
        self.failed("Autumn", refused=[AUTH, AUTH, "DATA_SENSITIVE", "NEVER_HEARD_OF", "MSG_REJECTED"])
        self.failed("Winter", refused=[AUTH, STATUS])
        page = self.client.get(self.at("failures"))
        parts = {
            str(part.title): {line.cause.reason: line.cause.people for line in part.lines}
            for part in page.context["parts"]
        }
        self.assertEqual(
            parts,
            {
                "About one person": {"MSG_REJECTED": 1},
                "About the message or the template": {"DATA_SENSITIVE": 1, STATUS: 1},
                "About the mini program, its keys and rights": {AUTH: 3},
                "About the way to the platform": {"NEVER_HEARD_OF": 1},
            },
        )
        for words in (
            "The mini program may not send messages",
            "Turn on messages for this mini program",
            AUTH,
            "Autumn",
            "Winter",
            self.at("templates"),
            self.at("mini_programs"),
            self.at("failure", state="refused", code=AUTH).replace("&", "&amp;"),
        ):
            self.assertContains(page, words)
        # what was refused for good can't be tried again
        self.assertEqual(page.context["again"], 3 + 1 + 1)

    def test_unknown_outcomes_stand_by_their_two_causes_until_they_are_decided(self) -> None:
        batch = self.failed(unknown=["timeout", "cut_off", "no_record"])
        found = self.client.get(self.at("failures")).context["unknown"]
        self.assertEqual(
            [(line.cause.reason, line.cause.people) for line in found], [("answer", 2), ("process", 1)]
        )
        self.client.post(self.url("send_treat", batch), {"all": "2", "cause": "answer"})
        found = self.client.get(self.at("failures")).context["unknown"]
        self.assertEqual([line.cause.reason for line in found], ["process"])

    def test_days_mini_program_and_template_stand_in_the_address(self) -> None:
        batch = self.failed()
        for query, causes in (
            ({}, 1),
            ({"days": 7}, 1),
            ({"app": self.mini_program.pk}, 1),
            ({"app": "999999"}, 1),  # refused and told: nothing is filtered
            ({"template": self.template.pk}, 1),
            ({"first": "2020-01-01", "last": "2020-01-02"}, 0),
        ):
            page = self.client.get(self.at("failures", **query))
            self.assertEqual(len(page.context["lines"]), causes, query)
        SendControl.objects.filter(pk=batch.control_id).update(started_at=timezone.now() - timedelta(days=40))
        self.assertEqual(self.client.get(self.at("failures")).context["lines"], [])
        self.assertEqual(len(self.client.get(self.at("failures", days=90)).context["lines"]), 1)

    def test_a_filter_is_kept_on_the_way_to_a_cause(self) -> None:
        self.failed()
        (line,) = self.client.get(self.at("failures", days=7)).context["lines"]
        self.assertIn("days=7&state=refused", line.url)

    def test_another_merchants_failures_are_absent(self) -> None:
        self.failed()
        self.sign_in(self.other_owner)
        self.assertContains(
            self.client.get(self.at("failures", merchant="qingcha")), "No failure in these sends."
        )

    def test_the_number_of_queries_does_not_grow_with_sends_or_causes(self) -> None:
        self.failed()
        few = self.queries(self.at("failures"))
        for n in range(4):
            self.failed(f"Send {n}", refused=[AUTH, STATUS, f"CODE_{n}"], unknown=["timeout"])
        self.assertEqual(self.queries(self.at("failures")), few)

    def test_the_menu_leads_there_and_is_current(self) -> None:
        page = self.client.get(self.at("failures"))
        self.assertContains(page, f'href="{self.at("failures")}" title="Failures" aria-current="page"')


class Export(FailuresCase):
    def test_each_cause_is_a_line_safe_against_formulas(self) -> None:
        self.failed(refused=["=HYPERLINK(1)", AUTH, AUTH])
        answer = self.client.get(self.at("failures_export"))
        text = answer.content.decode()
        self.assertTrue(text.startswith("\ufeff"))
        rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
        self.assertEqual(
            [(row["code"], row["people"], row["group"]) for row in rows],
            [
                (AUTH, "2", "app"),
                ("'=HYPERLINK(1)", "1", "platform"),
            ],
        )
        self.assertEqual(rows[0]["can_be_sent_again"], "2")
