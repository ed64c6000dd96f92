"""Signed template sends to the simulated platform on one core, its log on; and what it holds in memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.harness import FULL, Figure, tell
from tests.simulator.merchant import Merchant
from tests.simulator_process import ROOT, SimulatorProcess

# Of a full run: a million sends to 200,000 people. Each is signed beforehand, in another process.
PEOPLE = int(os.environ.get("BENCH_PEOPLE", 200_000 if FULL else 150))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5 if FULL else 2))
PER_SECOND, MEGABYTES = 1_000, 400
TICKS = os.sysconf("SC_CLK_TCK")


def keep_apart(simulator: SimulatorProcess) -> set[int]:
    """The simulator with all its threads on one core; the cores that are left for the caller."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{simulator.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {cores[0]})
    return set(cores[1:] or cores)


def cpu_seconds(simulator: SimulatorProcess) -> float:
    fields = Path(f"/proc/{simulator.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def megabytes(simulator: SimulatorProcess) -> float:
    for line in Path(f"/proc/{simulator.pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel tells no resident size")


def call(cores: set[int], *words: str) -> str:
    """The caller's process, away from the simulator's core."""
    command = [sys.executable, "-m", "tests.bench.simulator_client", *words]
    return subprocess.run(
        command,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=7_200,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    ).stdout


def open_shop(simulator: SimulatorProcess) -> tuple[Merchant, dict[str, Any]]:
    """Everybody holds a unit for each round."""
    settings = {"industry": "rental", "review_seconds": 0, "limits": {"app": 0, "method": 0}}
    shop = Merchant(simulator, simulator.post("/sim/apps", settings))
    template_id = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
    open_ids = shop.people(PEOPLE, seed=1)
    shop.consent(template_id, "all", units=ROUNDS)
    return shop, {**shop.texts, "template_id": template_id, "open_ids": open_ids}


def test_the_platform_takes_a_thousand_signed_sends_a_second(tmp_path: Path) -> None:
    with SimulatorProcess.start(store=tmp_path / "store.db") as simulator:
        shop, app = open_shop(simulator)
        (tmp_path / "app.json").write_text(json.dumps(app), "utf-8")
        host, cores = simulator.url.removeprefix("http://"), keep_apart(simulator)
        call(cores, "sign", host, str(tmp_path / "app.json"), str(tmp_path / "requests"))
        before = megabytes(simulator)

        started = cpu_seconds(simulator)
        sent = json.loads(call(cores, "send", host, str(tmp_path / "requests"), str(ROUNDS)))
        summary = shop.summary()
        used, held = cpu_seconds(simulator) - started, megabytes(simulator)

    number = PEOPLE * ROUNDS
    assert (sent["accepted"], sent["other"]) == (number, 0)
    assert (summary["accepted_messages"], summary["accepted_people"]) == (number, PEOPLE)
    assert (summary["untruthful"], summary["cut_off"], summary["unfinished"]) == (0, 0, 0)
    rate = number / max(used, 1 / TICKS)
    figures = [
        Figure(
            "sends to the simulator", rate, PER_SECOND, "a second of one core", 1.0, higher_is_better=True
        ),
        Figure("memory of the simulator", held, MEGABYTES, "MB resident", 1.0),
    ]
    notes = [
        f"{number:,} sends to {PEOPLE:,} people in {sent['seconds']:.1f} s: {number / sent['seconds']:,.0f}"
        f" a second by the clock, {used:.1f} s of its core; {before:.0f} MB before the first"
    ]
    for path in tell(figures, notes=notes):
        assert json.loads(path.read_text("utf-8"))["ratio"] > 0
