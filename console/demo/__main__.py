"""`python -m console.demo COMMAND …`: run a command in the demo's environment (addresses, keys).

For one process more beside a running `make demo` or `make servers`, and for a shell:
`python -m console.demo python manage.py shell`.
"""

import os
import sys
from pathlib import Path

from console.demo.environment import DemoError, demo_environment
from console.demo.servers import ServerError


def main(words: list[str]) -> int:
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        env = demo_environment()
    except (DemoError, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    # this environment's programs first: nobody has to activate it
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    try:
        os.execvpe(words[0], words, env)  # noqa: S606 - the caller's own command
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
