"""`manage.py demo`: the console with everything around it, on one machine, from nothing."""

import os
import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from console.demo.environment import PORT, SIMULATOR_PORT, DemoError
from console.demo.running import reset, run_demo, run_servers
from console.demo.servers import ServerError


class Command(BaseCommand):
    help = "Start database, broker, simulator, web, workers and beat; Ctrl-C stops everything."
    requires_system_checks = []  # the processes check themselves

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=PORT, help="of the console")
        parser.add_argument(
            "--simulator-port", type=int, default=SIMULATOR_PORT, help="of the pretend platform"
        )
        parser.add_argument("--servers-only", action="store_true", help="only the database and the broker")
        parser.add_argument("--reset", action="store_true", help="remove the demo's data and end")

    def handle(self, *, port: int, simulator_port: int, servers_only: bool, reset: bool, **_: object) -> None:
        # manage.py has put the demo's environment in place before the settings were read
        try:
            sys.exit(act(port=port, simulator_port=simulator_port, servers_only=servers_only, erase=reset))
        except DemoError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        except ServerError as error:
            raise CommandError(str(error)) from error


def act(*, port: int, simulator_port: int, servers_only: bool, erase: bool) -> int:
    env = dict(os.environ)
    if erase:
        return reset(env)
    if servers_only:
        return run_servers(env)
    return run_demo(env, port=port, simulator_port=simulator_port)
