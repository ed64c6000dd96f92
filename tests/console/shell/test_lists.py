from django import forms
from django.http import QueryDict
from django.test import RequestFactory

from console.lists import FilterForm, keyset_page, numbered_page, sorting
from merchants.models import Job
from tests.base import CastCase


class Jobs(FilterForm):
    text = forms.CharField(label="Text", max_length=20)
    state = forms.ChoiceField(label="State", choices=[("", "All"), ("done", "Done")])


def test_a_value_that_is_refused_filters_nothing_and_says_so() -> None:
    form = Jobs(QueryDict("text=autumn&state=exploded"))
    assert form.applied == {"text": "autumn"}
    assert "state" in form.errors


def test_each_chip_removes_its_own_filter_and_the_page() -> None:
    chips = Jobs(QueryDict("text=autumn&state=done&page=3")).chips
    assert [(chip.label, chip.value, chip.remove_query) for chip in chips] == [
        ("Text", "autumn", "state=done"),
        ("State", "Done", "text=autumn"),
    ]


def test_only_orders_on_the_list_are_taken() -> None:
    def order(query: str) -> tuple[str, ...]:
        request = RequestFactory().get(f"/?{query}")
        return sorting(request, {"created": "created_at"}, default="-created").order

    assert order("sort=created") == ("created_at", "pk")
    assert order("sort=by__password") == ("-created_at", "-pk")
    assert order("") == ("-created_at", "-pk")


class Pages(CastCase):
    def setUp(self) -> None:
        rows = [Job(merchant=self.yunduo, kind="membership.import_list", title=str(n)) for n in range(7)]
        self.ids = [row.pk for row in Job.objects.bulk_create(rows)]
        self.rows = Job.objects.for_merchant(self.yunduo)

    def test_keyset_pages_follow_each_other_without_a_gap(self) -> None:
        seen, query = [], ""
        while True:
            page = keyset_page(RequestFactory().get(f"/?{query}"), self.rows, per_page=3)
            seen += [row.pk for row in page.rows]
            if page.next_before is None:
                break
            query = f"before={page.next_before}"
        self.assertEqual(seen, sorted(self.ids, reverse=True))

    def test_a_key_that_is_no_number_starts_at_the_newest(self) -> None:
        for before in ("x", "-1", "9" * 40, "٣"):
            page = keyset_page(RequestFactory().get("/", {"before": before}), self.rows, per_page=3)
            self.assertTrue(page.is_first)

    def test_a_page_out_of_range_is_the_nearest_one(self) -> None:
        page = numbered_page(RequestFactory().get("/?page=99"), self.rows.order_by("pk"), per_page=3)
        self.assertEqual(page.number, 3)
