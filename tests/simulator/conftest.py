"""One simulator for the session, one app in it, and what tests need to speak to both over HTTP."""

import itertools
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess

_seeds = itertools.count(1000)


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("simulator") / "store.db") as process:
        yield process


@pytest.fixture(scope="session")
def shared_merchant(simulator: SimulatorProcess) -> Merchant:
    """Keys take a quarter of a second to make, so most tests share one app and bring people of their own."""
    return Merchant.create(simulator, industry="rental", name="云朵租机", review_seconds=0)


@pytest.fixture(scope="session")
def tea_shop(simulator: SimulatorProcess) -> Merchant:
    """A second app, where the first would be in the way."""
    return Merchant.create(simulator, industry="tea", name="青禾茶集", review_seconds=0)


@pytest.fixture
def merchant(shared_merchant: Merchant) -> Iterator[Merchant]:
    """The shared app; whatever a test sets is set back, and its faults are gone."""
    yield shared_merchant
    shared_merchant.simulator.delete("/sim/faults")
    shared_merchant.configure(
        state="online",
        public_app_bound=False,
        user_ids=False,
        review_seconds=0,
        skew_seconds=0,
        limits={},
        signals_url="",
    )


@pytest.fixture(scope="session")
def coupon_template(shared_merchant: Merchant) -> str:
    """优惠券领取提醒 with two keywords, one-time, ten messages in two days."""
    return shared_merchant.adopt("TM0000001", ["优惠内容", "使用方法"])


@pytest.fixture(scope="session")
def signing_in_template(shared_merchant: Merchant) -> str:
    """每日签到提醒, long-term, one message a day."""
    return shared_merchant.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")


@pytest.fixture
def person(merchant: Merchant) -> str:
    return merchant.people(1, seed=next(_seeds))[0]


@pytest.fixture
def subscriber(merchant: Merchant, person: str, coupon_template: str) -> str:
    """A person with two units for the coupon template."""
    merchant.consent(coupon_template, [person], units=2)
    return person


@pytest.fixture
def fresh_seed() -> int:
    return next(_seeds)


class Console:
    """Stands where the merchant's console listens for signals; `answers` are given first, then 200."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[int] = []
        console = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                console.received.append((self.headers["Authorization"], body))
                status = console.answers.pop(0) if console.answers else 200
                answer = json.dumps(
                    {"accepted": len(body["signals"]), "repeated": 0, "rejected": []}
                ).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/api/v1/signals"

    @property
    def signals(self) -> list[dict[str, Any]]:
        return [signal for _, body in self.received for signal in body["signals"]]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def console() -> Iterator[Console]:
    listening = Console()
    yield listening
    listening.close()


class ManyAtOnce(ThreadingHTTPServer):
    request_queue_size = 64


class Gateway:
    """Stands where the platform's notifications go; `answers` are given first, then success."""

    def __init__(self) -> None:
        self.posts: list[dict[str, str]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.hold_seconds = 0.0
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded;charset=utf-8"
                gateway.posts.append(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))
                time.sleep(gateway.hold_seconds)
                status, answer = gateway.answers.pop(0) if gateway.answers else (200, b"success")
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", gateway.url)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Silence."""

        self._server = ManyAtOnce(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/inbox/"

    @property
    def ids(self) -> list[str]:
        return [post["notify_id"] for post in self.posts]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    listening = Gateway()
    yield listening
    listening.close()


@pytest.fixture(scope="session")
def clocked_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("clocked") / "store.db") as process:
        yield process


@pytest.fixture
def clocked(clocked_process: SimulatorProcess) -> Iterator[SimulatorProcess]:
    """For tests that move the clock: it only ever goes forward, and runs at its usual speed afterwards."""
    yield clocked_process
    clocked_process.post("/sim/clock", {"speed": 1})
