"""The embedded servers: one holder per data folder, data that survives, folders that only we may enter."""

import os
import signal
from pathlib import Path

import psycopg
import pytest
import redis

from console.demo.folders import SOCKET_FOLDER_BYTES, socket_folder
from console.demo.servers import Postgres, ServerError, Valkey
from tests.console.demo.conftest import processes_with, wait_until


def test_rows_survive_a_kill_and_a_folder_has_one_holder(var: Path) -> None:
    postgres = Postgres(var, durable=False)
    postgres.start()
    try:
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        with pytest.raises(ServerError, match=f"in use by process {os.getpid()}"):
            Postgres(var, durable=False).start()
        assert postgres.child is not None
        postgres.child.send(signal.SIGKILL)
        postgres.child.wait(5)
        postgres.start()
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    finally:
        postgres.stop()
    wait_until(lambda: processes_with(str(postgres.data)) == [], "every process of the server ends")
    assert postgres.sockets.stat().st_mode & 0o077 == 0


def test_a_queue_survives_a_kill_of_the_broker(var: Path) -> None:
    valkey = Valkey(var)
    valkey.start()
    try:
        with redis.Redis.from_url(valkey.url) as client:
            client.rpush("queue", "hint")
        with pytest.raises(ServerError, match=f"in use by process {os.getpid()}"):
            Valkey(var).start()
        assert valkey.child is not None
        valkey.child.kill()
        valkey.start()
        with redis.Redis.from_url(valkey.url) as client:
            assert client.lrange("queue", 0, -1) == [b"hint"]
    finally:
        valkey.stop()
    assert valkey.sockets.stat().st_mode & 0o077 == 0


def test_a_server_that_cannot_start_says_what_it_said(var: Path) -> None:
    valkey = Valkey(var)
    valkey.data.mkdir()
    (valkey.data / "appendonlydir").touch()  # a file where the server wants its folder
    with pytest.raises(ServerError, match=r"valkey did not start. It said:\n(.|\n)*append-only dir"):
        valkey.start()
    valkey.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_folder() -> None:
    deep = Path("/srv") / ("a" * 60) / ("b" * 60)
    assert len(str(socket_folder(deep, "postgres"))) <= SOCKET_FOLDER_BYTES
    assert socket_folder(deep, "postgres") != socket_folder(deep / "c", "postgres")
    assert socket_folder(Path("/srv/var"), "postgres") == Path("/srv/var/run/postgres")
    assert socket_folder(Path("/srv/with space"), "postgres").parent.parent != Path("/srv/with space/run")
