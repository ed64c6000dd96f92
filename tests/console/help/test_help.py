import html
import re

import pytest
from django.urls import reverse
from django.utils import translation

from console import states
from console.help import glossary, meanings
from console.help.topics import TOPICS
from gateway import wire
from merchants.models import ApiKey
from merchants.refusals import SENTENCES
from messaging.models import PauseReason, SkipReason
from messaging.recall.signals import CONSENT_SCOPE
from tests import build
from tests.base import CastCase
from tests.build_messaging import template


@pytest.mark.parametrize("kind", list(states.WORDS))
def test_every_state_has_a_meaning(kind: str) -> None:
    assert kind in meanings.KINDS
    assert set(states.WORDS[kind]) == set(meanings.STATES[kind])


def test_every_reason_has_a_meaning() -> None:
    assert set(meanings.SKIPPED) == set(SkipReason)
    assert set(meanings.PAUSED) == set(PauseReason)


def test_every_code_of_the_platform_stands_in_one_table() -> None:
    listed = [code for table in meanings.refusal_tables() for codes, _words in table.rows for code in codes]
    assert sorted(listed) == sorted(SENTENCES)


def test_no_word_stands_in_the_glossary_twice() -> None:
    words = [term for _title, terms in glossary.GLOSSARY for term in terms]
    assert len({term.chinese for term in words}) == len({term.english for term in words}) == len(words)


class Help(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.analyst)

    def text(self, name: str) -> str:
        return self.client.get(reverse(name, args=["yunduo"])).content.decode()

    def test_the_index_leads_to_every_page_the_two_ways_in_first(self) -> None:
        text = self.text("help")
        places = [text.index(f'href="{reverse(topic.url_name, args=["yunduo"])}"') for topic in TOPICS]
        self.assertEqual(places, sorted(places))
        self.assertEqual([topic.key for topic in TOPICS[:2]], ["merchants", "providers"])

    def test_each_part_of_the_contents_is_on_its_page_once(self) -> None:
        for topic in TOPICS:
            text = self.text(topic.url_name)
            for anchor in topic.sections:
                with self.subTest(topic=topic.key, anchor=anchor):
                    self.assertEqual(len(re.findall(rf' id="{anchor}"', text)), 1)
            ids = re.findall(r' id="([^"]+)"', text)
            self.assertEqual(len(ids), len(set(ids)), topic.key)

    def test_the_way_to_the_first_message_knows_every_kind_of_audience(self) -> None:
        text = self.text("help_merchants")
        for words in ("CSV or XLSX", "written into the message as {column}", "everyone with consent"):
            self.assertIn(words, text)

    def test_links_between_the_pages_lead_to_parts_that_exist(self) -> None:
        pages = {reverse(t.url_name, args=["yunduo"]): self.text(t.url_name) for t in TOPICS}
        wrong = [
            f"{here} → {there}#{anchor}"
            for here, text in pages.items()
            for there, anchor in re.findall(r'href="(/m/yunduo/help/[^"#]+)#([^"]+)"', text)
            if f' id="{anchor}"' not in pages[there]
        ]
        self.assertEqual(wrong, [])

    def test_the_button_in_the_header_leads_to_the_part_that_fits_the_page(self) -> None:
        self.sign_in(self.owner)
        for name, wanted in (
            ("home", ("help", "")),
            ("templates", ("help_messages", "#consent")),
            ("sends", ("help_states", "#state-send")),
            ("lists", ("help_limits", "#files")),
            ("mini_programs", ("help_connect", "#keys")),
        ):
            address = reverse(wanted[0], args=["yunduo"]) + wanted[1]
            self.assertIn(f'class="header-button header-help" href="{address}"', self.text(name), name)
            if wanted[1]:
                self.assertIn(f' id="{wanted[1][1:]}"', self.text(wanted[0]))

    def test_limits_are_those_of_the_code(self) -> None:
        text = self.text("help_limits")
        self.assertIn(f"{wire.KEYWORD_VALUE_MAX_CHARACTERS} characters", text)
        self.assertIn(f"{self.mini_program.rate_per_second} messages a second", text)
        with self.settings(UPLOAD_MAX_BYTES=7 * 1024 * 1024, UPLOAD_KEEP_DAYS=11, SIGNALS_PER_SECOND=3):
            text = self.text("help_limits")
        for words in ("7.0 MB", "11 days", "3 a second"):
            self.assertIn(words, text)

    def test_states_and_reasons_stand_in_the_words_of_the_pages(self) -> None:
        text = self.text("help_states")
        for words in ("Missed its time", "Template fatigue", "MSG_UNSUBSCRIBED", "No answer in time"):
            self.assertIn(words, text)

    def test_both_languages_are_complete(self) -> None:
        self.analyst.language = "zh-hans"
        self.analyst.save()
        with translation.override("zh-hans"):
            for topic in TOPICS:
                self.assertIn(f"<h1>{topic.title}</h1>", self.text(topic.url_name))

    def test_strangers_find_nothing_and_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(reverse("help", args=["yunduo"])).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(reverse("help_limits", args=["yunduo"])).status_code, 404)


class Connect(CastCase):
    """The examples are sent as they stand."""

    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.template = template(self.mini_program)

    def examples(self) -> list[str]:
        page = self.client.get(reverse("help_connect", args=["yunduo"])).content.decode()
        return [
            html.unescape(block)
            for block in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
        ]

    def test_they_carry_this_mini_programs_ids(self) -> None:
        prompt, report, visit, _answer = self.examples()
        self.assertIn(f"entityIds: ['{self.template.template_id}']", prompt)
        self.assertIn(self.mini_program.app_id, report)
        self.assertIn(self.mini_program.app_id, visit)
        self.assertIn("http://testserver/api/v1/signals", report)

    def test_the_report_of_consent_is_taken_with_a_server_key_and_refused_with_a_client_key(self) -> None:
        report = re.search(r"-d '(.*)'", self.examples()[1], re.DOTALL)
        assert report is not None
        for kind, scopes, code in ((ApiKey.Kind.SERVER, ["consent"], 200), (ApiKey.Kind.CLIENT, [], 403)):
            key = build.api_key(self.mini_program, kind=kind, scopes=scopes)
            answer = self.client.post(
                "/api/v1/signals",
                report[1],
                content_type="application/json",
                headers={"Authorization": f"Bearer {key}"},
            )
            self.assertEqual(answer.status_code, code, answer.content)
            if code == 200:
                self.assertEqual(answer.json(), {"accepted": 1, "repeated": 0, "rejected": []})

    def test_without_a_template_the_examples_say_what_to_put_in(self) -> None:
        type(self.template).objects.all().delete()
        page = self.client.get(reverse("help_connect", args=["yunduo"]))
        self.assertContains(page, "Put the id of your template in place of TEMPLATE_ID")

    def test_the_scope_named_is_the_one_that_is_asked_for(self) -> None:
        page = self.client.get(reverse("help_connect", args=["yunduo"]))
        self.assertContains(page, f"<code>{CONSENT_SCOPE}</code>")
