"""The environment of the demo's processes: addresses, and keys that are made once and kept in var/.

What the caller has set already (DATABASE_URL, SECRET_KEY, …) stays as it is. Knows nothing of Django:
manage.py asks before the settings are read.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from console.demo.servers import Postgres, ServerError, Valkey

ROOT = Path(__file__).resolve().parents[2]
PORT = 8000
SIMULATOR_PORT = 8700


class DemoError(Exception):
    """The demo cannot start; the message says what to do."""

    exit_code = 1


def var_folder(environ: Mapping[str, str] = os.environ) -> Path:
    return Path(environ.get("VAR_DIR") or ROOT / "var").absolute()


def demo_environment(
    environ: Mapping[str, str] = os.environ, *, port: int = PORT, simulator_port: int = SIMULATOR_PORT
) -> dict[str, str]:
    """Everything the settings need. Makes missing keys; starts no server."""
    if environ.get("DEBUG", "1").lower() in {"0", "false", "no"}:
        raise DemoError(
            "The demo makes users with known passwords, so it does not start with DEBUG=0. Unset it."
        )
    var = var_folder(environ)
    try:
        # WhiteNoise wants the folder of collected files to be there, though the demo collects none
        (var / "static").mkdir(parents=True, exist_ok=True)
        made = {} if "SECRET_KEY" in environ else {"SECRET_KEY": kept_secret(var, "secret_key")}
        if "FIELD_KEYS" not in environ:
            made["FIELD_KEYS"] = kept_secret(var, "field_keys")
    except PermissionError as error:
        raise DemoError(
            f"{error}. Was {var} made by another user? Remove it, or start as that user."
        ) from error
    platform = f"http://127.0.0.1:{simulator_port}"
    made |= {
        "DEBUG": "1",
        "VAR_DIR": str(var),
        "GATEWAY_URL": f"{platform}/gateway.do",
        "SIMULATOR_URL": platform,
        "CONSOLE_URL": f"http://127.0.0.1:{port}",
        "PYTHONUNBUFFERED": "1",
    }
    if not environ.get("DATABASE_URL"):
        made["DATABASE_URL"] = Postgres(var).url
    if not environ.get("REDIS_URL"):
        made["REDIS_URL"] = Valkey(var).url
    return {**environ, **{name: value for name, value in made.items() if not environ.get(name)}}


def kept_secret(var: Path, name: str) -> str:
    """Made at the first start; losing the field keys would make stored private keys unreadable."""
    path = var / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        value = Fernet.generate_key().decode() if name == "field_keys" else secrets.token_urlsafe(48)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(value)
    return path.read_text(encoding="ascii").strip()


def adopt(words: list[str]) -> None:
    """Before the settings are read: two commands must work when nothing is set yet."""
    if words[:1] == ["make_field_key"]:
        for name in ("SECRET_KEY", "FIELD_KEYS"):
            os.environ.setdefault(name, "not-used-by-this-command")
        os.environ.setdefault("DEBUG", "1")
    if words[:1] != ["demo"]:
        return
    ports = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    ports.add_argument("--port", type=int, default=PORT)
    ports.add_argument("--simulator-port", type=int, default=SIMULATOR_PORT)
    chosen, _ = ports.parse_known_args(words[1:])
    try:
        os.environ.update(demo_environment(port=chosen.port, simulator_port=chosen.simulator_port))
    except (DemoError, ServerError) as error:
        sys.exit(str(error))
