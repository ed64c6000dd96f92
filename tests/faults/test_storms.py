"""Kills and outages while a send is under way: nobody lost, nobody twice, and every unknown explained.

With L the people whom the platform's log says got the message: accepted ⊆ L ⊆ accepted ∪ unknown. The
processes are those of `make demo`; a kill counts only if it landed while rows were in flight.
Full size: `make torture`.
"""

import os
import signal
import time

import pytest
from django.db import connection, transaction
from django.db.models import DateTimeField, Func

from messaging.engine.reap import reap
from messaging.models import Delivery
from tests.faults.stage import FULL, Storm, restart_postgres, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("storms")]
in_full_size = pytest.mark.skipif(not FULL, reason="any six random storms hold it in CI size")


def report(name: str, storm: Storm) -> dict[str, int]:
    figures = storm.verdict()
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    return figures


@in_full_size
def test_calm_weather_leaves_nothing_unknown(storm: Storm) -> None:
    storm.finish()
    figures = report("calm", storm)
    assert figures["accepted"] == storm.consented == figures["reached"]
    assert figures["because_of_us"] == 0


def test_slots_killed_in_flight_lose_and_repeat_nobody(storm: Storm) -> None:
    for share in (0.1, 0.35, 0.6):
        storm.reach(share)
        storm.strike(signal.SIGKILL)
    storm.finish()
    figures = report("SIGKILL", storm)
    assert figures["struck"] == 3


def test_a_slot_killed_while_it_waits_for_the_counters(storm: Storm) -> None:
    """It dies between moving its rows and counting them: either both stand or neither does."""
    storm.reach(0.3)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE messaging_deliverycounter IN EXCLUSIVE MODE")
        time.sleep(1.0)  # every slot has answers by now and waits for us
        storm.strike(signal.SIGKILL)
    storm.finish()
    figures = report("SIGKILL at the counters", storm)
    assert figures["struck"] == 1


def hold_a_slot_past_its_lease(storm: Storm) -> tuple[int, list[int]]:
    """Stops a slot between its claim and its mark, its rows given back meanwhile: its pid and those rows."""
    claimed = Delivery.objects.filter(send=storm.control, state="claimed")
    in_time = claimed.filter(lease_until__gt=Func(function="clock_timestamp", output_field=DateTimeField()))
    for _try in range(100):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE messaging_sendcontrol IN ACCESS EXCLUSIVE MODE")
            # a slot on its way to a claim or a release needs no control row; one with a claim is held here
            wait_for(lambda: not in_time.exists(), 20, "the leases to be over")
            held = list(claimed.values_list("worker_pid", "id"))
            if held:
                # or beat's, whoever comes first
                wait_for(lambda: reap() and not claimed.exists(), 20, "the rows to be given back")
                slot = held[0][0] or 0
                assert slot
                os.kill(slot, signal.SIGSTOP)
                return slot, [one for pid, one in held if pid == slot]
        time.sleep(0.02)
    raise AssertionError("nobody held a claim, so the storm is void")


def test_a_slot_held_up_past_its_lease_finds_its_rows_gone(storm: Storm) -> None:
    """Postgres keeps it from its control row; the reaper gives its rows away and another slot sends them."""
    storm.reach(0.2)
    slot, held = hold_a_slot_past_its_lease(storm)
    theirs = Delivery.objects.filter(send=storm.control, id__in=held)
    try:
        wait_for(lambda: not theirs.exclude(state="accepted").exists(), 30, "the other slot to send them")
    finally:
        os.kill(slot, signal.SIGCONT)
    storm.finish()
    figures = report("held up", storm)
    assert figures["because_of_us"] == 0


@in_full_size
def test_the_whole_engine_worker_killed_and_started_again(storm: Storm) -> None:
    storm.reach(0.3)
    storm.strike(signal.SIGSTOP)  # held still, so that the kill surely finds rows in flight
    storm.kill_engine()
    storm.stage.start("engine")
    storm.finish()
    report("SIGKILL of the worker", storm)


@in_full_size
def test_after_sigterm_nothing_is_unknown_because_of_us(storm: Storm) -> None:
    for share in (0.2, 0.5):
        storm.reach(share)
        assert storm.stage.children["engine"].stop(grace_seconds=15), "it had to be killed"
        assert storm.in_flight() == {}
        storm.stage.start("engine")
    storm.finish()
    figures = report("SIGTERM", storm)
    assert figures["because_of_us"] == 0


@in_full_size
def test_redis_emptied_and_stopped(storm: Storm) -> None:
    storm.reach(0.1)
    for _flush in range(3):
        storm.stage.redis().flushall()
        time.sleep(0.5)
    storm.reach(0.3)
    storm.stage.valkey.stop()
    time.sleep(2.5)
    stood = sum(storm.in_flight().values())
    before = storm.shop.summary()["accepted_messages"]
    time.sleep(1.5)
    assert storm.shop.summary()["accepted_messages"] <= before + stood
    storm.stage.valkey.start()
    storm.finish()
    figures = report("Redis", storm)
    assert figures["because_of_us"] == 0


@in_full_size
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_postgres_restarted(storm: Storm, how: str) -> None:
    storm.reach(0.2)
    restart_postgres(storm.stage.postgres, killed=how == "killed", away_seconds=1.0)
    storm.finish()
    figures = report(f"Postgres {how}", storm)
    assert figures["because_of_us"] == 0


def test_a_slot_stopped_past_its_lease_wakes_up_and_sends_nothing_again(storm: Storm) -> None:
    storm.reach(0.2)
    pid = storm.strike(signal.SIGSTOP)
    time.sleep(8)
    os.kill(pid, signal.SIGCONT)
    storm.finish()
    report("SIGSTOP", storm)


@in_full_size
def test_a_gateway_that_lies_breaks_off_limits_and_times_out(storm: Storm) -> None:
    for kind, rate, value in (
        ("timeout_after_success", 0.01, 3),
        ("drop_before", 0.01, None),
        ("http_500", 0.02, None),
        ("bad_signature", 0.01, None),
        ("busy", 0.03, None),
        ("limit", 0.03, None),
        ("delay", 0.05, 0.2),
    ):
        storm.shop.fault(kind, rate=rate, value=value, count=200)
    storm.reach(0.4)
    storm.strike(signal.SIGKILL)
    storm.reach(0.7)
    storm.stage.simulator.delete("/sim/faults")
    storm.finish()
    figures = report("gateway", storm)
    assert figures["unknown"] > 0
    assert figures["resumed_signature"] > 0, "one wrong signature pauses it, and the operator lets it go on"
