"""Run the real supervisor over small processes: `python -m tests.console.demo.stand_in VAR [NAME=CODE …]`.

Each NAME is a process that runs CODE with python, in one stage; with SERVERS=1 the embedded servers run too.
A NAME that begins with "step-" is a step before them, as the telling of the story is.
"""

import os
import sys
from pathlib import Path

from console.demo.child import Child
from console.demo.processes import Process
from console.demo.running import only_one
from console.demo.servers import Postgres, Valkey
from console.demo.supervisor import Stage, Step, Supervisor, say


def main(var: Path, definitions: list[str]) -> int:
    processes, steps = [], []
    for definition in definitions:
        name, code = definition.split("=", 1)
        command = [sys.executable, "-c", code]
        if name.startswith("step-"):
            steps.append(Step(name, Child(name, command, log=var / f"{name}.log"), f"Doing {name}"))
            continue
        processes.append(Process(name, command, os.environ, lambda: True, grace_seconds=1))
    servers = [Postgres(var, durable=False), Valkey(var)] if os.environ.get("SERVERS") else []
    with only_one(var, {"url": "stand-in"}):
        stages = [Stage(steps), Stage(processes=processes)]
        return Supervisor(var, servers, lambda: stages, ready=lambda: say("ready")).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
