"""Views of the people of a send: kept at one send, above the people of every send, without anybody's id."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from merchants import saved_views
from merchants.models import SavedView
from messaging.models import BatchSend
from tests.console.messaging.sends.base import HTMX, SendCase

FILTER = "state=refused&reason=MSG_REJECTED"


class PeopleViewCase(SendCase):
    def settled(self, **outcomes: list[str]) -> BatchSend:
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(batch, **outcomes)
        return batch

    def keep(self, **fields: Any) -> SavedView:
        told: dict[str, Any] = {"name": "Said no", "query": FILTER, "page": "people", **fields}
        return saved_views.keep(merchant=self.yunduo, by=told.pop("by", self.operator), **told)

    def view_url(self, name: str, batch: BatchSend, view: SavedView) -> str:
        return reverse(name, args=["yunduo", batch.pk, view.pk])


class PeopleViewNew(PeopleViewCase):
    def test_a_filter_becomes_a_tab_above_the_people_of_every_send(self) -> None:
        one = self.settled(refused=["MSG_REJECTED", "USER_ID_INVALID"])
        two = self.settled(refused=["MSG_REJECTED"] * 3)
        address = self.url("send_people_view_new", one) + f"?{FILTER}"
        page = self.client.get(self.url("send_deliveries", one) + f"?{FILTER}")
        self.assertContains(page, address.replace("&", "&amp;"))
        answer = self.client.post(address, {"name": "Said no"}, follow=True)
        self.assertEqual(answer.redirect_chain[-1][0], self.url("send_deliveries", one) + f"?{FILTER}")
        self.assertContains(answer, 'aria-current="page">Said no <span class="n">1</span>')
        other = self.client.get(self.url("send_deliveries", two))
        self.assertContains(other, 'aria-current="page">All <span class="n">8</span>')
        self.assertContains(other, 'Said no <span class="n">3</span>')

    def test_where_its_reason_never_occurred_it_shows_nobody(self) -> None:
        self.keep()
        batch = self.settled(accepted=[""])
        answer = self.client.get(self.url("send_deliveries", batch) + f"?{FILTER}")
        self.assertContains(answer, 'aria-current="page">Said no <span class="n">0</span>')
        self.assertEqual(answer.context["rows"], [])

    def test_a_count_that_only_the_rows_could_tell_is_left_blank(self) -> None:
        self.keep(name="Stayed away", query="visited=no&state=accepted")
        answer = self.client.get(self.url("send_deliveries", self.settled(accepted=[""])))
        self.assertContains(answer, ">Stayed away</a>")

    def test_an_open_id_is_never_kept(self) -> None:
        batch = self.settled(refused=["MSG_REJECTED"])
        found = self.ids_of_people[0]
        query = f"?state=refused&open_id={found}"
        page = self.client.get(self.url("send_deliveries", batch) + query)
        self.assertContains(page, self.url("send_people_view_new", batch) + '?state=refused"')
        address = self.url("send_people_view_new", batch) + query
        form = self.client.get(address)
        self.assertContains(form, "Status: Refused")
        self.assertNotContains(form, "open_id:")
        self.client.post(address, {"name": "Refused"})
        self.assertEqual(SavedView.objects.get().query, "state=refused")
        self.assertNotContains(self.client.get(self.url("send_deliveries", batch) + query), "Save as view")

    def test_an_open_id_alone_is_no_view(self) -> None:
        batch = self.settled(accepted=[""])
        query = f"?open_id={self.ids_of_people[0]}"
        page = self.client.get(self.url("send_deliveries", batch) + query)
        self.assertNotContains(page, "Save as view")
        self.assertNotContains(page, 'aria-current="page">All')
        answer = self.client.post(self.url("send_people_view_new", batch) + query, {"name": "A"})
        self.assertContains(answer, "no filter to keep", status_code=422)

    def test_views_of_sends_and_of_people_do_not_mix(self) -> None:
        batch = self.settled(accepted=[""])
        self.keep()
        self.keep(page="sends", name="Done", query="state=finished")
        people = self.client.get(self.url("send_deliveries", batch))
        self.assertContains(people, "Said no")
        self.assertNotContains(people, ">Done ")
        sends = self.client.get(self.url("sends"))
        self.assertContains(sends, ">Done ")
        self.assertNotContains(sends, "Said no")

    def test_the_tabs_of_shown_ids_lead_to_the_list(self) -> None:
        batch = self.settled(refused=["MSG_REJECTED"])
        self.keep()
        answer = self.client.post(self.url("send_reveal", batch))
        self.assertContains(answer, f'<a href="{self.url("send_deliveries", batch)}?state=refused&amp;reason')
        self.assertNotContains(self.client.post(self.url("send_reveal", batch), headers=HTMX), "Said no")

    def test_the_tabs_cost_one_query_however_many_there_are(self) -> None:
        batch = self.settled(refused=["MSG_REJECTED"])
        none = self.queries(self.url("send_deliveries", batch))
        for n in range(5):
            self.keep(name=f"view {n}")
        self.assertEqual(self.queries(self.url("send_deliveries", batch)), none)

    def test_an_analyst_may_keep_one_and_a_stranger_finds_nothing(self) -> None:
        batch = self.settled(accepted=[""])
        address = self.url("send_people_view_new", batch) + "?state=accepted"
        for person, status in ((self.analyst, 303), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(address, {"name": "A"}).status_code, status)


class PeopleViewEdit(PeopleViewCase):
    def test_it_is_renamed_and_shared_and_leads_back_to_the_send(self) -> None:
        batch, view = self.settled(refused=["MSG_REJECTED"]), self.keep()
        address = self.view_url("send_people_view", batch, view)
        people = self.url("send_deliveries", batch) + f"?{FILTER}"
        self.assertContains(self.client.get(people), address)
        self.assertContains(self.client.get(address), people.replace("&", "&amp;"))
        answer = self.client.post(address, {"name": "Refusers", "is_shared": "on"})
        self.assertRedirects(answer, people, status_code=303)
        view.refresh_from_db()
        self.assertEqual((view.name, view.is_shared, view.query), ("Refusers", True, FILTER))

    def test_a_view_of_sends_is_not_found_among_the_views_of_people(self) -> None:
        batch, view = self.settled(), self.keep(page="sends")
        for name in ("send_people_view", "send_people_view_delete"):
            self.assertEqual(self.client.post(self.view_url(name, batch, view)).status_code, 404)

    def test_it_is_changed_and_deleted_by_its_owner_alone(self) -> None:
        batch, view = self.settled(), self.keep(is_shared=True)
        self.sign_in(self.owner)
        for name in ("send_people_view", "send_people_view_delete"):
            self.assertEqual(self.client.post(self.view_url(name, batch, view)).status_code, 404)
        page = self.client.get(self.url("send_deliveries", batch) + f"?{FILTER}")
        self.assertContains(page, "shared by")


class PeopleViewDelete(PeopleViewCase):
    def test_it_is_gone_and_a_get_is_rejected(self) -> None:
        batch, view = self.settled(), self.keep()
        address = self.view_url("send_people_view_delete", batch, view)
        self.assertEqual(self.client.get(address).status_code, 405)
        self.assertRedirects(self.client.post(address), self.url("send_deliveries", batch), status_code=303)
        self.assertFalse(SavedView.objects.exists())
