"""However the supervisor ends, its processes end with it."""

import os
import pty
import signal

import pytest

from tests.console.demo.conftest import SLEEPER, Start, wait_until

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
FAMILY = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "{SLEEPER}"])
time.sleep(600)
"""
WEAK = """
import time
time.sleep(1)
print("out of ink")
raise SystemExit(7)
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_with_code_0(start: Start, signum: signal.Signals) -> None:
    supervised = start(f"one={SLEEPER}", f"two={SLEEPER}")
    supervised.wait_for("ready")
    assert len(supervised.left_behind()) == 3
    assert supervised.end(signum) == 0
    assert supervised.left_behind() == []


def test_ctrl_c_while_the_story_is_told_ends_everything_and_starts_nothing_more(start: Start) -> None:
    supervised = start(f"step-story={SLEEPER}", f"one={SLEEPER}", servers=True)
    supervised.wait_for("Doing step-story")
    assert supervised.end(signal.SIGINT) == 0
    assert "Starting one" not in supervised.said
    assert supervised.left_behind() == []


def test_a_killed_supervisor_leaves_no_process_and_no_server(start: Start) -> None:
    supervised = start(f"one={SLEEPER}", servers=True)
    supervised.wait_for("ready")
    supervised.end(signal.SIGKILL)
    wait_until(lambda: supervised.left_behind() == [], "the kernel ends the children")
    again = start(f"one={SLEEPER}", servers=True)
    again.wait_for("ready")
    assert again.end(signal.SIGTERM) == 0
    assert again.left_behind() == []


def test_a_closed_terminal_ends_everything(start: Start) -> None:
    ours, theirs = pty.openpty()
    supervised = start(f"one={SLEEPER}", stdin=theirs)
    os.close(theirs)
    supervised.wait_for("ready")
    os.close(ours)
    assert supervised.end() == 0
    assert supervised.left_behind() == []


def test_a_process_that_does_not_hear_is_killed_after_its_grace(start: Start) -> None:
    supervised = start(f"deaf={STUBBORN}", f"one={SLEEPER}")
    supervised.wait_for("| deaf")
    assert supervised.end(signal.SIGTERM) == 0
    assert "deaf did not stop by itself and is killed" in supervised.said
    assert supervised.left_behind() == []


def test_grandchildren_of_a_process_end_with_it(start: Start) -> None:
    supervised = start(f"family={FAMILY}")
    supervised.wait_for("ready")
    wait_until(lambda: len(supervised.left_behind()) == 3, "the grandchild is there")
    assert supervised.end(signal.SIGTERM) == 0
    assert supervised.left_behind() == []


def test_a_process_that_dies_stops_the_rest_and_is_named_with_its_last_words(start: Start) -> None:
    supervised = start(f"one={SLEEPER}", f"weak={WEAK}")
    assert supervised.end() == 1
    assert "weak ended by itself (exit code 7). It said last:\n  out of ink" in supervised.said
    assert "weak      | out of ink" in supervised.said
    assert supervised.left_behind() == []
    assert (supervised.var / "log" / "weak.log").read_text() == "out of ink\n"


def test_a_second_start_says_who_runs_already(start: Start) -> None:
    first = start(f"one={SLEEPER}")
    first.wait_for("ready")
    second = start(f"one={SLEEPER}")
    assert second.end() == 1  # the stand-in lets the error through; the command's codes are tested beside
    assert f"Already running: process {first.popen.pid}, stand-in" in second.said
    assert first.end(signal.SIGTERM) == 0
