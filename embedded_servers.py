"""pytest plugin: PostgreSQL and Valkey for the whole run, handed on through the environment.

A top-level module named by `-p` in pyproject.toml, because pytest-django reads the settings before any
conftest.py is loaded. xdist workers inherit the environment and start nothing; each takes a Redis database
of its own. DATABASE_URL and REDIS_URL, when set, are used as they are. The servers die with pytest, also when
it is killed. `-p` finds this file by `pythonpath` in pyproject.toml (pytest >= 9.2).
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from console.demo.servers import Postgres, Server, Valkey

_started: list[Server] = []
_folders: list[Path] = []


def redis_database(url: str, number: int) -> str:
    """The same server, another of its 16 databases."""
    if url.startswith("unix://"):
        return f"{url.split('?')[0]}?db={number}"
    return re.sub(r"(//[^/]+)(/\d*)?$", rf"\g<1>/{number}", url)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = redis_database(os.environ["REDIS_URL"], int(worker.removeprefix("gw")) + 1)
        return
    home = Path(tempfile.mkdtemp(prefix="console-tests-"))
    home.chmod(0o755)  # under root PostgreSQL runs as another user and must pass through
    _folders.append(home)
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(home, durable=False)
        _started.append(postgres)
        postgres.start()
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ.get("REDIS_URL"):
        valkey = Valkey(home)
        _started.append(valkey)
        valkey.start()
        os.environ["REDIS_URL"] = valkey.url
    os.environ.setdefault("VAR_DIR", str(home / "var"))
    # WhiteNoise wants the folder of collected files to be there, though the tests collect none
    Path(os.environ["VAR_DIR"], "static").mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SECRET_KEY", "tests-only-" + Fernet.generate_key().decode())
    os.environ.setdefault("FIELD_KEYS", ",".join(Fernet.generate_key().decode() for _ in range(2)))
    os.environ.setdefault("DEBUG", "1")


def pytest_unconfigure() -> None:
    while _started:
        _started.pop().stop()
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)
