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
        entry(self.mini_program, name="Winter", kind="long_term", industry_code="XS1012")
        entry(
            self.mini_program,
            name="Spring",
            selectable=False,
            keywords=["Prize", "When"],
            industry_scenario="Orders",
        )
        for query, shown in (
            ({"text": "autu"}, {"Autumn"}),
            ({"text": "Prize"}, {"Spring"}),
            ({"kind": "long_term"}, {"Winter"}),
            ({"push": "yes"}, {"Autumn"}),
            ({"show": "closed"}, {"Spring"}),
            ({"show": "available", "push": "no"}, {"Winter"}),
            ({"industry": "XS1012"}, {"Winter"}),
            ({"scene": "Orders"}, {"Spring"}),
            ({"industry": "XS1012", "scene": "Orders"}, set()),
        ):
            text = self.client.get(self.url("template_library"), query).content.decode()
            self.assertEqual({name for name in ("Autumn", "Winter", "Spring") if name in text}, shown, query)

    def names(self, **query: str) -> list[str]:
        return [
            row.name for row, _mine in self.client.get(self.url("template_library"), query).context["entries"]
        ]

    def test_recommended_scenes_of_a_rental_shop_come_first_in_the_recommended_order(self) -> None:
        for code, name in (("A1", "别的提醒"), ("A2", "抽奖活动通知"), ("A3", "权益领取提醒")):
            entry(self.mini_program, code=code, name=name)
        entry(self.mini_program, code="A0", name="奖品上新通知", selectable=False)
        self.assertEqual(self.names(), ["权益领取提醒", "抽奖活动通知", "别的提醒", "奖品上新通知"])
        self.assertEqual(self.names(show="recommended"), ["权益领取提醒", "抽奖活动通知", "奖品上新通知"])
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, "3 scenes are recommended for rental and stand first.")

    def test_another_industry_is_recommended_nothing(self) -> None:
        entry(self.other_mini_program, name="抽奖活动通知")
        self.sign_in(self.other_owner)
        answer = self.client.get(self.url("template_library", merchant="qingcha"))
        self.assertContains(answer, "抽奖活动通知")
        self.assertNotContains(answer, "Recommended</span>")

    def test_the_views_above_the_list_count_what_they_lead_to(self) -> None:
        mine = entry(self.mini_program)
        template(self.mini_program, library_code=mine.code)
        entry(self.mini_program)
        entry(self.mini_program, selectable=False)
        views = self.client.get(self.url("template_library")).context["views"]
        counts = {key: n for key, _words, n in views}
        self.assertEqual(counts, {"": 3, "recommended": 0, "available": 1, "adopted": 1, "closed": 1})
        for key, n in counts.items():
            self.assertEqual(len(self.names(show=key)), n, key)

    def test_the_views_count_within_the_other_filters(self) -> None:
        entry(self.mini_program, has_push=True)
        entry(self.mini_program, selectable=False)
        page = self.client.get(self.url("template_library"), {"push": "yes", "show": "closed"})
        counts = {key: n for key, _words, n in page.context["views"]}
        self.assertEqual((counts[""], counts["available"], counts["closed"]), (1, 1, 0))

    def test_a_reason_that_is_missing_is_replaced_by_what_to_do(self) -> None:
        entry(self.mini_program, selectable=False)
        entry(self.mini_program, selectable=False, status="gone")
        entry(self.mini_program, selectable=False, not_selectable_reason="先开通订单能力")
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, "The platform gives no reason; look in the merchant platform")
        self.assertContains(answer, "It left the library; choose another template.")
        self.assertContains(answer, "The platform says “先开通订单能力”. Settle that in the merchant")

    def test_industries_are_named_in_words_and_unknown_ones_as_they_are(self) -> None:
        entry(self.mini_program, industry_code="XS1012")
        entry(self.mini_program, industry_code="XS9999")
        answer = self.client.get(self.url("template_library"))
        self.assertContains(answer, '<option value="XS1012">Rental</option>')
        self.assertContains(answer, '<option value="XS9999">XS9999</option>')

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
