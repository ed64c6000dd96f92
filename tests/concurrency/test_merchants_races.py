"""Many connections at once on the operations of the merchants floor, released by one barrier."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from merchants import calls, inbox, jobs, leases, partitions, rate, staff
from merchants.models import Event, GatewayCall, MiniProgram, Staff
from tests.base import CommittedCastCase
from tests.merchants.test_calls import BODY, METHOD
from tests.merchants.test_inbox import signed

pytestmark = pytest.mark.race

AT_ONCE = 8


def at_once(work: Callable[[int], Any], workers: int = AT_ONCE) -> list[Any]:
    """What each of the workers returned or raised, each on a thread and a connection of its own."""
    barrier, results = threading.Barrier(workers), [None] * workers

    def run(number: int) -> None:
        try:
            barrier.wait(20)
            results[number] = work(number)
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_eight_workers_together_get_no_more_than_the_rate_allows(clean_redis):
    """Measured by Redis's clock, so a slow machine makes the bound looser and never the test wrong."""
    app = MiniProgram(pk=7, rate_per_second=200, reserve_per_second=20)

    def clock() -> float:
        seconds, micro = clean_redis.time()
        return seconds + micro / 1e6

    def work(number: int) -> int:
        granted = 0
        for turn in range(60):
            sends = (
                {"send_id": number % 3, "send_rate": 100.0}
                if number % 2
                else {"send_id": None, "send_rate": None}
            )
            granted += rate.take(app, want=32, **sends)
            if turn == 30 and number == 0:
                clean_redis.flushdb()
        return granted

    started = clock()
    results = at_once(work)
    assert all(isinstance(granted, int) for granted in results)
    assert sum(results) <= 200 * (clock() - started)


def test_thirty_two_busy_answers_of_one_wave_halve_the_rate_once(clean_redis):
    app = MiniProgram(pk=7, rate_per_second=400, reserve_per_second=20)
    at_once(lambda number: [rate.slow_down(app) for _answer in range(4)])
    assert rate.present_rate(app) >= 200


class Races(CommittedCastCase):
    def intend(self, key: str, **changes: Any) -> GatewayCall:
        with transaction.atomic():
            return calls.intend(
                mini_program=self.mini_program,
                method=METHOD,
                target=self.yunduo,
                body=BODY,
                idempotency_key=key,
                **changes,
            )

    def test_each_row_is_claimed_by_one_worker(self):
        for number in range(40):
            self.intend(f"call-{number}")
        rows = GatewayCall.objects.filter(state="waiting").order_by("pk")
        results = at_once(lambda _: leases.claim(rows, seconds=30, limit=10, changes={"state": "claimed"}))
        taken = [row.pk for rows in results for row in rows]
        assert len(taken) == len(set(taken)) > 0

    def test_of_calls_with_one_ordering_key_one_is_claimed(self):
        for number in range(AT_ONCE):
            self.intend(f"call-{number}", ordering_key="order-7")
        ids = list(GatewayCall.objects.order_by("pk").values_list("pk", flat=True))

        def claim(number: int) -> list[GatewayCall]:
            turn = calls._sendable().filter(pk=ids[number])
            return leases.claim(turn, seconds=30, limit=1, changes={"state": "claimed"})

        assert [len(rows) for rows in at_once(claim)] == [1] + [0] * (AT_ONCE - 1)

    def test_one_key_intended_at_once_is_one_call(self):
        results = at_once(lambda _: self.intend("same").pk)
        assert len(set(results)) == 1 and GatewayCall.objects.count() == 1

    def test_an_outcome_is_settled_once(self):
        call = self.intend("a")
        GatewayCall.objects.update(state="accepted", finished_at=timezone.now())
        assert sorted(at_once(lambda _: calls.settle(call.pk))) == [False] * (AT_ONCE - 1) + [True]

    def test_one_notification_delivered_at_once_is_stored_once(self):
        fields = signed()
        assert at_once(lambda _: inbox.receive(fields)) == ["success"] * AT_ONCE
        assert inbox.Notice.objects.count() == 1

    def test_a_job_is_claimed_by_one_worker(self):
        job = jobs.start("membership.x", merchant=self.yunduo, by=None, title="x", arguments={})
        results = at_once(lambda _: jobs.claim(job.pk, merchant_id=self.yunduo.pk))
        assert [held is None for held in results].count(False) == 1

    def test_owners_who_remove_each_other_leave_one(self):
        seats = list(Staff.objects.filter(merchant=self.yunduo).order_by("pk"))
        Staff.objects.filter(merchant=self.yunduo).update(role="owner")
        for seat in seats:
            seat.role = "owner"
        results = at_once(lambda number: staff.disable(seats[number], by=self.owner), len(seats))
        assert [isinstance(result, staff.StaffRefused) for result in results].count(True) == 1
        assert Staff.objects.filter(merchant=self.yunduo, role="owner", disabled_at=None).count() == 1

    def test_a_seat_that_two_people_change_ends_as_one_of_them_said(self):
        as_seen = [Staff.objects.get(merchant=self.yunduo, user=self.operator) for _ in range(2)]
        roles = ["analyst", "reviewer"]
        results = at_once(lambda number: staff.change_role(as_seen[number], roles[number], by=self.owner), 2)
        assert [isinstance(result, staff.StaffRefused) for result in results].count(True) == 1
        assert Event.objects.filter(kind="staff.role_changed").count() == 1

    def test_months_made_at_once_are_made_once_while_events_go_on(self):
        at = datetime(2031, 11, 30, 12, tzinfo=UTC)
        self.addCleanup(self._drop_months, at)

        def work(number: int) -> Any:
            if number % 2:
                return partitions.ensure_all(at=at)
            with transaction.atomic():
                return Event.objects.create(merchant=self.yunduo, kind="x.happened", at=at).id

        results = at_once(work)
        assert not [result for result in results if isinstance(result, Exception)]
        made = [name for result in results if isinstance(result, list) for name in result]
        assert len(made) == len(set(made)) == 8
        assert Event.objects.filter(kind="x.happened").count() == AT_ONCE // 2

    def _drop_months(self, at: datetime) -> None:
        with connection.cursor() as cursor:
            for ahead in range(4):
                month = f"{partitions.month_of(at + timedelta(days=31 * ahead)):%Y_%m}"
                for table in ("merchants_event", "messaging_delivery"):
                    cursor.execute(f"DROP TABLE IF EXISTS {table}_{month}")
