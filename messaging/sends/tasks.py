"""Doors to the work of this room; a queue entry is a hint."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from messaging.sends import carried_figures, carrying, plan_figures, review


@shared_task(name="messaging.expire_reviews")
def expire_reviews() -> None:
    review.expire(at=timezone.now())


@shared_task(name="messaging.tend_coupons")
def tend_coupons() -> None:
    carrying.give_up_unused()
    carried_figures.count_due(at=timezone.now())
    plan_figures.count_due(at=timezone.now())
