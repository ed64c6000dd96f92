"""Where Celery looks for this floor's tasks: each room keeps its own."""

from messaging.consent import tasks as consent_tasks
from messaging.engine import tasks as engine_tasks
from messaging.recall import tasks as recall_tasks
from messaging.sends import crowd_tasks, reminder_tasks
from messaging.sends import tasks as sends_tasks

__all__ = ["consent_tasks", "crowd_tasks", "engine_tasks", "recall_tasks", "reminder_tasks", "sends_tasks"]
