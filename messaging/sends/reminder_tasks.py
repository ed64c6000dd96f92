"""Doors to reminders; a queue entry is a hint."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from messaging.sends import reminder_rounds, reminders


@shared_task(name="messaging.remind_expiring")
def remind_expiring() -> None:
    reminders.remind_due(at=timezone.now())


@shared_task(name="messaging.count_reminders")
def count_reminders() -> None:
    reminder_rounds.count_rounds(at=timezone.now())
