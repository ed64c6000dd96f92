#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from console.demo.environment import adopt
from console.management.commands.demo import Command as Demo

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    adopt(sys.argv[1:])
    if sys.argv[1:2] == ["demo"]:
        # it only starts processes; loading the apps for that would hold up every start
        Demo().run_from_argv(sys.argv)
    else:
        execute_from_command_line(sys.argv)
