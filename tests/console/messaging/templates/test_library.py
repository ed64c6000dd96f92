from tests.build_messaging import template
from tests.console.messaging.templates.base import HTMX, TemplateCase, entry


class Library(TemplateCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def test_before_the_first_sync_it_says_what_to_do(self) -> None:
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, "The library was not read yet")
        self.assertContains(answer, self.url("templates_sync"))

    def test_an_entry_that_cannot_be_adopted_says_why_and_where_to_change_that(self) -> None:
        address = "https://b.alipay.com/page/message/access"
        closed = entry(
            self.mini_program,
            selectable=False,
            not_selectable_reason="Needs rental orders",
            not_selectable_url=address,
        )
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, "Needs rental orders")
        self.assertContains(answer, f'href="{address}"')
        self.assertNotContains(answer, self.url("template_adopt", library_id=closed.pk))

    def test_only_an_https_address_becomes_a_link(self) -> None:
        entry(self.mini_program, selectable=False, not_selectable_url="javascript:alert(1)")
        self.assertNotContains(self.client.get(self.url("template_library")), "javascript:")

    def test_an_entry_that_is_adopted_leads_to_ours(self) -> None:
        one = entry(self.mini_program)
        mine = template(self.mini_program, library_code=one.code)
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, self.url("template", template_id=mine.pk))
        self.assertContains(answer, "Adopted")

    def test_a_rejected_one_can_be_adopted_again(self) -> None:
        one = entry(self.mini_program)
        template(self.mini_program, library_code=one.code, state="rejected")
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, self.url("template_adopt", library_id=one.pk))

    def test_filters_stand_in_the_address(self) -> None:
        entry(self.mini_program, name="Autumn", has_push=True)
        entry(self.mini_program, name="Winter", kind="long_term")
        entry(self.mini_program, name="Spring", selectable=False, keywords=["Prize", "When"])
        for query, shown in (
            ({"text": "autu"}, {"Autumn"}),
            ({"text": "Prize"}, {"Spring"}),
            ({"kind": "long_term"}, {"Winter"}),
            ({"push": "yes"}, {"Autumn"}),
            ({"available": "no"}, {"Spring"}),
            ({"available": "yes", "push": "no"}, {"Winter"}),
        ):
            text = self.client.get(self.url("template_library"), query).content.decode()
            self.assertEqual({name for name in ("Autumn", "Winter", "Spring") if name in text}, shown, query)

    def test_htmx_gets_the_table_alone(self) -> None:
        answer = self.client.get(self.url("template_library"), headers=HTMX)
        self.assertContains(answer, 'id="library-table"')
        self.assertNotContains(answer, "<html")

    def test_an_analyst_reads_it_and_is_offered_nothing_to_change(self) -> None:
        one = entry(self.mini_program)
        self.sign_in(self.analyst)
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, one.name)
        self.assertNotContains(answer, self.url("templates_sync"))
        self.assertNotContains(answer, self.url("template_adopt", library_id=one.pk))

    def test_strangers_get_404_and_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("template_library")).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("template_library")).status_code, 404)
