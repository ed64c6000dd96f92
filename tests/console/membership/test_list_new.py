from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from membership.models import PeopleList
from merchants.models import MiniProgram
from tests.console.membership.base import HTMX, ListCase


class ListNew(ListCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def test_size_and_form_are_told_before_the_button(self) -> None:
        text = self.client.get(self.url("list_new")).content.decode()
        told = text.index(f"at most {settings.UPLOAD_MAX_BYTES // 1024**2} MB")
        self.assertLess(told, text.index('class="btn btn-primary"'))

    def test_an_upload_makes_a_list_and_shows_it(self) -> None:
        answer = self.client.post(self.url("list_new"), self.form(["open00000001"]))
        people_list = PeopleList.objects.get()
        self.assertRedirects(answer, self.url("list_columns", list_id=people_list.pk), status_code=303)
        self.assertEqual((people_list.name, people_list.file_name), ("Autumn", "people.csv"))
        self.assertEqual(people_list.state, "uploaded")
        self.assertEqual(people_list.created_by, self.operator)

    def test_htmx_is_sent_on_by_a_header(self) -> None:
        answer = self.client.post(self.url("list_new"), self.form(["open00000001"]), headers=HTMX)
        people_list = PeopleList.objects.get()
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("list_columns", list_id=people_list.pk))

    def test_a_form_sent_twice_makes_one_list(self) -> None:
        form = self.form(["open00000001"])
        first = self.client.post(self.url("list_new"), form)
        form["file"] = SimpleUploadedFile("people.csv", b"open_id\nopen00000001")
        second = self.client.post(self.url("list_new"), form)
        self.assertEqual(first.headers["Location"], second.headers["Location"])
        self.assertEqual(PeopleList.objects.count(), 1)

    def test_an_incomplete_form_is_answered_with_422_and_says_what_is_missing(self) -> None:
        for headers in ({}, HTMX):
            answer = self.client.post(
                self.url("list_new"), self.form([], purpose="", file=""), headers=headers
            )
            self.assertContains(
                answer, "Choose a CSV or XLSX file with one open_id on each line.", status_code=422
            )
            self.assertContains(answer, "Say in a few words", status_code=422)
        self.assertNotContains(answer, "<html", status_code=422)
        self.assertRegex(answer.content.decode(), r'<input type="file"[^>]* autofocus')
        self.assertFalse(PeopleList.objects.exists())

    def test_the_chosen_file_survives_another_fields_error_with_script_and_is_asked_for_without(self) -> None:
        def refused(headers: dict[str, str]) -> str:
            form = self.form(["open00000001"], purpose="")
            return self.client.post(self.url("list_new"), form, headers=headers).content.decode()

        self.assertIn('hx-preserve="true"', refused(HTMX))
        self.assertNotIn("Choose the file once more", refused(HTMX))
        self.assertIn("Choose the file once more", refused({}))

    def test_a_file_that_is_no_list_is_refused_beside_its_field_and_not_kept(self) -> None:
        files = {
            "people.xlsx": (b"PK\x03\x04rest", "The workbook is damaged"),
            "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "This is an old Excel file"),
            "people.csv": (b"name\nA\n", "No column holds open_ids."),
        }
        for name, (content, sentence) in files.items():
            for headers in ({}, HTMX):
                with self.subTest(name, headers=headers):
                    file = SimpleUploadedFile(name, content)
                    answer = self.client.post(self.url("list_new"), self.form([], file=file), headers=headers)
                    self.assertContains(answer, sentence, status_code=422)
        self.assertFalse(PeopleList.objects.exists())

    def test_an_empty_file_is_refused(self) -> None:
        file = SimpleUploadedFile("people.csv", b"")
        answer = self.client.post(self.url("list_new"), self.form([], file=file))
        self.assertContains(answer, "This file is empty.", status_code=422)

    @override_settings(UPLOAD_MAX_BYTES=1024 * 1024)
    def test_a_file_over_the_limit_is_refused_and_not_kept(self) -> None:
        file = SimpleUploadedFile("people.csv", b"open_id\n" + b"open00000001\n" * 100_000)
        answer = self.client.post(self.url("list_new"), self.form([], file=file))
        self.assertContains(answer, "larger than 1 MB. Split it", status_code=422)
        self.assertFalse(PeopleList.objects.exists())

    def test_texts_over_their_limit_are_refused_with_both_numbers(self) -> None:
        answer = self.client.post(self.url("list_new"), self.form(["open00000001"], name="x" * 81))
        self.assertContains(answer, "81 characters are too many; there is room for 80.", status_code=422)

    def test_without_a_mini_program_it_says_so(self) -> None:
        MiniProgram.objects.filter(pk=self.mini_program.pk).delete()
        answer = self.client.post(self.url("list_new"), self.form(["open00000001"]))
        self.assertContains(answer, "This merchant has no mini program yet", status_code=422)

    def test_weaker_roles_get_403_and_strangers_404(self) -> None:
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.get(self.url("list_new")).status_code, code)
            posted = self.client.post(self.url("list_new"), self.form(["open00000001"]))
            self.assertEqual(posted.status_code, code)
        self.assertFalse(PeopleList.objects.exists())
