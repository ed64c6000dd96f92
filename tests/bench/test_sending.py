"""Personal sends end to end, against the bare loop and against a task per message with the official SDK."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import redis
from celery import Celery

from tests.bench.engine_stage import EngineStage, Run, send_all
from tests.bench.harness import FULL, Figure, tell
from tests.faults.stage import wait_for
from tests.shop import Shop
from tests.simulator_process import ROOT

MESSAGES = int(os.environ.get("BENCH_PEOPLE", 20_000 if FULL else 100))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3 if FULL else 1))
BY_SDK = 400 if FULL else 5
CONCURRENCY = 64
LEAST_LOOP, LEAST_SDK = 700, 12  # messages a second of one process; below, the machine was busy: void
LATENCY_SECONDS = 0.1
ANSWERS = "bench:answers"


def app_file(stage: EngineStage, shop: Shop, open_ids: Sequence[str], name: str) -> Path:
    path = stage.home / f"{name}.json"
    data = {"keyword1": {"value": "首月立减 46 元"}, "keyword2": {"value": "本周内"}}
    told = {"template_id": shop.template.template_id, "data": data, "open_ids": list(open_ids)}
    path.write_text(json.dumps({**shop.texts, **told}), "utf-8")
    return path


def bare_loop(stage: EngineStage, shop: Shop, first: int, number: int, *, processes: int = 1) -> Run:
    share = number // processes
    running = []
    for one in range(processes):
        begin = first + one * share
        path = app_file(stage, shop, shop.open_ids[begin : begin + share], f"loop{begin}")
        command = [sys.executable, "-m", "tests.bench.bare_loop", stage.simulator.gateway_url, str(path)]
        running.append(
            subprocess.Popen([*command, str(CONCURRENCY)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        )
    told = [json.loads(one.communicate(timeout=3_600)[0]) for one in running]
    assert sum(one["accepted"] for one in told) == share * processes, told
    return Run(share * processes, max(one["seconds"] for one in told))


def by_sdk(stage: EngineStage, shop: Shop, first: int, number: int) -> Run:
    """From the first answer to the last, so that the worker's start does not count."""
    broker = stage.valkey.url.replace("unix://", "redis+socket://").replace("?db=0", "?virtual_host=9")
    counted = redis.Redis.from_url(stage.valkey.url.replace("db=0", "db=9"))
    path = app_file(stage, shop, [], "sdk")
    env = {
        **os.environ,
        "BENCH_APP": str(path),
        "BENCH_GATEWAY": stage.simulator.gateway_url,
        "BENCH_BROKER": broker,
    }
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.bench.sdk_tasks", "worker", "-c", "1"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    log = (stage.home / "sdk.log").open("w")
    worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        queue = Celery("asks", broker=broker, set_as_current=False)
        for at, open_id in enumerate(shop.open_ids[first : first + number]):
            queue.send_task("bench.sdk_send", args=(open_id, at))
        wait_for(lambda: counted.llen(ANSWERS) >= 1, 60, "the SDK's first answer")
        begun, before = time.perf_counter(), counted.llen(ANSWERS)
        wait_for(lambda: counted.llen(ANSWERS) >= number, 600, "the SDK's last answer")
        seconds = time.perf_counter() - begun
    finally:
        worker.terminate()
        worker.wait(20)
        log.close()
    assert counted.lrange(ANSWERS, 0, -1) == [b"10000"] * number
    return Run(number - before, seconds)


def middle(runs: Sequence[Run]) -> float:
    return statistics.median(run.rate for run in runs)


def test_a_send_is_as_fast_as_the_bare_loop_and_waits_for_nobody(stage: EngineStage) -> None:
    shop = stage.shop(MESSAGES * (2 * ROUNDS + 4) + BY_SDK)
    places = iter(range(0, len(shop.open_ids), MESSAGES))
    sdk = by_sdk(stage, shop, len(shop.open_ids) - BY_SDK, BY_SDK)

    ours, loops = [], []
    for _round in range(ROUNDS):
        stage.slots(0)
        loops.append(bare_loop(stage, shop, next(places), MESSAGES))
        stage.slots(1)
        ours.append(send_all(shop, next(places), MESSAGES))
    stage.slots(0)
    two_loops = bare_loop(stage, shop, next(places), MESSAGES, processes=2)
    stage.slots(2)
    two = send_all(shop, next(places), MESSAGES)
    at_once = send_all(shop, next(places), MESSAGES)
    stage.simulator.post("/sim/faults", {"method": "*", "kind": "delay", "rate": 1, "value": LATENCY_SECONDS})
    late = send_all(shop, next(places), MESSAGES)
    stage.simulator.delete("/sim/faults")
    summary = shop.summary()

    assert summary["repeated"] == {}
    assert summary["accepted_people"] == MESSAGES * (2 * ROUNDS + 4) + BY_SDK
    rate, loop = middle(ours), middle(loops)
    void = [
        f"VOID: {name} {found:.0f}/s is below {least}/s, the machine was busy"
        for name, found, least in (("the loop's", loop, LEAST_LOOP), ("the SDK's", sdk.rate, LEAST_SDK))
        if found < least
    ]
    paths = tell(
        [
            Figure("send against the bare loop", rate, loop, "messages/s", 0.85, higher_is_better=True),
            Figure("send against SDK tasks", rate, sdk.rate, "messages/s", 20.0, higher_is_better=True),
            Figure(
                "send at 100 ms latency", late.rate, at_once.rate, "messages/s", 0.9, higher_is_better=True
            ),
        ],
        notes=[
            f"ours {', '.join(f'{run.rate:.0f}' for run in ours)}; "
            f"loop {', '.join(f'{run.rate:.0f}' for run in loops)} messages/s, one sending process each",
            f"two processes: ours {two.rate:.0f}, loop {two_loops.rate:.0f} messages/s",
            *void,
        ],
    )
    assert all(json.loads(path.read_text("utf-8"))["ours"] > 0 for path in paths)
