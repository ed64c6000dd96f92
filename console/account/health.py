"""Is this process able to work: asked by the supervisor, by compose and by load balancers."""

from __future__ import annotations

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from merchants import rate


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers: without Redis pages still work, nothing is sent, and they say so."""
    database, queue = database_answers(), redis_answers()
    state = {"database": "up" if database else "down", "redis": "up" if queue else "down"}
    return JsonResponse(state, status=200 if database else 503, headers={"Cache-Control": "no-store"})


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return True
    except DatabaseError:
        return False


def redis_answers() -> bool:
    try:
        return bool(rate.connection().ping())
    except redis.RedisError:
        return False
