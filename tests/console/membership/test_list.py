from membership.models import PeopleListEntry
from merchants.models import Job
from tests.build_messaging import batch, people, template
from tests.build_messaging import people_list as people_list_of
from tests.console.membership.base import HTMX, ListCase


class ListPage(ListCase):
    def test_while_the_job_runs_it_shows_progress_and_asks_again_by_itself(self) -> None:
        people_list = self.being_checked(self.known(3))
        running = Job.objects.filter(arguments={"people_list": people_list.pk})
        running.update(state="running", done_units=2_500, total_units=5_000)
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, '<progress class="progress-line" value="2500" max="5000"')
        self.assertContains(answer, 'hx-trigger="load delay:2s, wake"')
        self.assertContains(answer, '<noscript><meta http-equiv="refresh"')
        self.assertContains(answer, self.url("list_cancel", list_id=people_list.pk))

    def test_the_last_poll_brings_the_result_state_and_next_step_and_asks_no_more(self) -> None:
        people_list = self.imported(self.known(3))
        answer = self.client.get(self.url("list", list_id=people_list.pk), headers=HTMX)
        self.assertNotContains(answer, "data-poll")
        self.assertNotContains(answer, "<html")
        self.assertContains(answer, '<span id="list-state" hx-swap-oob="true">')
        self.assertContains(answer, 'id="list-actions" class="thumb" hx-swap-oob="true"')

    def test_the_result_is_an_equation_of_all_rows(self) -> None:
        known = self.known(5)
        people_list = self.imported([*known, known[0], "no id", "bad!", "stranger0001"])
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(
            answer, "9 rows equal 5 usable plus 2 malformed, 1 repeated and 1 never seen here."
        )
        self.assertContains(answer, "equation-total equation-balanced")
        self.assertContains(answer, "4 rows are left out.")
        self.assertContains(answer, self.url("list_problems", list_id=people_list.pk))
        self.assertContains(answer, people_list.hash[:12])

    def test_people_added_are_told(self) -> None:
        people_list = self.imported([*self.known(2), "stranger0001", "stranger0002", "bad!"], unknown="add")
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "2 of the usable people are new here and became customers.")

    def test_without_problem_rows_there_is_nothing_to_download(self) -> None:
        people_list = self.imported(self.known(2))
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "Every row can be used.")
        self.assertNotContains(answer, self.url("list_problems", list_id=people_list.pk))

    def test_an_analyst_sees_the_counts_and_no_link_to_the_rows(self) -> None:
        people_list = self.imported([*self.known(2), "bad!"])
        self.sign_in(self.analyst)
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "Your role sees the counts, not the rows.")
        self.assertNotContains(answer, self.url("list_problems", list_id=people_list.pk))

    def test_a_refused_file_shows_the_reason_and_the_way_on(self) -> None:
        people_list = self.checked([*self.known(1), '"never closed'])
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "A quotation mark opened on line 3 is never closed.")
        self.assertContains(answer, self.url("list_new"))

    def test_before_its_columns_are_chosen_it_leads_to_them(self) -> None:
        people_list = self.uploaded(self.known(1))
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "The file is here; its columns have to be chosen.")
        self.assertContains(answer, self.url("list_columns", list_id=people_list.pk))
        self.assertNotContains(answer, "data-poll")

    def test_after_the_dry_run_it_shows_the_equation_as_a_forecast_and_asks_for_a_yes(self) -> None:
        people_list = self.checked([*self.known(5), "bad!", "stranger0001"])
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "equation-total equation-forecast")
        self.assertContains(answer, "Import 5 people")
        self.assertContains(answer, self.url("list_reopen", list_id=people_list.pk))
        self.assertContains(answer, self.url("list_problems", list_id=people_list.pk))
        self.sign_in(self.analyst)
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "equation-forecast")
        for act in ("list_import", "list_reopen", "list_cancel", "list_rename"):
            self.assertNotContains(answer, self.url(act, list_id=people_list.pk))

    def test_with_nobody_usable_there_is_nothing_to_import(self) -> None:
        people_list = self.checked(["stranger0001"])
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "Nobody in this file can be used.")
        self.assertNotContains(answer, self.url("list_import", list_id=people_list.pk))

    def test_five_people_are_shown_with_the_values_kept_masked_by_role(self) -> None:
        persons = people(self.mini_program, 7)
        people_list = people_list_of(self.mini_program, persons, columns=["姓名", "机型"])
        PeopleListEntry.objects.filter(people_list=people_list).update(values=["张小明", ""])
        self.sign_in(self.operator)
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "5 examples")
        self.assertContains(answer, "张小明", count=5)
        self.assertContains(answer, f"****{persons[0].open_id[-4:]}")
        self.assertNotContains(answer, persons[0].open_id)
        self.sign_in(self.analyst)
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "张***", count=5)
        self.assertNotContains(answer, "小明")
        self.assertNotContains(answer, persons[0].open_id[-4:])

    def test_a_dry_run_shows_its_people_too(self) -> None:
        people_list = self.checked(self.known(2))
        answer = self.client.get(self.url("list", list_id=people_list.pk))
        self.assertContains(answer, "2 examples")

    def test_sends_to_it_are_listed(self) -> None:
        people_list = self.imported(self.known(2))
        batch(
            self.mini_program,
            self.operator,
            chosen=template(self.mini_program),
            to=people_list,
            name="Half price",
        )
        self.assertContains(self.client.get(self.url("list", list_id=people_list.pk)), "Half price")

    def test_a_list_of_another_merchant_is_404_for_us_and_ours_for_them(self) -> None:
        people_list = self.imported(self.known(2))
        theirs = self.url("list", merchant="qingcha", list_id=people_list.pk)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(theirs).status_code, 404)
        self.assertEqual(self.client.get(self.url("list", list_id=people_list.pk)).status_code, 404)

    def test_a_post_is_rejected(self) -> None:
        people_list = self.uploaded(self.known(1))
        self.assertEqual(self.client.post(self.url("list", list_id=people_list.pk)).status_code, 405)
