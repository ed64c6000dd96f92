"""The process itself: where it listens, who may speak to /sim/, what it keeps over a restart."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.simulator.merchant import LIBRARY, SEND, Merchant, answers_nothing
from tests.simulator_process import ROOT, SimulatorError, SimulatorProcess


def test_a_restart_finds_everything_again_also_what_the_log_told_before_sigkill(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with SimulatorProcess.start(store=store) as first:
        shop = Merchant.create(first, industry="rental", name="云朵租机", review_seconds=0)
        template = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
        daily = shop.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")
        [person, shy] = shop.people(2, seed=1)
        shop.consent(template, [person], units=2)
        shop.consent(daily, [person], kind="long_term")
        shop.send(template, person, "满 100 减 20", "到店")
        shop.send(daily, person)
        shop.act(shy, "reject_messages")
        first.post("/sim/clock", {"speed": 0})
        clock, before = first.get("/sim/clock"), shop.summary(people=1)

    second = SimulatorProcess.start(store=store, seed=None)
    app = second.post("/sim/apps", {"app_id": shop.app_id})
    again = Merchant(second, app)
    assert app["app_private_key"] == shop.texts["app_private_key"]
    assert second.get("/sim/clock") == clock
    assert again.summary(people=1) == before
    assert again.people(2, seed=1) == [person, shy]
    assert again.template(template)["keyword_desc"] == "优惠内容,使用方法"
    assert again.send(daily, person).outcome == "40004/MSG_SINGLE_SD_OVER"
    assert again.send(template, shy).outcome == "40004/MSG_REJECTED"
    assert again.send(template, person).outcome == "10000"
    assert "满 100 减 20" in second.get(f"/sim/phone/{person}?app_id={shop.app_id}")
    before = again.summary(people=1)
    second.kill()

    with SimulatorProcess.start(store=store, seed=None) as third:
        once_more = Merchant(third, third.post("/sim/apps", {"app_id": shop.app_id}))
        assert once_more.summary(people=1) == before
        assert once_more.send(template, person).outcome == "40004/MSG_UNSUBSCRIBED"
        ids = [entry["id"] for entry in third.get("/sim/log?limit=10000")["entries"]]
        assert ids == sorted(set(ids))


def test_sigterm_ends_it_at_once_though_an_answer_is_held_back(tmp_path: Path) -> None:
    process = SimulatorProcess.start(store=tmp_path / "store.db")
    shop = Merchant.create(process, industry="rental")
    process.post("/sim/faults", {"kind": "timeout_after_success", "value": 300})
    assert answers_nothing(lambda: shop.post(shop.params(LIBRARY, {}), timeout=0.3))

    assert process.stop() == 0


def test_the_same_seed_makes_the_same_ids(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        with SimulatorProcess.start(store=tmp_path / name, seed=7) as process:
            shop = Merchant.create(process, industry="rental")
            made.append(
                (shop.app_id, shop.adopt("TM0000001", ["优惠内容", "使用方法"]), shop.people(2, seed=1))
            )

    assert made[0] == made[1]


def test_elsewhere_than_loopback_it_refuses_to_start_without_a_token(tmp_path: Path) -> None:
    ended = _run("--host", "0.0.0.0", "--port", "0", "--store", str(tmp_path / "store.db"))

    assert ended.returncode == 2
    assert "SIM_TOKEN" in ended.stderr


def test_with_a_token_the_control_api_asks_for_it_and_the_gateway_does_not(tmp_path: Path) -> None:
    with SimulatorProcess.start(store=tmp_path / "store.db", host="0.0.0.0", token="s3cret") as process:
        process.url = process.url.replace("0.0.0.0", "127.0.0.1")
        shop = Merchant.create(process, industry="rental")
        assert shop.call(LIBRARY, {}).outcome == "10000"

        stranger = SimulatorProcess(process.process, process.url, token=None)
        wrong = SimulatorProcess(process.process, process.url, token="guess")
        for caller in (stranger, wrong):
            with pytest.raises(SimulatorError) as refusal:
                caller.get("/sim/log/summary")
            assert refusal.value.status == 401
        assert stranger.get("/healthz") == {"status": "ok"}


@pytest.mark.parametrize(
    ("headers", "method"),
    [
        ({"Host": "evil.example"}, "GET"),
        ({"Origin": "https://evil.example"}, "POST"),
        ({"Origin": "null"}, "POST"),
    ],
)
def test_pages_of_other_sites_cannot_reach_the_control_api(
    simulator: SimulatorProcess, headers: dict[str, str], method: str
) -> None:
    body = b"{}" if method == "POST" else None
    request = urllib.request.Request(f"{simulator.url}/sim/clock", body, headers, method=method)

    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=5)

    assert refusal.value.code == 403


def test_a_form_post_is_not_json(simulator: SimulatorProcess) -> None:
    request = urllib.request.Request(f"{simulator.url}/sim/clock", b'{"speed":1}', method="POST")

    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=5)

    assert refusal.value.code == 400


def test_a_store_in_use_and_a_taken_port_are_clear_errors(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    command = Path(f"/proc/{simulator.pid}/cmdline").read_bytes().decode().split("\0")
    store = command[command.index("--store") + 1]
    port = simulator.url.rpartition(":")[2]

    same_store = _run("--port", "0", "--store", store)
    same_port = _run("--port", port, "--store", str(tmp_path / "other.db"))

    assert same_store.returncode == 2 and "Is another simulator using it?" in same_store.stderr
    assert same_port.returncode == 2 and "Choose another --port" in same_port.stderr


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from tests.simulator_process import SimulatorProcess\n"
        f"print(SimulatorProcess.start(store={str(tmp_path / 'store.db')!r}).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert _has_ended(child)


def test_sends_at_once_are_each_answered_once(simulator: SimulatorProcess) -> None:
    shop = Merchant.create(simulator, industry="rental", review_seconds=0, limits={"app": 0, "method": 0})
    template = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
    people = shop.people(150, seed=1)
    shop.consent(template, people)

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda person: shop.send(template, person).outcome, people * 2))

    assert outcomes.count("10000") == 150
    summary = shop.summary()
    assert (summary["accepted_people"], summary["repeated"], summary["cut_off"]) == (150, {}, 0)
    assert summary["calls"][SEND] == {"10000": 150, "40004/MSG_UNSUBSCRIBED": 150}


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "SIM_TOKEN"}
    command = [sys.executable, "-m", "simulator", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20)


def _has_ended(pid: int) -> bool:
    """Wait for a process that is not our child; a zombie has ended too."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return False
