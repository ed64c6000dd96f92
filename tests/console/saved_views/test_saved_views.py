"""Views of a list: kept, tabs with their counts, shared, changed and deleted by their owner alone."""

from typing import Any

from django.urls import reverse

from merchants import saved_views
from merchants.models import SavedView
from tests.console.messaging.sends.base import SendCase

FILTER = "state=draft"


class SavedViewCase(SendCase):
    def view_url(self, name: str, **kwargs: Any) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", **kwargs})

    def keep(self, **fields: Any) -> SavedView:
        told: dict[str, Any] = {"name": "Drafts", "query": FILTER, "page": "sends", **fields}
        return saved_views.keep(merchant=self.yunduo, by=told.pop("by", self.operator), **told)


class ViewNew(SavedViewCase):
    def test_a_filter_is_offered_to_be_kept_and_becomes_a_tab_with_its_count(self) -> None:
        self.draft(name="One")
        self.launched(name="Two")
        address = f"{self.view_url('view_new')}?{FILTER}"
        self.assertContains(self.client.get(f"{self.url('sends')}?{FILTER}"), address)
        answer = self.client.post(address, {"name": "My drafts"}, follow=True)
        self.assertContains(answer, 'aria-current="page">My drafts <span class="n">1</span>')
        self.assertContains(answer, "Change this view")

    def test_what_the_list_does_not_know_is_left_out(self) -> None:
        self.client.post(f"{self.view_url('view_new')}?{FILTER}&evil=1&page=3", {"name": "A"})
        self.assertEqual(SavedView.objects.get().query, FILTER)

    def test_several_states_the_order_and_the_rows_per_page_are_kept(self) -> None:
        self.draft()
        query = "state=draft&state=paused&sort=name&per_page=50"
        form = self.client.get(f"{self.view_url('view_new')}?{query}")
        for words in ("Status: Draft", "Status: Paused", "Order: Name", "Rows per page: 50"):
            self.assertContains(form, words)
        self.client.post(f"{self.view_url('view_new')}?{query}", {"name": "Mine"})
        self.assertEqual(SavedView.objects.get().query, query)
        turned = "per_page=50&sort=name&state=paused&state=draft"
        answer = self.client.get(f"{self.url('sends')}?{turned}")
        self.assertContains(answer, 'aria-current="page">Mine <span')
        answer = self.client.get(f"{self.url('sends')}?state=draft&sort=name&per_page=50")
        self.assertNotContains(answer, 'aria-current="page">Mine <span')

    def test_the_usual_order_needs_no_view(self) -> None:
        answer = self.client.get(self.url("sends") + "?sort=-due&per_page=25")
        self.assertNotContains(answer, "Save as view")

    def test_the_same_name_twice_is_told(self) -> None:
        self.keep()
        answer = self.client.post(f"{self.view_url('view_new')}?state=paused", {"name": "Drafts"})
        self.assertContains(answer, "You have a view of this name", status_code=422)

    def test_nothing_to_keep_and_too_many_are_told(self) -> None:
        address = self.view_url("view_new")
        self.assertContains(self.client.post(address, {"name": "A"}), "no filter to keep", status_code=422)
        for n in range(saved_views.MOST):
            self.keep(name=f"view {n}")
        answer = self.client.post(f"{address}?{FILTER}", {"name": "A"})
        self.assertContains(answer, "Delete one first", status_code=422)


class ViewEdit(SavedViewCase):
    def test_a_shared_view_is_seen_by_the_team_and_changed_by_its_owner_alone(self) -> None:
        self.draft()
        view = self.keep(is_shared=True)
        self.keep(name="Mine alone")
        self.sign_in(self.owner)
        answer = self.client.get(f"{self.url('sends')}?{FILTER}")
        self.assertContains(answer, "Drafts <span")
        self.assertContains(answer, "shared by")
        self.assertNotContains(answer, "Mine alone")
        for name in ("view", "view_delete"):
            self.assertEqual(self.client.post(self.view_url(name, view_id=view.pk)).status_code, 404)

    def test_it_is_renamed_and_shared(self) -> None:
        view = self.keep()
        self.client.post(self.view_url("view", view_id=view.pk), {"name": "Waiting", "is_shared": "on"})
        view.refresh_from_db()
        self.assertEqual((view.name, view.is_shared, view.query), ("Waiting", True, FILTER))

    def test_a_name_in_use_is_told(self) -> None:
        self.keep(name="Other")
        view = self.keep()
        answer = self.client.post(self.view_url("view", view_id=view.pk), {"name": "Other"})
        self.assertContains(answer, "You have a view of this name", status_code=422)


class ViewDelete(SavedViewCase):
    def test_it_is_gone_and_a_second_click_is_404(self) -> None:
        view = self.keep()
        address = self.view_url("view_delete", view_id=view.pk)
        self.assertEqual(self.client.post(address).status_code, 303)
        self.assertEqual(self.client.post(address).status_code, 404)
        self.assertFalse(SavedView.objects.exists())

    def test_a_get_is_rejected(self) -> None:
        self.assertEqual(self.client.get(self.view_url("view_delete", view_id=1)).status_code, 405)
