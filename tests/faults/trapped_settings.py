"""The console's settings for processes that load tests/faults/sabotage.py beside the product."""

from console.settings import *  # noqa: F403

CELERY_IMPORTS = ["tests.faults.sabotage"]
