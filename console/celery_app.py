import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from kombu.transport.redis import QoS

from console.checks import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

# A worker that loses Redis closes its channel twice; with an entry fetched and not yet acknowledged, the
# second close asks for a connection that is gone, and the worker ends (seen with celery and kombu 5.7.0).
# Nothing needs giving back: an entry is a hint, and the sweeps find every row that has none.
QoS.restore_at_shutdown = False

app = Celery("console")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse(**_: Any) -> None:
    """Celery logs what a handler raises and goes on; only an exit stops it."""
    try:
        refuse_unsafe_start()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    # what is forked from this process must not share its connection
    connections.close_all()
