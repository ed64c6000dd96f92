"""The console's own processes for a bench: servers with fsync on, simulator, default worker, beat, slots."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection, connections

from console.demo import processes
from console.demo.child import Child
from console.demo.environment import ROOT
from console.demo.servers import Postgres, Valkey
from messaging.models import SendControl
from tests import build_messaging
from tests.bench.harness import FULL
from tests.faults.stage import speak_to, wait_for
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

ENGINE = "engine"
SEND = "alipay.open.app.mini.templatemessage.send"
UNLIMITED = 1_000_000
PATIENCE_SECONDS = 3_600 if FULL else 60


@dataclass
class EngineStage:
    home: Path
    valkey: Valkey
    simulator: SimulatorProcess
    env: dict[str, str]
    children: dict[str, Child] = field(default_factory=dict)

    def start(self, process: processes.Process) -> None:
        child = process.child(log=self.home / f"{process.name}.log")
        child.start()
        self.children[process.name] = child
        wait_for(process.healthy, 60, f"{process.name} to be healthy")

    def slots(self, number: int) -> None:
        """So many sending processes from now on; 0 for none."""
        if ENGINE in self.children:
            self.children.pop(ENGINE).stop(grace_seconds=15)
        if number:
            self.start(processes.engine_worker(self.env, concurrency=number))

    def close(self) -> None:
        for child in reversed(self.children.values()):
            child.stop(grace_seconds=15)

    def shop(self, people: int, *, rate_per_second: int = UNLIMITED) -> Shop:
        """Everybody has consented once; the platform does not limit the speed."""
        limits = {"app": 0, "method": 0}
        opened = open_shop(self.simulator, people=people, rate_per_second=rate_per_second, limits=limits)
        opened.grant(people)
        return opened

    def received(self, shop: Shop) -> list[tuple[float, str]]:
        """When each message of this shop was at the platform, seconds since 1970, and to whom; in order."""
        found: list[tuple[float, str]] = []
        after = 0
        while True:
            asked = f"/sim/log?app_id={shop.app.app_id}&method={SEND}&after={after}&limit=1000"
            page = self.simulator.get(asked)
            found += [(epoch(one["received_at"]), one["to"]) for one in page["entries"]]
            if not page["entries"]:
                return sorted(found)
            after = page["next_after"]


@contextmanager
def engine_stage(home: Path) -> Iterator[EngineStage]:
    """No slot yet. This process's Django speaks to the stage's servers until the end."""
    postgres, valkey = Postgres(home), Valkey(home)
    kept = (settings.REDIS_URL, dict(settings.GATEWAY_URLS))
    postgres.start()
    valkey.start()
    before = speak_to(postgres)
    with SimulatorProcess.start(store=home / "simulator", seed=11) as simulator:
        opened = EngineStage(home, valkey, simulator, _environment(home, postgres, valkey, simulator))
        settings.REDIS_URL = valkey.url
        settings.GATEWAY_URLS["simulated"] = simulator.gateway_url
        try:
            _migrate(opened.env)
            opened.start(processes.default_worker(opened.env))
            opened.start(processes.beat(opened.env, schedule=home / "beat"))
            yield opened
        finally:
            opened.close()
            connections["default"].close()
            connections["default"].settings_dict.update(before)
            settings.REDIS_URL = kept[0]
            settings.GATEWAY_URLS.clear()
            settings.GATEWAY_URLS.update(kept[1])
            valkey.stop()
            postgres.stop()
            postgres.remove_data()


def _environment(
    home: Path, postgres: Postgres, valkey: Valkey, simulator: SimulatorProcess
) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "VAR_DIR": str(home / "var"),
        "GATEWAY_URL": simulator.gateway_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or Fernet.generate_key().decode(),
        "DEBUG": "1",
        "LOG_LEVEL": "WARNING",
    }


def _migrate(env: dict[str, str]) -> None:
    for command in ("migrate", "make_partitions"):
        done = subprocess.run(processes.manage(command), env=env, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"manage.py {command}: {done.stderr[-2000:]}"


def epoch(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


@dataclass(frozen=True)
class Run:
    """`seconds` from the first mark to the last record, by the database's clock."""

    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


def send_all(shop: Shop, first: int, number: int) -> Run:
    """One send to a slice of the shop's people, from launch until it is finished; all are accepted."""
    to = build_messaging.people_list(shop.app, shop.people[first : first + number])
    return finish(build_messaging.send(shop.app, shop.template, to), number)


def finish(control: SendControl, number: int) -> Run:
    def finished() -> bool:
        control.refresh_from_db()
        return control.state == "finished"

    wait_for(finished, PATIENCE_SECONDS, "the send to finish")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), extract(epoch FROM max(recorded_at) - min(sent_at))"
            " FROM messaging_delivery WHERE send_id = %s AND state = 'accepted'",
            [control.pk],
        )
        accepted, seconds = cursor.fetchone()
    assert accepted == number, f"{accepted} of {number} were accepted: {build_messaging.counters(control)}"
    return Run(number, float(seconds))
