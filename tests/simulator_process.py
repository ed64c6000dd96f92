"""The simulated platform as a real process, for every test that needs one."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20
STOP_SECONDS = 10
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class SimulatorError(Exception):
    """The simulator answered other than 2xx; `status` and `answer` say what."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(f"{status}: {answer}")
        self.status, self.answer = status, answer


class SimulatorProcess:
    """`SimulatorProcess.start(store=path)`; .url, .gateway_url, .post, .get, .delete, .stop, .kill."""

    def __init__(self, process: subprocess.Popen[str], url: str, token: str | None) -> None:
        self.process, self.url, self._token = process, url, token

    @classmethod
    def start(
        cls,
        *,
        store: Path | str,
        port: int = 0,
        seed: int | None = 1,
        speed: float | None = None,
        host: str = "127.0.0.1",
        token: str | None = None,
    ) -> "SimulatorProcess":
        """Port 0 takes a free one. Returns when /healthz answers; its messages go to `store`.log."""
        command = [
            sys.executable,
            "-m",
            "simulator",
            "--host",
            host,
            "--port",
            str(port),
            "--store",
            str(store),
        ]
        command += [] if seed is None else ["--seed", str(seed)]
        command += [] if speed is None else ["--speed", str(speed)]
        environment = {key: value for key, value in os.environ.items() if key != "SIM_TOKEN"}
        if token is not None:
            environment["SIM_TOKEN"] = token
        log = Path(f"{store}.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as errors:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        started = cls(process, "", token)
        started.url = started._wait_for_address(log)
        started._wait_until_healthy(log)
        return started

    @property
    def gateway_url(self) -> str:
        return f"{self.url}/gateway.do"

    @property
    def pid(self) -> int:
        return self.process.pid

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        return self._call("POST", path, body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path, None)

    def stop(self) -> int:
        """SIGTERM: it writes what is left and ends; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close()

    def __enter__(self) -> "SimulatorProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _call(self, method: str, path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._token is not None:
            headers["X-Sim-Token"] = self._token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return _decoded(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise SimulatorError(error.code, _decoded(error)) from None

    def _wait_for_address(self, log: Path) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("listening on "):
            self.kill()
            raise RuntimeError(f"the simulator did not start: {log.read_text()[-2000:]}")
        return line.removeprefix("listening on ").strip()

    def _wait_until_healthy(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                self.get("/healthz")
                return
            except (OSError, SimulatorError):
                time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"the simulator does not answer /healthz: {log.read_text()[-2000:]}")

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()


def _decoded(answer: Any) -> Any:
    text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
