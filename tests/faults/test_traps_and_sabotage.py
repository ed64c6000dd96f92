"""The law is worth what it finds: with one guard of the engine switched off it must find the damage.

tests/faults/sabotage.py is loaded into the workers and switched by a file; nothing in the product knows of
it. Beside each sabotage stands what provokes it, and the same with every guard on does no harm.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from messaging.models import Delivery
from tests.faults.brakes import Operator
from tests.faults.stage import FULL, REAPED_AFTER, Stage, Storm, launch, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("storms")]

FEW = 240  # people; nine in ten have consented
RATE_PER_SECOND = 200
ANSWERED_SECONDS = 3.0  # by then each call that left has an answer or is given up
in_full_size = pytest.mark.skipif(not FULL, reason="the other sabotages stand for it in CI size")


@dataclass
class Trapped:
    """A stage whose processes have loaded the sabotage."""

    stage: Stage
    switches: Path
    bait: Path

    def switch_on(self, *names: str) -> None:
        self.switches.write_text(" ".join(names))

    def launch(self, *, people: int = FEW, units: int = 1) -> Storm:
        return launch(self.stage, people=people, rate_per_second=RATE_PER_SECOND, units=units)


@pytest.fixture(scope="module")
def trapped_stage(stage: Stage) -> Trapped:
    trapped = Trapped(stage, stage.home / "switches", stage.home / "bait")
    stage.man(
        {
            "DJANGO_SETTINGS_MODULE": "tests.faults.trapped_settings",
            "STORM_SWITCHES": str(trapped.switches),
            "STORM_BAIT": str(trapped.bait),
        }
    )
    return trapped


@pytest.fixture
def trapped(trapped_stage: Trapped) -> Iterator[Trapped]:
    trapped_stage.stage.simulator.delete("/sim/faults")
    yield trapped_stage
    trapped_stage.switch_on()
    trapped_stage.bait.unlink(missing_ok=True)
    trapped_stage.stage.simulator.delete("/sim/faults")


def come_to_an_end(storm: Storm) -> None:
    """Also a send whose rows nobody owns any more: nothing is in flight for longer than its timeout."""

    def left(*states: str) -> bool:
        storm.go_on()
        storm.age_the_dead()
        return Delivery.objects.filter(send=storm.control, state__in=states).exists()

    wait_for(lambda: not left("queued", "claimed"), 30, "every row to be sent or skipped", storm.stage.health)
    deadline = time.monotonic() + ANSWERED_SECONDS
    while time.monotonic() < deadline and left("sending"):
        time.sleep(0.05)
    Delivery.objects.filter(send=storm.control, state="sending").update(answer_by=Now() - REAPED_AFTER)
    storm.finish()


def busy_at_first(trapped: Trapped) -> Storm:
    """Some come back as busy, and the platform is slow to answer; each has consented twice, so that it would
    take a second message."""
    storm = trapped.launch(units=2)
    storm.shop.fault("busy", count=40)
    storm.shop.fault("delay", value=0.7)
    come_to_an_end(storm)
    return storm


def test_a_record_that_comes_again_late_does_no_harm(trapped: Trapped) -> None:
    trapped.switch_on("record_again")
    figures = busy_at_first(trapped).verdict()
    assert figures["reached"] == FEW * 9 // 10


def test_without_the_fence_a_late_record_is_found_out(trapped: Trapped) -> None:
    trapped.switch_on("record_again", "fence")
    storm = busy_at_first(trapped)
    with pytest.raises(AssertionError, match="got it twice"):
        storm.verdict()


@in_full_size
def test_a_unit_that_is_not_given_back_is_found_out(trapped: Trapped) -> None:
    trapped.switch_on("give_back")
    storm = busy_at_first(trapped)
    with pytest.raises(AssertionError, match="consent"):
        storm.verdict()


@in_full_size
def test_counters_moved_outside_the_transaction_are_found_out(trapped: Trapped) -> None:
    trapped.switch_on("counter")
    storm = trapped.launch()
    storm.reach(0.2)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE messaging_deliverycounter IN EXCLUSIVE MODE")
        time.sleep(1.0)  # every slot has moved rows by now and waits for us
        storm.strike(signal.SIGKILL)
    storm.finish()
    with pytest.raises(AssertionError, match="counters"):
        storm.verdict()


def killed_when_the_platform_has_it_already(trapped: Trapped) -> Storm:
    """Slots die while each message is there and no answer has come."""
    storm = trapped.launch(units=2)
    storm.reach(0.2)
    storm.shop.fault("timeout_after_success", value=3, count=64)
    wait_for(partial(_is_silent, trapped.stage), 10, "the platform to fall silent")
    storm.strike(signal.SIGKILL)
    trapped.stage.simulator.delete("/sim/faults")
    come_to_an_end(storm)
    return storm


def _is_silent(stage: Stage) -> bool:
    return any(rule["applied"] >= 8 for rule in stage.simulator.get("/sim/faults")["faults"])


@in_full_size
def test_slots_that_die_with_the_platform_silent_leave_only_unknown_outcomes(trapped: Trapped) -> None:
    figures = killed_when_the_platform_has_it_already(trapped).verdict()
    assert figures["unknown"] > 0


def test_a_reaper_that_returns_messages_in_flight_to_the_queue_is_found_out(trapped: Trapped) -> None:
    trapped.switch_on("reaper")
    storm = killed_when_the_platform_has_it_already(trapped)
    with pytest.raises(AssertionError, match="got it twice"):
        storm.verdict()


def woken_three_seconds_after_a_pause(trapped: Trapped) -> tuple[Storm, Operator]:
    """A slot stops between its mark and its first byte; the operator pauses, and it wakes up."""
    storm = trapped.launch()
    operator = Operator(storm)
    storm.reach(0.2)
    trapped.bait.touch()
    pid = wait_for(partial(_stopped, storm), 10, "a slot to stop after its mark")
    resume = operator.pause()
    assert resume
    time.sleep(3.0)
    os.kill(pid, signal.SIGCONT)
    time.sleep(1.0)
    resume()
    storm.signals[pid] += 1
    come_to_an_end(storm)
    return storm, operator


def _stopped(storm: Storm) -> int:
    for pid in storm.in_flight():
        if "\nState:\tT" in Path(f"/proc/{pid}/status").read_text():
            return pid
    return 0


def test_a_slot_stopped_after_its_mark_and_woken_after_a_pause_lets_nothing_leave(trapped: Trapped) -> None:
    trapped.switch_on("stop_after_mark")
    storm, operator = woken_three_seconds_after_a_pause(trapped)
    figures = storm.verdict() | operator.verdict()
    assert figures["held_pause"] == 1
    held_back = Delivery.objects.filter(send=storm.control, failed_tries__gt=0)
    assert held_back.exists(), "it woke up with messages to send and sent none of them"
    assert set(held_back.values_list("state", flat=True)) == {"accepted"}


def test_without_the_boot_clock_a_slot_woken_after_a_pause_is_found_out(trapped: Trapped) -> None:
    trapped.switch_on("stop_after_mark", "boot_clock")
    _storm, operator = woken_three_seconds_after_a_pause(trapped)
    with pytest.raises(AssertionError, match="requests after the pause"):
        operator.verdict()


def test_two_beats_two_engine_workers_and_each_task_delivered_twice(trapped: Trapped) -> None:
    trapped.switch_on("hints_twice", "record_again")
    trapped.stage.start("engine2", "beat2")
    try:
        storm = trapped.launch(people=6_000 if FULL else 1_500)
        operator = Operator(storm)
        storm.reach(0.2)
        storm.strike(signal.SIGKILL)
        storm.reach(0.4)
        resume = operator.pause()
        assert resume
        time.sleep(3.0)
        resume()
        storm.reach(0.7)
        storm.strike(signal.SIGKILL)
        storm.finish()
        figures = storm.verdict() | operator.verdict()
        assert figures["struck"] == 2 and figures["held_pause"] == 1
    finally:
        trapped.stage.stop("engine2", "beat2")
        del trapped.stage.children["engine2"], trapped.stage.children["beat2"]
