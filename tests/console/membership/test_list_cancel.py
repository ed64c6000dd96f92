from membership import importing
from membership.models import PeopleList, PeopleListEntry
from tests.console.membership.base import HTMX, ListCase


class ListCancel(ListCase):
    def setUp(self) -> None:
        self.people_list = self.checked(self.known(3))
        self.address = self.url("list_cancel", list_id=self.people_list.pk)

    def start_import(self) -> None:
        self.client.post(self.url("list_import", list_id=self.people_list.pk))
        self.people_list.refresh_from_db()

    def test_a_file_that_waits_for_a_yes_is_discarded(self) -> None:
        answer = self.client.post(self.address, follow=True)
        self.assertContains(answer, "Cancelled. Nothing of this list was taken over.")
        self.people_list.refresh_from_db()
        self.assertEqual((self.people_list.state, self.people_list.stored_file), ("failed", ""))

    def test_a_cancelled_import_takes_nothing_over(self) -> None:
        self.start_import()
        answer = self.client.post(self.address, follow=True)
        self.assertContains(answer, "Cancelled. Nothing of this list was taken over.")
        assert self.people_list.job_id is not None
        importing.import_list(self.people_list.merchant_id, self.people_list.job_id)
        self.people_list.refresh_from_db()
        self.assertEqual(self.people_list.state, PeopleList.State.FAILED)
        self.assertFalse(PeopleListEntry.objects.exists())

    def test_too_late_changes_nothing(self) -> None:
        self.start_import()
        assert self.people_list.job_id is not None
        importing.import_list(self.people_list.merchant_id, self.people_list.job_id)
        answer = self.client.post(self.address, follow=True)
        self.assertNotContains(answer, "Cancelled.")
        self.people_list.refresh_from_db()
        self.assertEqual((self.people_list.state, self.people_list.count), (PeopleList.State.READY, 3))

    def test_htmx_is_sent_on_by_a_header(self) -> None:
        answer = self.client.post(self.address, headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("list", list_id=self.people_list.pk))

    def test_rejects_get_weaker_roles_and_strangers(self) -> None:
        self.assertEqual(self.client.get(self.address).status_code, 405)
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(self.address).status_code, code)
        self.people_list.refresh_from_db()
        self.assertEqual(self.people_list.state, PeopleList.State.CHECKED)
