"""The search in the header: by a part of the name or the whole number, and only among one's own."""

from typing import Any

from membership.models import PeopleList
from messaging.models import BatchSend
from tests import build as cast
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX, SendCase


class Search(SendCase):
    def look(self, text: str, *, merchant: str = "yunduo") -> Any:
        return self.client.get(self.url("search", merchant=merchant), {"q": text})

    def keys(self, answer: Any) -> dict[str, int]:
        return {group.key: group.total for group in answer.context["groups"]}

    def test_sends_audiences_and_templates_are_found_by_a_part_of_their_name(self) -> None:
        self.draft(name="Autumn sale")
        self.people_list.name = "Guests of autumn"
        self.people_list.save(update_fields=["name"])
        build.template(self.mini_program, name="Autumn reminder")
        answer = self.look("autumn")
        self.assertEqual(self.keys(answer), {"sends": 1, "lists": 1, "templates": 1})
        for words in ("Autumn sale", "Guests of autumn", "Autumn reminder", "3 found"):
            self.assertContains(answer, words)

    def test_a_number_finds_the_send_and_the_audience_of_that_number(self) -> None:
        batch = self.draft(name="Nameless")
        self.assertContains(self.look(str(batch.pk)), self.url("send", batch))
        answer = self.look(str(self.people_list.pk))
        self.assertIn("lists", self.keys(answer))

    def test_a_number_no_row_can_have_finds_nothing_and_breaks_nothing(self) -> None:
        self.assertContains(self.look("9" * 40), "Nothing is called")

    def test_many_lead_to_the_list_with_the_same_words(self) -> None:
        for number in range(10):
            self.draft(name=f"Autumn {number}")
        answer = self.look("autumn")
        self.assertEqual(self.keys(answer), {"sends": 10})
        self.assertEqual(len(answer.context["groups"][0].rows), 8)
        self.assertContains(answer, f'"{self.url("sends")}?text=autumn"')

    def listed(self, answer: Any, key: str) -> int:
        """How many rows the list has to which the found ones lead."""
        (group,) = (group for group in answer.context["groups"] if group.key == key)
        return int(self.client.get(group.list_url).context["page"].paginator.count)

    def test_a_test_to_one_person_is_found_as_little_as_it_is_listed(self) -> None:
        batch = self.draft(name="Autumn")
        for number in range(9):
            self.draft(name=f"Autumn {number}")
        BatchSend.objects.filter(pk=self.draft(name="Autumn, a test").pk).update(test_of=batch)
        answer = self.look("autumn")
        self.assertEqual(self.keys(answer), {"sends": 10})
        self.assertEqual(self.listed(answer, "sends"), 10)

    def test_templates_of_all_mini_programs_are_found_and_listed(self) -> None:
        other = cast.mini_program(self.yunduo, app_id="2021000000000009", name="Second")
        for number in range(9):
            build.template(other if number % 2 else self.mini_program, name=f"Autumn {number}")
        answer = self.look("autumn")
        self.assertEqual(self.keys(answer), {"templates": 9})
        self.assertContains(answer, "text=autumn&amp;app=all")
        self.assertEqual(self.listed(answer, "templates"), 9)

    def test_audiences_that_are_found_are_listed(self) -> None:
        for _number in range(9):
            named = build.people_list(self.mini_program, [])
            PeopleList.objects.filter(pk=named.pk).update(name="Autumn guests")
        answer = self.look("autumn")
        self.assertEqual(self.keys(answer), {"lists": 9})
        self.assertEqual(self.listed(answer, "lists"), 9)

    def test_nothing_of_another_merchant_is_found(self) -> None:
        batch = self.draft(name="Ours alone")
        build.template(self.mini_program, name="Ours alone")
        self.sign_in(self.other_owner)
        for text in ("ours", str(batch.pk), str(self.people_list.pk)):
            with self.subTest(text=text):
                answer = self.look(text, merchant="qingcha")
                self.assertEqual(self.keys(answer), {})
                self.assertNotContains(answer, "Ours alone")

    def test_an_empty_search_says_what_can_be_looked_for(self) -> None:
        self.assertContains(self.look(""), "What are you looking for?")

    def test_what_cannot_be_searched_for_is_told(self) -> None:
        for text in ("a\0b", "x" * 81):
            with self.subTest(text=text):
                self.assertContains(self.look(text), "Nothing was searched for.")

    def test_the_words_stay_in_the_field_and_cannot_become_markup(self) -> None:
        answer = self.look('"><b>autumn')
        self.assertContains(answer, 'value="&quot;&gt;&lt;b&gt;autumn"')
        self.assertNotContains(answer, "<b>autumn")

    def test_the_field_stands_on_every_page_of_the_merchant(self) -> None:
        # once in the header, once in the drawer of narrow screens
        self.assertContains(self.client.get(self.url("lists")), f'action="{self.url("search")}"', count=2)

    def test_the_number_of_queries_does_not_grow_with_what_is_found(self) -> None:
        address = f"{self.url('search')}?q=autumn"
        for number in range(2):
            self.draft(name=f"Autumn {number}")
        few = self.queries(address)
        for number in range(4):
            self.draft(name=f"Autumn again {number}")
        self.assertEqual(self.queries(address), few)

    def test_htmx_gets_the_results_alone(self) -> None:
        answer = self.client.get(self.url("search"), {"q": "autumn"}, headers=HTMX)
        self.assertNotContains(answer, "<html")

    def test_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("search")).status_code, 405)
