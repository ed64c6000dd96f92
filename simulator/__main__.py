"""python -m simulator --host 127.0.0.1 --port 8700 --store FILE [--seed N] [--speed X] [--allow-host NAME]"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from simulator.app import Platform
from simulator.clock import MAX_SPEED
from simulator.disk import StoreInUse
from simulator.guard import is_loopback

SHUTDOWN_SECONDS = 2.0
BACKLOG = 1024


def main() -> int:
    options = _options()
    token = os.environ.get("SIM_TOKEN") or None
    if token is None and not is_loopback(options.host):
        return _fail(
            f"{options.host} is not a loopback address. Set SIM_TOKEN in the environment (callers of /sim/"
            " then send it as X-Sim-Token), or use --host 127.0.0.1."
        )
    try:
        return asyncio.run(_serve(options, token))
    except StoreInUse as error:
        return _fail(f"{options.store} cannot be opened ({error}). Is another simulator using it?")
    except OSError as error:
        return _fail(
            f"Cannot listen on {options.host}:{options.port} ({error.strerror}). Choose another --port."
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="simulator", description="A pretend open platform for demos and tests."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8700, help="0 takes a free one and prints it")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file; made when it is not there")
    parser.add_argument("--seed", type=int, help="makes ids and chance repeatable; kept in the store")
    parser.add_argument("--speed", type=float, help="simulated seconds per real second, 0 stands still")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        help="notifications go to loopback addresses and to hosts named here; may be given more than once",
    )
    options = parser.parse_args()
    if options.speed is not None and not 0 <= options.speed <= MAX_SPEED:
        parser.error(f"--speed: from 0 to {MAX_SPEED}")
    return options


async def _serve(options: argparse.Namespace, token: str | None) -> int:
    platform = Platform(
        options.store,
        seed=options.seed,
        speed=options.speed,
        token=token,
        allowed_hosts=frozenset(options.allow_host),
    )
    runner = web.AppRunner(platform.web, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port, backlog=BACKLOG)
        await site.start()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, platform.stopping.set)
        host, port = runner.addresses[0][:2]
        print(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        await platform.stopping.wait()
    finally:
        await runner.cleanup()
    return 0


def _fail(sentence: str) -> int:
    print(f"simulator: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
