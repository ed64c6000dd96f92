from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import override

from merchants import jobs
from merchants.models import Job
from tests.base import CastCase

BROKEN = "The file could not be read to its end. Upload it again."


class JobCase(CastCase):
    def start(self, **changes) -> Job:
        given = {"title": "People of November", "arguments": {"list_id": 1}, "total_units": 10, **changes}
        return jobs.start("membership.import_list", merchant=self.yunduo, by=self.operator, **given)

    def claim(self, job: Job) -> Job:
        held = jobs.claim(job.pk, merchant_id=self.yunduo.pk)
        assert held is not None
        return held

    def lose_lease(self) -> None:
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    def run_with(self, job: Job, work) -> Job:
        jobs.run(self.yunduo.pk, job.pk, work, broken=BROKEN)
        job.refresh_from_db()
        return job


class Starting(JobCase):
    def test_it_waits_in_a_row_and_is_hinted_after_commit(self):
        with self.captureOnCommitCallbacks() as callbacks:
            job = self.start()
        assert (job.state, job.merchant, job.by, job.is_over) == ("queued", self.yunduo, self.operator, False)
        assert callbacks[0].args == ("membership.import_list", self.yunduo.pk, job.pk)

    def test_progress_is_never_negative(self):
        job = self.start()
        with pytest.raises(IntegrityError, match="job_done_not_negative"), transaction.atomic():
            Job.objects.filter(pk=job.pk).update(done_units=-1)


class Claiming(JobCase):
    def test_one_worker_has_it_at_a_time(self):
        job = self.start()
        assert self.claim(job).state == "running"
        assert jobs.claim(job.pk, merchant_id=self.yunduo.pk) is None

    def test_another_merchants_id_does_not_get_it(self):
        assert jobs.claim(self.start().pk, merchant_id=self.qingcha.pk) is None

    def test_after_the_lease_another_worker_goes_on_and_the_first_stops(self):
        job = self.start()
        first = self.claim(job)
        self.lose_lease()
        second = self.claim(job)
        assert second.attempts == 2 and second.started_at == first.started_at
        for write in (
            lambda: jobs.advance(first, done_units=5),
            lambda: jobs.finish(first, result={}),
            lambda: jobs.fail(first, error="x"),
        ):
            with pytest.raises(jobs.LostLease):
                write()
        jobs.advance(second, done_units=7, total_units=8)
        second.refresh_from_db()
        assert (second.done_units, second.total_units) == (7, 8)


class Running(JobCase):
    def test_the_result_of_the_work_is_kept(self):
        job = self.run_with(self.start(), lambda held: {"known": 3})
        assert (job.state, job.result, job.is_over) == ("done", {"known": 3}, True)

    def test_work_that_cannot_be_done_says_why(self):
        def work(held: Job):
            raise jobs.JobRefused("The list is empty. Upload one with at least one open_id.")

        job = self.run_with(self.start(), work)
        assert (job.state, job.error) == (
            "failed",
            "The list is empty. Upload one with at least one open_id.",
        )

    def test_work_that_breaks_shows_the_prepared_sentence(self):
        def work(held: Job):
            raise ValueError("unexpected")

        job = self.start()
        with pytest.raises(ValueError, match="unexpected"):
            self.run_with(job, work)
        job.refresh_from_db()
        assert (job.state, job.error) == ("failed", BROKEN)

    def test_database_trouble_leaves_the_job_to_the_sweep(self):
        def work(held: Job):
            raise OperationalError("server closed the connection")

        job = self.start()
        with pytest.raises(OperationalError):
            self.run_with(job, work)
        job.refresh_from_db()
        assert job.state == "running"

    def test_a_job_that_is_over_is_not_run_again(self):
        job = self.run_with(self.start(), lambda held: {"n": 1})
        assert self.run_with(job, lambda held: {"n": 2}).result == {"n": 1}

    def test_a_cancelled_job_stops_at_its_next_step(self):
        def work(held: Job):
            assert jobs.cancel(held)
            jobs.advance(held, done_units=1)
            raise AssertionError("unreachable")

        assert self.run_with(self.start(), work).state == "cancelled"


class Cancelling(JobCase):
    def test_a_job_that_is_over_cannot_be_cancelled(self):
        job = self.run_with(self.start(), lambda held: {})
        assert not jobs.cancel(job)

    def test_a_waiting_job_never_starts(self):
        job = self.start()
        assert jobs.cancel(job)
        assert jobs.claim(job.pk, merchant_id=self.yunduo.pk) is None


class Sweeping(JobCase):
    def sweep(self, seconds: float = 11) -> list:
        with self.captureOnCommitCallbacks() as callbacks:
            count = jobs.sweep_jobs(at=timezone.now() + timedelta(seconds=seconds))
        assert count == len(callbacks)
        return [callback.args for callback in callbacks]

    def test_a_lost_hint_is_repeated_after_ten_seconds(self):
        job = self.start()
        assert self.sweep(5) == []
        assert self.sweep() == [("membership.import_list", self.yunduo.pk, job.pk)]
        assert self.sweep() == []

    def test_a_dead_workers_job_is_hinted_again_and_a_living_ones_is_not(self):
        job = self.start()
        self.claim(job)
        assert self.sweep() == []
        self.lose_lease()
        assert len(self.sweep()) == 1

    def test_a_job_that_stopped_five_times_has_failed_and_says_so(self):
        job = self.start()
        for _attempt in range(jobs.MAX_ATTEMPTS):
            self.claim(job)
            self.lose_lease()
        with override("en"):
            assert self.sweep() == []
        job.refresh_from_db()
        assert (job.state, job.lease_until) == ("failed", None)
        assert "five times" in job.error and job.finished_at

    def test_what_is_over_is_left_alone(self):
        self.run_with(self.start(), lambda held: {})
        assert self.sweep(3600) == []
