"""Until when a send may go: written with the draft, forecast before launch, moved or lifted later."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from console.messaging.sends.latest_form import NAMES
from merchants.models import Event, MiniProgram
from messaging.engine.schedule import advance
from messaging.models import BatchSend, DraftVersion, SendRules
from messaging.sends import batches
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_brakes import BrakeCase
from tests.console.messaging.sends.test_compose import ComposeCase

HALF = "Fill in day and time, or leave both empty."


def wall(moment: datetime) -> tuple[date, time]:
    local = timezone.localtime(moment)
    return local.date(), local.time().replace(second=0, microsecond=0)


def written(moment: datetime) -> dict[str, Any]:
    """As the fields of a draft."""
    return dict(zip(NAMES, wall(moment), strict=True))


def posted(moment: datetime) -> dict[str, str]:
    on, at = wall(moment)
    return {"not_after_on": on.isoformat(), "not_after_time": f"{at:%H:%M}"}


def in_hours(hours: float) -> datetime:
    return timezone.now() + timedelta(hours=hours)


class InTheComposer(ComposeCase):
    def setUp(self) -> None:
        super().setUp()
        self.tomorrow = timezone.localdate() + timedelta(days=1)
        self.evening = {"not_after_on": self.tomorrow.isoformat(), "not_after_time": "18:30"}
        self.kept = (self.tomorrow, time(18, 30))

    def limit(self, batch: BatchSend) -> tuple[date | None, time | None]:
        batch.refresh_from_db()
        return batch.not_after_on, batch.not_after_time

    def test_it_is_saved_shown_again_and_taken_away(self) -> None:
        self.client.post(self.url("send_new"), self.form(**self.evening))
        batch = BatchSend.objects.get()
        self.assertEqual(self.limit(batch), self.kept)
        page = self.client.get(self.url("send_edit", batch)).content.decode()
        self.assertIn(f'name="not_after_on" value="{self.tomorrow}"', page)
        self.assertIn('name="not_after_time" value="18:30"', page)
        again = self.form(version=1, form_token=batch.form_token)
        self.client.post(self.url("send_edit", batch), again)
        self.assertEqual(self.limit(batch), (None, None))

    def test_half_a_time_is_told_at_its_field_and_nothing_is_saved(self) -> None:
        for name, gap in (("not_after_on", "not_after_time"), ("not_after_time", "not_after_on")):
            for headers in ({}, HTMX):
                form = self.form(**{name: self.evening[name]})
                answer = self.client.post(self.url("send_new"), form, headers=headers)
                self.assertContains(answer, HALF, status_code=422)
                self.assertEqual(list(answer.context["form"].errors), [gap])
        kept = self.client.post(
            self.url("send_new"), self.form(action="keep", not_after_time="18:30"), headers=HTMX
        )
        self.assertContains(kept, f"Not saved yet: {HALF}")
        self.assertFalse(BatchSend.objects.exists())

    def test_it_saves_itself_and_the_forecast_is_counted_with_it(self) -> None:
        form = self.form(action="keep", **self.evening)
        said = self.client.post(self.url("send_new"), form, headers=HTMX)
        self.assertEqual(self.limit(BatchSend.objects.get()), self.kept)
        self.assertContains(said, "All 6 will have left by")

    def test_versions_tell_it_and_an_earlier_one_brings_it_back(self) -> None:
        self.client.post(self.url("send_new"), self.form(**self.evening))
        batch = BatchSend.objects.get()
        self.client.post(self.url("send_edit", batch), self.form(version=1, form_token=batch.form_token))
        self.assertContains(self.client.get(self.url("send_versions", batch)), f"{self.tomorrow} 18:30")
        self.client.post(self.url("send_restore", batch), {"restore": "1", "version": "2"})
        self.assertEqual(self.limit(batch), self.kept)

    def test_a_version_of_before_there_was_one_still_opens(self) -> None:
        self.client.post(self.url("send_new"), self.form(**self.evening, holdout_percent="5"))
        batch, row = BatchSend.objects.get(), DraftVersion.objects.get()
        old = {name: value for name, value in row.content.items() if "not_after" not in name}
        del old["holdout_percent"]
        DraftVersion.objects.update(content=old)
        self.client.post(self.url("send_edit", batch), self.form(version=1, form_token=batch.form_token))
        self.assertEqual(self.client.get(self.url("send_versions", batch)).status_code, 200)
        self.client.post(self.url("send_restore", batch), {"restore": "1", "version": "2"})
        batch.refresh_from_db()
        self.assertEqual((batch.not_after_on, batch.holdout_percent, batch.version), (None, 0, 3))

    def test_two_people_choose_whose_is_taken_for_day_and_time_together(self) -> None:
        self.client.post(self.url("send_new"), self.form(**self.evening))
        batch = BatchSend.objects.get()
        content = batches.written_in(batch)
        theirs = type(content)(**{**vars(content), "not_after_time": time(20, 0)})
        batches.save_draft(batch, by=self.owner, version=1, content=theirs, at=timezone.now())
        mine = self.form(version=1, form_token=batch.form_token)
        page = self.client.post(self.url("send_edit", batch), mine)
        self.assertContains(page, "1 field differs", status_code=422)
        self.assertContains(page, f"{self.tomorrow} 20:00", status_code=422)
        sides = {f"mine-{name}": value for name, value in mine.items()}
        sides |= {f"theirs-{name}": value for name, value in mine.items()}
        sides |= {"theirs-not_after_on": self.tomorrow.isoformat(), "theirs-not_after_time": "20:00"}
        chosen = {"choose": "picked", "pick-not_after": "theirs", "version": "2", "then": "save"}
        self.client.post(self.url("send_edit", batch), sides | chosen)
        self.assertEqual(self.limit(batch), (self.tomorrow, time(20, 0)))

    def test_neither_a_copy_nor_a_send_that_starts_from_it_takes_it_over(self) -> None:
        self.client.post(self.url("send_new"), self.form(**self.evening, holdout_percent="20"))
        batch = BatchSend.objects.get()
        self.client.post(self.url("send_copy", batch), {"form_token": str(uuid.uuid4())})
        copied = BatchSend.objects.exclude(pk=batch.pk).get()
        self.assertEqual((self.limit(copied), copied.holdout_percent), ((None, None), 20))
        page = self.client.get(f"{self.url('send_new')}?from={batch.pk}").content.decode()
        self.assertNotIn("18:30", page)
        self.assertIn('name="holdout_percent" value="20"', page)


@pytest.mark.usefixtures("clean_redis")
class BeforeLaunch(BrakeCase):
    """Six people; the mini program may send two a second: three seconds from the start."""

    def setUp(self) -> None:
        super().setUp()
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(rate_per_second=2)
        self.mini_program.refresh_from_db()
        moment = timezone.localtime(in_hours(24)).replace(second=0, microsecond=0)
        self.due = {"scheduled_on": moment.date(), "scheduled_time": moment.time()}
        self.due_at = moment

    def last(self, batch: BatchSend) -> Any:
        return self.client.get(self.url("send_launch", batch)).context["checks"][-1]

    def test_without_one_nothing_is_said_of_it(self) -> None:
        answer = self.client.get(self.url("send_launch", self.draft(**self.due)))
        self.assertEqual(len(answer.context["checks"]), 5)
        self.assertNotContains(answer, "latest time")

    def test_all_will_have_left(self) -> None:
        batch = self.draft(**self.due, **written(self.due_at + timedelta(hours=1)))
        self.assertEqual(
            (self.last(batch).tone, self.last(batch).sentence),
            ("good", "All will have left by the latest time"),
        )
        self.assertContains(self.client.get(self.url("send_launch", batch)), "All 6 will have left by")

    def test_who_will_not_have_left_is_counted_at_the_speed_that_holds(self) -> None:
        batch = self.draft(**self.due, **written(self.due_at + timedelta(minutes=1)))
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(rate_per_second=1)
        BatchSend.objects.filter(pk=batch.pk).update(people_list=self.many(100))
        check = self.last(batch)
        self.assertEqual(check.tone, "hint")
        self.assertTrue(check.sentence.startswith("40 people would not be sent to by the latest time"))
        page = self.client.get(self.url("send_launch", batch))
        self.assertContains(page, "About 60 of 100 will have left by")

    def many(self, n: int) -> Any:
        people = build.people(self.mini_program, n)
        build.consents(self.template, people)
        return build.people_list(self.mini_program, people)

    def test_quiet_hours_that_hold_it_past_the_latest_time_are_told(self) -> None:
        start, end = (timezone.localtime(self.due_at + timedelta(hours=n)).time() for n in (-1, 2))
        SendRules.objects.create(merchant=self.mini_program.merchant, quiet_from=start, quiet_to=end)
        batch = self.draft(**self.due, **written(self.due_at + timedelta(hours=1)))
        check = self.last(batch)
        self.assertEqual(check.tone, "hint")
        self.assertIn("Quiet hours hold it until", check.sentence)
        self.assertIn("nobody would get it", check.sentence)
        later = self.draft(**self.due, **written(self.due_at + timedelta(hours=4)))
        self.assertEqual(self.last(later).tone, "good")

    def test_one_that_is_not_later_than_the_send_keeps_it_from_going(self) -> None:
        for batch in (
            self.draft(**self.due, **written(self.due_at)),
            self.draft(**written(in_hours(-2))),  # right away
        ):
            self.assertEqual(
                (self.last(batch).tone, "is not later than" in self.last(batch).sentence), ("bad", True)
            )
            self.assertIn("#id_not_after_time", self.last(batch).url)
            form = {"version": "1", "launches": "0", "count": "6"}
            answer = self.client.post(self.url("send_launch", batch), form)
            self.assertEqual((answer.status_code, self.state_of(batch)), (422, "draft"))

    def test_a_launch_writes_the_instant_and_taking_it_back_forgets_it(self) -> None:
        limit = self.due_at + timedelta(hours=1)
        batch = self.draft(**self.due, **written(limit))
        control = batches.launch(batch, by=self.operator, version=1, at=timezone.now())
        control.refresh_from_db()
        self.assertEqual(control.not_after, limit)
        self.assertContains(self.client.get(self.url("send", batch)), "Not after")
        batches.take_back(batch, by=self.operator)
        control.refresh_from_db()
        self.assertIsNone(control.not_after)


class PastIt(BrakeCase):
    def paused(self) -> BatchSend:
        batch = self.launched(not_after=in_hours(-1))
        advance()
        self.assertEqual(self.state_of(batch), "paused")
        return batch

    def set(
        self, batch: BatchSend, form: dict[str, str], *, seen: datetime | None = None, **headers: str
    ) -> Any:
        seen = seen or batch.control.not_after
        form = {"limits": "at", "seen": seen.isoformat() if seen else "", **form}
        return self.client.post(self.url("send_not_after", batch), form, headers=headers)

    def test_its_page_says_how_many_are_left_and_asks(self) -> None:
        batch = self.paused()
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, "6 people have not been sent to.")
        self.assertContains(page, self.url("send_not_after", batch))
        self.assertNotContains(page, 'id="act-resume"')
        self.assertContains(page, 'id="act-cancel"')
        asked = self.client.get(self.url("send_not_after", batch))
        self.assertContains(asked, "6 people have not been sent to.")
        self.assertContains(asked, "Set it and go on")
        self.assertNotContains(asked, 'name="not_after_on" value=')  # it has passed: asked for anew

    def test_resuming_leads_to_the_question_and_changes_nothing(self) -> None:
        batch = self.paused()
        answer = self.client.post(self.url("send_resume", batch))
        self.assertRedirects(answer, self.url("send_not_after", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "paused")
        self.sign_in(self.reviewer)  # who may resume, and not launch
        answer = self.client.post(self.url("send_resume", batch))
        self.assertContains(answer, "Somebody who may launch", status_code=422)
        self.assertEqual(self.state_of(batch), "paused")

    def test_a_new_time_lets_it_go_on(self) -> None:
        batch = self.paused()
        limit = in_hours(3)
        answer = self.set(batch, posted(limit))
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "sending")
        batch.refresh_from_db()
        self.assertEqual((batch.not_after_on, batch.not_after_time), wall(limit))
        self.assertEqual(self.last_event("send.not_after")["not_after"], batch.control.not_after.isoformat())
        self.assertContains(self.client.get(self.url("send", batch)), "Gave a batch send another latest time")

    def test_it_is_lifted(self) -> None:
        batch = self.paused()
        answer = self.set(batch, {"limits": "none", **posted(in_hours(3))}, **HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send", batch))
        self.assertEqual(self.state_of(batch), "sending")
        self.assertIsNone(batch.control.not_after)

    def test_what_is_no_later_time_is_told_at_the_field(self) -> None:
        batch = self.paused()
        for form, sentence in (
            ({}, "or choose “No latest time”"),
            ({"not_after_time": "10:00"}, HALF),
            (posted(in_hours(-3)), "is not later than"),
            (posted(in_hours(24 * 500)), "more than a year"),
            ({"limits": "sometimes"}, "Select a valid choice"),
        ):
            for headers in ({}, HTMX):
                answer = self.set(batch, form, **headers)
                self.assertContains(answer, sentence, status_code=422)
                self.assertEqual("<html" in answer.content.decode(), not headers)
        self.assertEqual(self.state_of(batch), "paused")

    def test_the_second_of_two_that_wish_different_things_is_told(self) -> None:
        batch = self.paused()
        seen, first = batch.control.not_after, posted(in_hours(3))
        self.set(batch, first)
        other = self.set(batch, posted(in_hours(5)), seen=seen)
        self.assertContains(other, "changed meanwhile", status_code=422)
        same = self.set(batch, first, seen=seen)
        self.assertRedirects(same, self.url("send", batch), status_code=303)
        self.assertEqual(Event.objects.filter(kind="send.not_after").count(), 1)

    def test_one_under_way_gets_one_without_stopping(self) -> None:
        batch = self.launched()
        self.set(batch, posted(in_hours(3)))
        self.assertEqual(self.state_of(batch), "sending")
        self.assertIsNotNone(batch.control.not_after)
        self.assertEqual(Event.objects.filter(kind="send.resumed").count(), 0)
        self.assertContains(self.client.get(self.url("send", batch)), 'id="change-not-after"')

    def test_one_held_by_quiet_hours_past_it_does_not_promise_to_go_on(self) -> None:
        start, end = (timezone.localtime(in_hours(n)).time().replace(second=0) for n in (-1, 2))
        merchant = self.mini_program.merchant
        SendRules.objects.create(merchant=merchant, quiet_from=start, quiet_to=end)
        page = self.client.get(self.url("send", self.launched(not_after=in_hours(1))))
        self.assertContains(page, "Held by quiet hours until after its latest time")
        self.assertNotContains(page, "It goes on by itself")
        page = self.client.get(self.url("send", self.launched(not_after=in_hours(4))))
        self.assertContains(page, "It goes on by itself")

    def test_a_send_that_is_over_has_none_to_change(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.assert_moved_on(self.set(batch, posted(in_hours(3))), "Finished")
        self.assertRedirects(self.client.get(self.url("send_not_after", batch)), self.url("send", batch))

    def test_others_are_refused(self) -> None:
        batch = self.launched()
        self.refused_to(
            "send_not_after", batch, (self.reviewer, 403), (self.analyst, 403), (self.other_owner, 404)
        )


class MissedForIt(BrakeCase):
    def missed(self, limit: datetime) -> BatchSend:
        batch = self.launched("missed", due_at=in_hours(-2), not_after=limit, failure="too_late")
        BatchSend.objects.filter(pk=batch.pk).update(**written(limit))
        return batch

    def test_its_page_says_that_the_latest_time_had_passed(self) -> None:
        batch = self.missed(in_hours(-1))
        self.assertContains(self.client.get(self.url("send", batch)), "passed before it began")

    def test_the_latest_time_is_asked_for_anew(self) -> None:
        for limit, is_kept in ((in_hours(-1), False), (in_hours(5), True)):
            page = self.client.get(self.url("send_missed", self.missed(limit))).content.decode()
            self.assertEqual('name="not_after_on" value=' in page, is_kept)

    def test_it_goes_with_the_new_one_or_none(self) -> None:
        batch = self.missed(in_hours(-1))
        self.client.post(self.url("send_missed", batch), {"when": "now"})
        self.assertEqual((self.state_of(batch), batch.control.not_after), ("scheduled", None))
        other, limit = self.missed(in_hours(-1)), in_hours(2)
        self.client.post(self.url("send_missed", other), {"when": "now", **posted(limit)})
        self.assertEqual(self.state_of(other), "scheduled")
        self.assertEqual(wall(other.control.not_after), wall(limit))

    def test_a_new_one_that_has_passed_too_is_told_at_its_field(self) -> None:
        batch = self.missed(in_hours(-1))
        for form, sentence in (
            (posted(in_hours(-3)), "is not later than"),
            ({"not_after_time": "10:00"}, HALF),
        ):
            answer = self.client.post(self.url("send_missed", batch), {"when": "now", **form})
            self.assertContains(answer, sentence, status_code=422)
        self.assertEqual(self.state_of(batch), "missed")
