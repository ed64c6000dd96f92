import uuid
from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from merchants import tokens
from messaging.models import CROWD_TRANSITIONS, CrowdSend, CrowdState, SendRules
from messaging.sends import crowd as crowds
from messaging.sends.batches import LaunchRefused
from messaging.sends.crowd_moves import CrowdMoved, move
from tests import build_messaging
from tests.messaging.sends.crowd_base import CrowdCase


class DraftTests(CrowdCase):
    def test_the_same_form_sent_twice_makes_one_draft(self):
        token = uuid.uuid4()
        made = [
            crowds.new_draft(
                merchant=self.yunduo,
                mini_program=self.mini_program,
                by=self.operator,
                form_token=token,
                content=self.content(),
            )
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert self.kinds(made[0]) == ["crowd.drafted"]

    def test_of_two_who_save_the_same_version_the_second_is_told(self):
        crowd = self.draft()
        crowds.save_draft(
            crowd, by=self.operator, version=1, content=self.content(name="甲"), at=timezone.now()
        )
        with pytest.raises(crowds.CrowdConflict) as caught:
            crowds.save_draft(
                crowd, by=self.owner, version=1, content=self.content(name="乙"), at=timezone.now()
            )
        assert (caught.value.current.name, caught.value.current.version) == ("甲", 2)

    def test_what_was_launched_is_no_longer_edited(self):
        crowd = self.draft()
        self.launch(crowd)
        with pytest.raises(crowds.CrowdConflict):
            crowds.save_draft(crowd, by=self.operator, version=1, content=self.content(), at=timezone.now())

    def test_a_copy_has_the_words_and_no_time(self):
        crowd = self.draft(scheduled_on=timezone.localdate(), scheduled_time=time(10, 0), crowd_code="C1")
        copied = crowds.copy(crowd, by=self.owner, form_token=uuid.uuid4())
        assert (copied.values, copied.page, copied.crowd_code) == (crowd.values, crowd.page, "C1")
        assert (copied.scheduled_on, copied.state, copied.author) == (None, "draft", self.owner)


class ProblemTests(CrowdCase):
    def problems(self, **changes) -> dict[str, str]:
        found = crowds.problems(self.draft(**changes), at=timezone.now())
        return {problem.field: str(problem.message) for problem in found}

    def test_a_finished_draft_has_none(self):
        assert self.problems() == {}

    def test_each_missing_part_is_named(self):
        assert list(self.problems(name="", values=["", ""], page="")) == [
            "name",
            "values.0",
            "values.1",
            "page",
        ]
        assert list(self.problems(template=None)) == ["template"]

    def test_a_column_is_refused_with_a_sentence(self):
        wrong = self.problems(values=["{name}，你好", "8 月"])
        assert wrong["values.0"].startswith("A crowd gets the same words: {name} cannot be filled in.")

    def test_a_doubled_brace_is_a_brace(self):
        crowd = self.draft(values=["{{5}} 元", "8 月"])
        assert crowds.problems(crowd, at=timezone.now()) == []
        assert '"value":"{5} 元"' in crowds.data_of(crowd)

    def test_limits_of_text_and_page_hold(self):
        assert "1 characters too long" in self.problems(values=["字" * 51, "8 月"])["values.0"]
        assert "at most 128" in self.problems(page="pages/" + "x" * 110)["page"]

    def test_a_template_that_is_not_online_is_refused(self):
        offline = build_messaging.template(self.mini_program, state="offline")
        assert "is not online" in self.problems(template=offline)["template"]

    def test_a_crowd_code_with_other_characters_is_refused(self):
        assert "Copy it" in self.problems(crowd_code="会员 1")["crowd_code"]

    def test_a_time_in_the_quiet_hours_is_refused_with_the_next_free_one(self):
        SendRules.objects.create(merchant=self.yunduo, quiet_from=time(21, 0), quiet_to=time(9, 0))
        on = timezone.localdate() + timedelta(days=2)
        wrong = self.problems(scheduled_on=on, scheduled_time=time(22, 0))
        assert f"{on + timedelta(days=1):%Y-%m-%d} 09:00" in wrong["time"]
        assert self.problems(scheduled_on=on, scheduled_time=time(9, 0)) == {}

    def test_while_the_mini_program_is_stopped_nothing_goes_right_away(self):
        self.mini_program.stopped_at = timezone.now()
        self.mini_program.save()
        assert "is stopped" in self.problems()["time"]

    def test_a_time_that_passed_is_refused(self):
        yesterday = timezone.localdate() - timedelta(days=1)
        assert "has passed" in self.problems(scheduled_on=yesterday, scheduled_time=time(10))["time"]


class LaunchTests(CrowdCase):
    def test_content_is_frozen_with_one_token_of_the_send_and_the_day_is_taken(self):
        crowd = self.draft()
        self.launch(crowd)
        assert (crowd.state, crowd.platform_template_id) == ("scheduled", self.template.template_id)
        assert '"keyword1":{"value":"满 30 减 5"}' in crowd.data
        assert tokens.read_for_crowd(crowd.sent_page.rpartition("rt%3D")[2]) == crowd.pk
        assert (self.used(), crowd.undo_until, self.kinds(crowd)[-1]) == (1, crowd.due_at, "crowd.scheduled")

    def test_a_wall_time_of_this_minute_leaves_the_undo_its_seconds(self):
        at = timezone.now()
        wall = timezone.localtime(at, crowds.ZoneInfo(self.yunduo.time_zone)).replace(second=0, microsecond=0)
        crowd = self.draft(scheduled_on=wall.date(), scheduled_time=wall.time())
        crowds.launch(crowd, by=self.operator, version=1, launches=0, at=at)
        assert crowd.due_at == crowd.undo_until == at + timedelta(seconds=10)

    def test_undo_gives_the_day_back_and_keeps_the_draft(self):
        crowd = self.draft()
        self.launch(crowd)
        crowds.take_back(crowd, by=self.operator)
        assert (crowd.state, crowd.quota_day, crowd.data, self.used()) == ("draft", None, "", 0)
        assert crowd.values == ["满 30 减 5", "8 月 31 日前"]

    def test_undo_after_submission_began_loses_the_race(self):
        crowd = self.launched()
        self.advance()
        with pytest.raises(CrowdMoved) as lost:
            crowds.take_back(self.again(crowd), by=self.operator)
        assert (lost.value.state, self.used()) == ("submitting", 1)

    def test_submission_after_an_undo_finds_nothing(self):
        crowd = self.launched()
        stale = self.again(crowd)
        crowds.take_back(crowd, by=self.operator)
        with pytest.raises(CrowdMoved):
            move(stale, CrowdState.SUBMITTING, by=None, only_if={"due_at": stale.due_at})
        assert self.advance() == 0

    def test_a_confirmation_of_another_version_or_from_before_an_undo_is_not_obeyed(self):
        crowd = self.draft()
        self.launch(crowd)
        crowds.take_back(crowd, by=self.operator)
        for version, launches in ((1, 0), (2, 1)):
            with pytest.raises(crowds.CrowdConflict):
                crowds.launch(crowd, by=self.operator, version=version, launches=launches, at=timezone.now())
        assert self.used() == 0

    @override_settings(CROWD_SENDS_PER_DAY=1)
    def test_past_the_days_quota_nothing_is_launched(self):
        self.launch(self.draft())
        second = self.draft()
        with pytest.raises(LaunchRefused, match="No crowd message is left"):
            self.launch(second)
        assert (self.again(second).state, self.used()) == ("draft", 1)

    def test_cancelling_before_its_time_gives_the_day_back(self):
        crowd = self.draft()
        self.launch(crowd)
        crowds.cancel(crowd, by=self.operator, why="说错了")
        assert (crowd.state, self.used(), self.kinds(crowd)[-1]) == ("cancelled", 0, "crowd.cancelled")

    def test_the_database_keeps_a_send_and_its_place_in_the_quota_together(self):
        crowd = self.draft()
        self.launch(crowd)
        with pytest.raises(IntegrityError), transaction.atomic():
            CrowdSend.objects.filter(pk=crowd.pk).update(quota_day=None)

    def test_every_state_has_its_moves_and_what_left_never_becomes_a_draft(self):
        assert set(CROWD_TRANSITIONS) == set(CrowdState.values)
        back = {state for state, targets in CROWD_TRANSITIONS.items() if "draft" in targets}
        assert back == {"scheduled", "missed"}
        assert {state for state, to in CROWD_TRANSITIONS.items() if "submitting" in to} == {"scheduled"}
