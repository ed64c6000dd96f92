from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.build_messaging import people_list
from tests.console.membership.base import HTMX, ListCase


class Lists(ListCase):
    def setUp(self) -> None:
        self.sign_in(self.analyst)

    def test_an_empty_page_explains_itself_and_offers_the_upload_to_who_may(self) -> None:
        answer = self.client.get(self.url("lists"))
        self.assertContains(answer, "No audiences yet")
        self.assertNotContains(answer, self.url("list_new"))
        self.sign_in(self.operator)
        self.assertContains(self.client.get(self.url("lists")), self.url("list_new"))

    def test_shows_each_list_with_its_figures_newest_first(self) -> None:
        people_list(self.mini_program, [], name="First")
        people_list(self.mini_program, [], name="Second", rows=5_000, count=4_600, malformed=300, unknown=100)
        answer = self.client.get(self.url("lists"))
        text = answer.content.decode()
        self.assertLess(text.index("Second"), text.index("First"))
        for figure in ("5,000", "4,600", "400"):
            self.assertContains(answer, figure)

    def test_filters_stand_in_the_address(self) -> None:
        people_list(self.mini_program, [], name="Autumn", purpose="Bring back")
        people_list(self.mini_program, [], name="Winter", state="failed")
        answer = self.client.get(self.url("lists"), {"text": "autu"})
        self.assertContains(answer, "Autumn")
        self.assertNotContains(answer, "Winter")
        answer = self.client.get(self.url("lists"), {"state": "failed"})
        self.assertContains(answer, "Winter")
        self.assertNotContains(answer, "Autumn")
        self.assertContains(self.client.get(self.url("lists"), {"text": "spring"}), "Nothing matches.")

    def test_asks_again_only_while_a_file_is_being_read(self) -> None:
        under_way = people_list(self.mini_program, [], state="importing")
        self.assertContains(self.client.get(self.url("lists")), "data-poll")
        under_way.state = "ready"
        under_way.save()
        self.assertNotContains(self.client.get(self.url("lists")), "data-poll")

    def test_htmx_gets_the_table_alone(self) -> None:
        people_list(self.mini_program, [], name="Autumn")
        answer = self.client.get(self.url("lists"), headers=HTMX)
        self.assertContains(answer, 'id="list-table"')
        self.assertNotContains(answer, "<html")

    def test_a_list_of_another_merchant_is_not_among_them(self) -> None:
        people_list(self.other_mini_program, [], name="Theirs")
        self.assertNotContains(self.client.get(self.url("lists")), "Theirs")

    def test_strangers_get_404_and_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("lists")).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("lists")).status_code, 404)

    def test_the_number_of_queries_does_not_grow_with_the_rows(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as counted:
                self.client.get(self.url("lists"))
            return len(counted)

        for number in range(3):
            people_list(self.mini_program, [], name=f"One {number}")
        few = queries()
        for number in range(15):
            people_list(self.mini_program, [], name=f"More {number}")
        self.assertEqual(queries(), few)
