"""`make demo`: which processes, in which order, and what is said when all of them are healthy."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

from console.demo import processes
from console.demo.child import Child
from console.demo.environment import ROOT, DemoError, var_folder
from console.demo.servers import Postgres, Server, Valkey
from console.demo.supervisor import Stage, Step, Supervisor, fresh_log, prefixed, say

# Written by seed_demo: a list of login, password, role, merchant.
LOGINS = "demo-logins.json"
# Everything the demo writes; a reset removes these and nothing else, because VAR_DIR may be anybody's folder.
WRITTEN = [
    "log",
    "run",
    "secrets",
    "uploads",
    "demo",
    "static",
    "simulator.db*",
    "beat-schedule*",
    LOGINS,
]


class AlreadyRunning(DemoError):
    exit_code = 3


class PortTaken(DemoError):
    exit_code = 4


def run_demo(env: Mapping[str, str], *, port: int, simulator_port: int) -> int:
    var = var_folder(env)
    with only_one(var, {"url": f"http://{processes.LOOPBACK}:{port}"}):
        check_port(port, "make demo PORT={}")
        check_port(simulator_port, "make demo SIMULATOR_PORT={}")
        supervisor = Supervisor(
            var,
            embedded(env, var),
            lambda: stages(env, var, port=port, simulator_port=simulator_port),
            ready=lambda: announce(var, port=port, simulator_port=simulator_port),
        )
        return supervisor.run()


def run_servers(env: Mapping[str, str]) -> int:
    """Only the database and the broker, for people who start the other processes themselves."""
    var = var_folder(env)
    with only_one(var, {"url": "the servers alone"}):
        servers = embedded(env, var)
        if not servers:
            raise DemoError("DATABASE_URL and REDIS_URL are set, so there is no server to start.")
        return Supervisor(
            var, servers, lambda: [], ready=lambda: say("Ready. Ctrl-C stops the servers.")
        ).run()


def reset(env: Mapping[str, str]) -> int:
    """A database or broker named by DATABASE_URL or REDIS_URL is not touched."""
    var = var_folder(env)
    with only_one(var, {"url": "a reset"}):
        Postgres(var).remove_data()
        Valkey(var).remove_data()
        for path in [path for pattern in [*WRITTEN, "pg*.lock", "valkey.lock"] for path in var.glob(pattern)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    say(f"The demo's data in {var} is gone.")
    return 0


def embedded(env: Mapping[str, str], var: Path) -> list[Server]:
    """The servers nobody has given us an address for. Valkey second: it stops first."""
    postgres, valkey = Postgres(var), Valkey(var)
    if postgres.note():
        say(postgres.note())
    servers: list[Server] = []
    if env["DATABASE_URL"] == postgres.url:
        servers.append(postgres)
    if env["REDIS_URL"] == valkey.url:
        servers.append(valkey)
    return servers


def stages(env: Mapping[str, str], var: Path, *, port: int, simulator_port: int) -> list[Stage]:
    platform = processes.simulator(env, port=simulator_port, store=var / "simulator.db")
    console = [
        processes.web(env, port=port),
        processes.engine_worker(env),
        processes.default_worker(env),
        processes.beat(env, schedule=var / "beat-schedule"),
        processes.shops(env, var=var),
    ]
    name = "seed_demo"
    words = processes.manage(name, "--prepare")
    child = Child(name, words, env=env, cwd=ROOT, log=fresh_log(var, name), echo=prefixed(name))
    seed = [Step(name, child, "Bringing the tables up to date, then the demo's merchants, people and logins")]
    if (var / LOGINS).exists() and has_every_migration(env["DATABASE_URL"]):
        # all is there: the step only looks, so it need not come first
        return [Stage(seed, [platform, *console])]
    return [Stage(seed, [platform]), Stage(processes=console)]


def has_every_migration(database_url: str) -> bool:
    """Whether all of ours were applied. False also when the database does not say."""
    ours = {(path.parent.parent.name, path.stem) for path in ROOT.glob("*/migrations/0*.py")}
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            applied = connection.execute("SELECT app, name FROM django_migrations").fetchall()
    except psycopg.Error:
        return False
    return ours <= set(applied)


@contextlib.contextmanager
def only_one(var: Path, about: Mapping[str, str]) -> Iterator[None]:
    """One supervisor per folder. The lock is the kernel's, so a file left by a crash blocks nobody."""
    var.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(var / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise DemoError(f"{var} was made by another user. Remove it, or start as that user.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with contextlib.suppress(ValueError):
            holder = json.loads(os.read(descriptor, 4096) or b"{}")
            message = (
                f"Already running: process {holder.get('pid')}, {holder.get('url')}. Stop it with Ctrl-C"
            )
            raise AlreadyRunning(f"{message} in its terminal, or `kill {holder.get('pid')}`.") from error
        raise AlreadyRunning(f"Another process uses {var}.") from error
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), **about}).encode())
        yield
    finally:
        os.close(descriptor)


def check_port(port: int, remedy: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((processes.LOOPBACK, port))
        except OSError as error:
            raise PortTaken(
                f"Port {port} is taken by another program. Use another one: {remedy.format(port + 1)}"
            ) from error


def announce(var: Path, *, port: int, simulator_port: int) -> None:
    say(f"\nThe console is ready: http://{processes.LOOPBACK}:{port}\n")
    logins = json.loads((var / LOGINS).read_text(encoding="utf-8"))
    columns = ["login", "password", "role", "merchant"]
    rows = [columns, *([str(login[column]) for column in columns] for login in logins)]
    widths = [max(len(row[number]) for row in rows) for number in range(len(columns))]
    for row in rows:
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    say(f"\nThe pretend platform: http://{processes.LOOPBACK}:{simulator_port} · logs: {var / 'log'}")
    say("Ctrl-C stops everything.")
