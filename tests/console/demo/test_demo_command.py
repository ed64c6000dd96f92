"""What `manage.py demo` says when it cannot start."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from console.demo.environment import ROOT
from console.demo.running import AlreadyRunning, PortTaken, announce, check_port, only_one, reset


def demo(var: Path, *words: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "VAR_DIR": str(var), **changes}
    command = [sys.executable, "manage.py", "demo", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_named_together_with_another_command(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = demo(var, "--port", str(port))
        with pytest.raises(PortTaken, match=f"make demo SIMULATOR_PORT={port + 1}"):
            check_port(port, "make demo SIMULATOR_PORT={}")
    assert ended.returncode == 4
    assert f"Port {port} is taken by another program." in ended.stderr
    assert f"make demo PORT={port + 1}" in ended.stderr


def test_a_second_demo_on_the_same_data_is_refused(var: Path) -> None:
    with only_one(var, {"url": "http://127.0.0.1:8000"}):
        ended = demo(var)
        with pytest.raises(AlreadyRunning), only_one(var, {}):
            pass
    assert ended.returncode == 3
    assert f"Already running: process {os.getpid()}, http://127.0.0.1:8000" in ended.stderr


def test_debug_0_is_refused_because_demo_passwords_are_known(var: Path) -> None:
    ended = demo(var, DEBUG="0")
    assert ended.returncode == 1
    assert "does not start with DEBUG=0" in ended.stderr


def test_a_reset_removes_what_the_demo_wrote_and_nothing_else(
    var: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (var / "pg18").mkdir()
    (var / "log").mkdir()
    (var / "log" / "web.log").touch()
    (var / "simulator.db").touch()
    (var / "a-photo.jpg").touch()
    with only_one(var, {"url": "http://127.0.0.1:8000"}), pytest.raises(AlreadyRunning):
        reset({"VAR_DIR": str(var)})
    assert (var / "simulator.db").exists()
    assert reset({"VAR_DIR": str(var)}) == 0
    assert {path.name for path in var.iterdir()} == {"a-photo.jpg", "demo.lock"}
    assert f"The demo's data in {var} is gone." in capfd.readouterr().out


def test_the_logins_of_the_demo_are_printed_with_the_address(
    var: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    login = {"login": "lin", "password": "a-b-c", "role": "owner", "merchant": "Tea House"}
    (var / "demo-logins.json").write_text(json.dumps([login]), encoding="utf-8")
    announce(var, port=8123, simulator_port=8700)
    said = capfd.readouterr().out
    assert "http://127.0.0.1:8123" in said
    assert "lin    a-b-c     owner  Tea House" in said
