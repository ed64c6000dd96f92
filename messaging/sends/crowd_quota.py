"""How many crowd sends are left for a Beijing day. Our own count: the platform shows a remainder nowhere.

Taken when a send is launched, for the day of its due time; given back only while nothing was submitted.
"""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db.models import F

from gateway.wire import BEIJING
from merchants.models import MiniProgram
from messaging.engine import sql
from messaging.models import CrowdQuota

TAKE = """
INSERT INTO messaging_crowdquota AS q (mini_program_id, day, used)
VALUES (%(mini_program)s, %(day)s, 1)
ON CONFLICT (mini_program_id, day) DO UPDATE SET used = q.used + 1 WHERE q.used < %(limit)s
RETURNING used
"""


def day_of(moment: datetime) -> date:
    """The Beijing day it counts for."""
    return moment.astimezone(BEIJING).date()


def left(mini_program: MiniProgram, day: date) -> int:
    """How many may still be launched for this day. Others may take them meanwhile."""
    used = CrowdQuota.objects.filter(mini_program=mini_program, day=day).values_list("used", flat=True)
    return max(0, int(settings.CROWD_SENDS_PER_DAY) - (used.first() or 0))


def take(mini_program: MiniProgram, day: date) -> bool:
    """One statement, in the transaction of the launch. False: none is left."""
    limit = int(settings.CROWD_SENDS_PER_DAY)
    if limit < 1:
        return False
    return bool(sql.rows(TAKE, {"mini_program": mini_program.pk, "day": day, "limit": limit}))


def give_back(mini_program_id: int, day: date | None) -> None:
    """In the transaction of the move that proves that nothing was submitted."""
    if day is not None:
        CrowdQuota.objects.filter(mini_program_id=mini_program_id, day=day).update(used=F("used") - 1)
