"""The settings file and its example agree, and with DEBUG=0 nothing insecure starts."""

import ast
import os
import re
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from console.checks import CHECK_FIELD_KEY, refuse_unsafe_start
from console.demo.environment import ROOT
from merchants.models import User

READERS = {"text", "number", "switch", "words"}
# Read by docker-compose.yml, the simulator or Celery's start, not by the settings file.
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "WEB_PORT", "SIM_TOKEN"}
SAFE = {
    "DEBUG": False,
    "SECRET_KEY": "Jq0s7xkP2vLr9TgY4mZb8NcWd1hFaE6uR3oi5KtXyQ-pVnMj",
    "FIELD_KEYS": [Fernet.generate_key().decode()],
    "ALLOWED_HOSTS": ["console.example.com"],
    "SECURE_HTTPS": True,
}


def variables_read() -> set[str]:
    tree = ast.parse((ROOT / "console" / "settings.py").read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in READERS
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_example_lists_every_variable_with_a_word_of_explanation() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    listed = {}
    for number, line in enumerate(lines):
        found = re.match(r"#?([A-Z][A-Z_]+)=", line)
        if found:
            listed[found[1]] = number
    assert set(listed) - COMPOSE_ONLY == variables_read()
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert all(name in compose for name in COMPOSE_ONLY)
    shy = [name for name, number in listed.items() if not lines[number - 1].startswith("# ")]
    assert shy == []


def test_debug_1_asks_for_nothing_more() -> None:
    with override_settings(**{**SAFE, "DEBUG": True, "SECRET_KEY": "short", "ALLOWED_HOSTS": []}):
        refuse_unsafe_start()


@pytest.mark.django_db
def test_safe_settings_start() -> None:
    with override_settings(**SAFE):
        refuse_unsafe_start()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too easy to guess"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY is too easy to guess"),
        ({"SECRET_KEY": "django-insecure-" + str(SAFE["SECRET_KEY"])}, "SECRET_KEY is too easy to guess"),
        ({"FIELD_KEYS": ["not-a-key"]}, "Key 1 of FIELD_KEYS is not a valid key"),
        ({"FIELD_KEYS": [CHECK_FIELD_KEY]}, "FIELD_KEYS holds the key of the Makefile's checks"),
        ({"ALLOWED_HOSTS": []}, "ALLOWED_HOSTS must name the hosts"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS must name the hosts"),
        ({"GATEWAY_URLS": {"simulated": "http://10.0.0.9:8700/gateway.do"}}, "must start with https"),
        ({"GATEWAY_URLS": {"production": "openapi.alipay.com"}}, "The gateway 'production' cannot be used"),
    ],
)
def test_an_insecure_setting_is_refused(change: dict[str, object], sentence: str) -> None:
    with override_settings(**{**SAFE, **change}), pytest.raises(ImproperlyConfigured, match=sentence):
        refuse_unsafe_start()


@pytest.mark.django_db
def test_a_demo_user_in_the_database_is_refused() -> None:
    User.objects.create_user("lin", password="known-to-everybody", is_demo=True)
    with override_settings(**SAFE), pytest.raises(ImproperlyConfigured, match="demo users"):
        refuse_unsafe_start()


def started(*command: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    env = {name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "FIELD_KEYS"}}
    env |= {"DEBUG": "0", "DJANGO_SETTINGS_MODULE": "console.settings", **changes}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"FIELD_KEYS": CHECK_FIELD_KEY}, "Set SECRET_KEY"),
        ({"SECRET_KEY": str(SAFE["SECRET_KEY"])}, "Set FIELD_KEYS"),
        ({"SECRET_KEY_FILE": "/nowhere/secret"}, "SECRET_KEY_FILE points at /nowhere/secret"),
        ({"DEBUG": "perhaps"}, "DEBUG must be 0 or 1"),
        ({"GATEWAY_READ_SECONDS": "soon"}, "GATEWAY_READ_SECONDS must be a number"),
    ],
)
def test_a_missing_or_unreadable_variable_is_named(changes: dict[str, str], sentence: str) -> None:
    keys = {} if sentence.startswith("Set") else {"SECRET_KEY": "x", "FIELD_KEYS": "x"}
    ended = started(sys.executable, "-c", "import console.settings", **{**keys, **changes})
    assert ended.returncode != 0
    assert sentence in ended.stderr


CELERY = [sys.executable, "-m", "celery", "-A", "console.celery_app"]


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", "import console.wsgi"],
        [*CELERY, "worker", "-c", "1", "-n", "unsafe@%h"],
        [*CELERY, "beat", "--pidfile=", "-s", "{var}/beat-schedule"],
    ],
    ids=["web", "worker", "beat"],
)
def test_web_worker_and_beat_do_not_start_with_unsafe_settings(command: list[str]) -> None:
    words = [word.replace("{var}", str(settings.VAR_DIR)) for word in command]
    ended = started(*words, SECRET_KEY="short", FIELD_KEYS=Fernet.generate_key().decode())
    assert ended.returncode != 0
    assert "The console does not start. SECRET_KEY is too easy to guess." in ended.stderr
