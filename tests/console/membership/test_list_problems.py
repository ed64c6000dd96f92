from membership.models import PeopleList
from membership.uploads import discard
from merchants.models import Event
from tests.console.membership.base import ListCase


class ListProblems(ListCase):
    def setUp(self) -> None:
        known = self.known(2)
        self.people_list = self.imported([*known, known[0], "=cmd()", "stranger0001"])
        self.address = self.url("list_problems", list_id=self.people_list.pk)

    def read(self) -> str:
        return b"".join(self.client.get(self.address).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    def test_hands_out_the_rows_left_out_with_line_and_reason(self) -> None:
        answer = self.client.get(self.address)
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        lines = self.read().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[3].startswith("6,stranger0001,Unknown"))

    def test_a_spreadsheet_that_opens_it_runs_no_formula(self) -> None:
        self.assertIn("5,'=cmd(),\"Malformed", self.read())

    def test_the_download_is_an_event(self) -> None:
        self.read()
        told = Event.objects.get(kind="list.problems_downloaded")
        self.assertEqual((told.by, told.subject_id), (self.operator, self.people_list.pk))

    def test_is_gone_once_the_file_is(self) -> None:
        discard(PeopleList.objects.get(pk=self.people_list.pk))
        self.assertEqual(self.client.get(self.address).status_code, 404)
        page = self.client.get(self.url("list", list_id=self.people_list.pk))
        self.assertContains(page, "The problem rows are no longer kept.")

    def test_analysts_and_reviewers_get_403_strangers_404_and_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.address).status_code, 405)
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.get(self.address).status_code, code)
        self.assertFalse(Event.objects.filter(kind="list.problems_downloaded").exists())
