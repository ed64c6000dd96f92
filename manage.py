#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from console.demo.environment import adopt

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    adopt(sys.argv[1:])
    execute_from_command_line(sys.argv)
