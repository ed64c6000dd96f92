from django.core.files.uploadedfile import SimpleUploadedFile

from merchants.models import Job
from tests.console.membership.base import HTMX, ListCase

THREE = {
    "has_header": "yes",
    "unknown": "add",
    "use_0": "keep",
    "name_0": "姓名",
    "use_1": "open_id",
    "name_1": "open_id",
    "use_2": "leave",
    "name_2": "手机",
}


class ListColumns(ListCase):
    def setUp(self) -> None:
        (known,) = self.known(1)
        content = f"姓名,open_id,手机\n张三,{known},13800001111\n".encode("gb18030")
        self.people_list = self.uploaded([], file=SimpleUploadedFile("people.csv", content))
        self.address = self.url("list_columns", list_id=self.people_list.pk)

    def test_shows_header_and_first_rows_with_what_we_propose(self) -> None:
        text = self.client.get(self.address).content.decode()
        for shown in ("姓名", "张三", "13800001111"):
            self.assertIn(shown, text)
        self.assertRegex(
            text,
            r'name="use_0"[^>]*>\s*<option value="open_id">open_id</option>\s*<option value="keep" selected>',
        )
        self.assertRegex(text, r'name="use_1"[^>]*>\s*<option value="open_id" selected>')
        self.assertRegex(text, r'name="use_2"[^§]*<option value="leave" selected>')

    def test_the_choice_starts_the_dry_run(self) -> None:
        answer = self.client.post(self.address, THREE)
        self.assertRedirects(answer, self.url("list", list_id=self.people_list.pk), status_code=303)
        self.people_list.refresh_from_db()
        self.assertEqual((self.people_list.state, self.people_list.columns), ("checking", ["姓名"]))
        self.assertTrue(self.people_list.add_unknown)

    def test_htmx_is_sent_on_by_a_header(self) -> None:
        answer = self.client.post(self.address, THREE, headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("list", list_id=self.people_list.pk))

    def test_a_choice_that_does_not_hold_is_answered_with_422_and_kept(self) -> None:
        for changes, sentence in (
            ({"use_1": "leave"}, "Choose exactly one column that holds the open_id."),
            ({"use_0": "open_id"}, "Choose exactly one column that holds the open_id."),
            ({"name_0": ""}, "needs a name of at most 40 characters"),
            ({"name_0": "x" * 41}, "41 characters are too many; there is room for 40."),
            ({"unknown": ""}, "Choose what happens to people never seen before."),
        ):
            for headers in ({}, HTMX):
                with self.subTest(changes, headers=headers):
                    answer = self.client.post(self.address, {**THREE, **changes}, headers=headers)
                    self.assertContains(answer, sentence, status_code=422)
        self.people_list.refresh_from_db()
        self.assertEqual(self.people_list.state, "uploaded")

    def test_a_list_that_moved_on_shows_its_page_and_is_not_checked_twice(self) -> None:
        self.client.post(self.address, THREE)
        for answer in (self.client.get(self.address), self.client.post(self.address, THREE)):
            self.assertEqual(answer.headers["Location"], self.url("list", list_id=self.people_list.pk))
        self.assertEqual(Job.objects.count(), 1)

    def test_weaker_roles_get_403_and_strangers_404(self) -> None:
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.get(self.address).status_code, code)
            self.assertEqual(self.client.post(self.address, THREE).status_code, code)


class ListReopen(ListCase):
    def test_other_columns_can_be_chosen_after_the_dry_run(self) -> None:
        people_list = self.checked(self.known(2))
        answer = self.client.post(self.url("list_reopen", list_id=people_list.pk))
        columns = self.url("list_columns", list_id=people_list.pk)
        self.assertRedirects(answer, columns, status_code=303)
        self.assertEqual(self.client.post(columns, self.columns(has_header="no")).status_code, 303)

    def test_a_list_that_is_ready_stays(self) -> None:
        people_list = self.imported(self.known(2))
        answer = self.client.post(self.url("list_reopen", list_id=people_list.pk))
        self.assertRedirects(answer, self.url("list", list_id=people_list.pk), status_code=303)
        people_list.refresh_from_db()
        self.assertEqual(people_list.state, "ready")


class ListImport(ListCase):
    def test_a_double_click_imports_once(self) -> None:
        people_list = self.checked(self.known(2))
        address = self.url("list_import", list_id=people_list.pk)
        first = self.client.post(address)
        second = self.client.post(address, follow=True)
        self.assertEqual(first.status_code, 303)
        self.assertContains(second, "This list had moved on already.")
        self.assertContains(second, "Being written")

    def test_nothing_usable_is_not_imported(self) -> None:
        people_list = self.checked(["stranger0001"])
        self.client.post(self.url("list_import", list_id=people_list.pk))
        people_list.refresh_from_db()
        self.assertEqual(people_list.state, "checked")
