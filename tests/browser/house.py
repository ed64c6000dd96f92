"""The whole console as `make demo` starts it, on free ports and in a folder of its own."""

import json
import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from console.demo import processes
from console.demo.child import Child
from console.demo.environment import ROOT
from console.demo.people_file import path_of
from console.demo.pretend import Pretend
from console.demo.servers import Postgres, Valkey
from merchants.models import Merchant, MiniProgram
from messaging.models import SendControl

START_SECONDS = 300.0
STOP_SECONDS = 40.0
MERCHANT = "yunduo"


@dataclass
class House:
    """`url` of the console, `platform` of the simulator; `var` holds logins, logs and pictures.

    `story`: how much has happened before, as the demo's environment calls it.
    """

    var: Path
    port: int
    simulator_port: int
    story: str = "short"
    child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://{processes.LOOPBACK}:{self.port}"

    @property
    def platform(self) -> str:
        return f"http://{processes.LOOPBACK}:{self.simulator_port}"

    @property
    def pictures(self) -> Path:
        folder = self.var / "pictures"
        folder.mkdir(exist_ok=True)
        return folder

    @cached_property
    def logins(self) -> dict[str, str]:
        """Password by login, as the demo wrote them down for whoever started it."""
        rows = json.loads((self.var / "demo-logins.json").read_text("utf-8"))
        return {row["login"]: row["password"] for row in rows}

    @property
    def people_file(self) -> Path:
        return path_of(self.var)

    @cached_property
    def merchant(self) -> Merchant:
        return Merchant.objects.get(slug=MERCHANT)

    @cached_property
    def app(self) -> MiniProgram:
        return MiniProgram.objects.get(merchant__slug=MERCHANT)

    def at(self, path: str) -> str:
        """An address of the merchant's pages: `at("sends/")`."""
        return f"{self.url}/m/{MERCHANT}/{path}"

    def tell(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """To the control address of the platform."""
        return Pretend(self.platform).post(path, body)

    def forget_faults(self) -> None:
        asked = urllib.request.Request(f"{self.platform}/sim/faults", method="DELETE")
        urllib.request.urlopen(asked, timeout=30).close()

    def ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.platform + path, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def start(self) -> None:
        """Returns when the console is ready, with its story told."""
        self.var.mkdir(parents=True, exist_ok=True)
        given = {name: value for name, value in os.environ.items() if name not in DECIDED_HERE}
        words = ["demo", "--port", str(self.port), "--simulator-port", str(self.simulator_port)]
        log = self.var / "demo.log"
        env = {"VAR_DIR": str(self.var), "DEBUG": "1", "LOG_LEVEL": "WARNING", "DEMO_STORY": self.story}
        env["ORDER_SETTLE_SECONDS"] = "0.2"
        self.child = Child("demo", processes.manage(*words), env=given | env, cwd=ROOT, log=log)
        self.child.start()
        until = time.monotonic() + START_SECONDS
        while "The console is ready" not in log.read_text("utf-8", "replace"):
            if not self.child.running or time.monotonic() > until:
                said = "\n".join(self.child.last_lines())
                self.stop()
                raise RuntimeError(f"The demo did not start. It said:\n{said}")
            time.sleep(0.2)

    def stop(self) -> None:
        if self.child:
            self.child.stop(grace_seconds=STOP_SECONDS)

    def await_state(self, control: SendControl, *states: str, seconds: float = 60) -> SendControl:
        def arrived() -> bool:
            control.refresh_from_db()
            return control.state in states

        wait_for(arrived, seconds, lambda: f"send {control.pk} to be {states}; it is {control.state}")
        return control


# The demo finds these by itself, as it does for somebody who runs `make demo`.
DECIDED_HERE = {
    "DATABASE_URL",
    "REDIS_URL",
    "GATEWAY_URL",
    "SIMULATOR_URL",
    "CONSOLE_URL",
    "PROCESS_NAME",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
}


def wait_for(question: Callable[[], Any], seconds: float, what: str | Callable[[], str]) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = question()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for {what() if callable(what) else what}")


def free_ports(n: int) -> list[int]:
    """All held at once while they are found, so that they differ."""
    held = [socket.socket() for _ in range(n)]
    try:
        for one in held:
            one.bind((processes.LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


@contextmanager
def opened(var: Path, *, story: str = "short") -> Iterator[House]:
    """The house, running, with Django's connection, Redis and gateway of this process pointed at it."""
    var.parent.chmod(0o755)  # under root PostgreSQL runs as another user and must pass through
    house = House(var, *free_ports(2), story=story)
    house.start()
    chosen = connections["default"]
    kept = dict(chosen.settings_dict), settings.REDIS_URL, dict(settings.GATEWAY_URLS)
    chosen.close()
    parts = conninfo_to_dict(Postgres(var).url)
    chosen.settings_dict.update(
        NAME=parts["dbname"],
        USER=parts.get("user", ""),
        HOST=parts.get("host", ""),
        PORT=parts.get("port", ""),
    )
    settings.REDIS_URL = Valkey(var).url
    settings.GATEWAY_URLS["simulated"] = f"{house.platform}/gateway.do"
    try:
        yield house
    finally:
        chosen.close()
        chosen.settings_dict.clear()
        chosen.settings_dict.update(kept[0])
        settings.REDIS_URL = kept[1]
        settings.GATEWAY_URLS.clear()
        settings.GATEWAY_URLS.update(kept[2])
        house.stop()
