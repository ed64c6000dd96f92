"""Tasks are called as functions here: no queue, no eager mode, no ambient state."""

from datetime import timedelta

import pytest
from celery import Celery, current_app
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from gateway import loop
from merchants import calls, events, inbox, jobs, tasks
from merchants.enqueue import MerchantTask, enqueue
from merchants.models import GatewayCall
from tests import build
from tests.base import CastCase
from tests.gateway.platform import Platform
from tests.merchants.test_calls import BODY, DONE, METHOD
from tests.merchants.test_inbox import signed

OLD = timezone.now() - timedelta(minutes=5)


class Periodic(CastCase):
    def hints_of(self, task) -> list:
        with self.captureOnCommitCallbacks() as callbacks:
            task()
        return [callback.args for callback in callbacks]

    def test_waiting_calls_are_hinted(self):
        call = calls.intend(
            mini_program=self.mini_program, method=METHOD, target=self.yunduo, body=BODY, idempotency_key="a"
        )
        calls.GatewayCall.objects.update(hinted_at=OLD)
        assert self.hints_of(tasks.sweep_calls) == [("merchants.send_call", self.yunduo.pk, call.pk)]

    @override_settings(EVENT_SUBSCRIBERS={"x.happened": ["membership.x"]})
    def test_waiting_dispatches_are_hinted(self):
        event = events.record("x.happened", merchant=self.yunduo)
        events.Dispatch.objects.update(hinted_at=OLD)
        assert self.hints_of(tasks.sweep_dispatches) == [("membership.x", self.yunduo.pk, event.id)]

    def test_waiting_notices_are_hinted(self):
        kind = signed()["msg_method"]
        with override_settings(NOTIFICATION_ROUTES={kind: "messaging.x"}):
            inbox.receive(signed())
            inbox.Notice.objects.update(hinted_at=OLD)
            notice = inbox.Notice.objects.get()
            assert self.hints_of(tasks.sweep_notices) == [("messaging.x", self.yunduo.pk, notice.pk)]

    def test_waiting_jobs_are_hinted(self):
        job = jobs.start("membership.x", merchant=self.yunduo, by=None, title="x", arguments={})
        jobs.Job.objects.update(hinted_at=OLD)
        assert self.hints_of(tasks.sweep_jobs) == [("membership.x", self.yunduo.pk, job.pk)]

    def test_old_rows_are_pruned(self):
        long_ago = timezone.now() - timedelta(days=60)
        event = events.record("x.happened", merchant=self.yunduo)
        events.Dispatch.objects.create(
            event_id=event.id, event_at=event.at, merchant=self.yunduo, subscriber="x", done_at=long_ago
        )
        tasks.prune()
        assert not events.Dispatch.objects.exists()

    def test_partitions_can_be_made_again_and_again(self):
        tasks.make_partitions()
        tasks.make_partitions()

    def test_a_call_of_another_merchant_is_not_made(self):
        tasks.send_call(self.qingcha.pk, 987654)


@pytest.mark.django_db(transaction=True)
def test_what_came_of_a_call_is_taken_over_by_the_task_that_made_it(monkeypatch):
    seen = []
    monkeypatch.setitem(current_app.tasks, "tests.settle", lambda *told: seen.append(told))
    owner = build.merchant()
    app = build.mini_program(owner)
    with transaction.atomic():
        call = calls.intend(
            mini_program=app,
            method=METHOD,
            target=owner,
            body=BODY,
            idempotency_key="k",
            settle_task="tests.settle",
        )
    platform = Platform(DONE)
    address = {"simulated": platform.url}
    try:
        with override_settings(GATEWAY_URLS=address):
            tasks.send_call(owner.pk, call.pk)
    finally:
        platform.close()
        loop.close()
    assert seen == [(owner.pk, call.pk)]
    assert GatewayCall.objects.get(pk=call.pk).state == "accepted"


def test_every_task_of_the_timetable_that_is_ours_exists():
    ours = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    ours = {name for name in ours if name.startswith("merchants.")}
    known = {task.name for task in vars(tasks).values() if hasattr(task, "delay")}
    assert ours <= known and len(ours) >= 6


@pytest.mark.parametrize("arguments", [(), (None, 1), ("7", 1), (True, 1)])
def test_a_task_of_one_merchant_refuses_to_run_without_one(arguments):
    with pytest.raises(TypeError, match="merchant_id first"):
        tasks.send_call(*arguments)


def test_the_tasks_of_one_merchant_are_bound_to_it():
    assert isinstance(tasks.send_call, MerchantTask)


class Enqueueing(CastCase):
    def test_nothing_is_queued_before_the_commit(self):
        with self.captureOnCommitCallbacks() as callbacks:
            enqueue("merchants.send_call", self.yunduo.pk, 1)
            assert callbacks == []
        assert len(callbacks) == 1

    def test_a_queue_that_is_away_is_a_warning_and_no_error(self):
        real = current_app._get_current_object()
        self.addCleanup(real.set_current)
        away = Celery("away", set_as_current=True)
        away.config_from_object("django.conf:settings", namespace="CELERY")
        away.conf.broker_url = "redis+socket:///nowhere/redis.sock"
        with (
            self.assertLogs("merchants.enqueue", "WARNING") as logged,
            self.captureOnCommitCallbacks(execute=True),
        ):
            enqueue("merchants.send_call", self.yunduo.pk, 1)
        assert "was not queued" in logged.output[0]
