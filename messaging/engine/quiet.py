"""Quiet hours: between two wall times of the merchant's zone batches wait, their rows stay queued.

Whether it is quiet is asked of the wall clock whenever something could leave, so nothing has to be started
or ended, and a change of the rules holds at once. A test to one person is not held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from messaging.models import BatchSend, SendControl, SendRules

# For a statement that knows the send as s. Across midnight the window is what is not between its ends.
IS_HELD = """
EXISTS (
    SELECT 1 FROM messaging_sendrules r
    JOIN merchants_merchant m ON m.id = r.merchant_id
    CROSS JOIN LATERAL (SELECT (clock_timestamp() AT TIME ZONE m.time_zone)::time AS wall) n
    WHERE r.merchant_id = s.merchant_id AND r.quiet_from <> r.quiet_to
        AND CASE WHEN r.quiet_from < r.quiet_to
            THEN n.wall >= r.quiet_from AND n.wall < r.quiet_to
            ELSE n.wall >= r.quiet_from OR n.wall < r.quiet_to END
        AND NOT EXISTS (
            SELECT 1 FROM messaging_batchsend b WHERE b.control_id = s.id AND b.test_of_id IS NOT NULL
        )
)
"""


@dataclass(frozen=True)
class Quiet:
    """From `start` to before `end` on the wall clock of `zone`; over midnight where it ends earlier."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, at: datetime) -> datetime | None:
        """When the quiet that reigns `at` ends; None when it does not reign."""
        wall = at.astimezone(self.zone)
        over_midnight = self.end <= self.start
        now = wall.time()
        if not (now >= self.start or now < self.end if over_midnight else self.start <= now < self.end):
            return None
        days = 1 if over_midnight and now >= self.start else 0
        return datetime.combine(wall.date() + timedelta(days=days), self.end, tzinfo=self.zone)

    def finish(self, start: datetime, *, seconds: float) -> datetime:
        """When work of `seconds` is done that begins at `start` and rests while it is quiet."""
        left, now = timedelta(seconds=seconds), start
        while True:
            now = self.until(now) or now
            rests_at = self._next_start(now)
            if now + left <= rests_at:
                return now + left
            left -= rests_at - now
            now = rests_at

    def open_seconds(self, start: datetime, end: datetime) -> float:
        """How long it is not quiet between the two."""
        found, now = timedelta(), start
        while (now := self.until(now) or now) < end:
            rests_at = min(self._next_start(now), end)
            found += rests_at - now
            now = rests_at
        return found.total_seconds()

    def _next_start(self, at: datetime) -> datetime:
        """The next one later than `at`, which is not in the quiet."""
        wall = at.astimezone(self.zone)
        today = datetime.combine(wall.date(), self.start, tzinfo=self.zone)
        if today > wall:
            return today
        return datetime.combine(wall.date() + timedelta(days=1), self.start, tzinfo=self.zone)


def quiet_of(control: SendControl) -> Quiet | None:
    """What holds this send: none where the merchant set none, and none for a test."""
    rules = SendRules.objects.filter(merchant_id=control.merchant_id).select_related("merchant").first()
    if rules is None or rules.quiet_from is None or rules.quiet_to is None:
        return None
    if BatchSend.objects.filter(control=control, test_of__isnull=False).exists():
        return None
    return Quiet(rules.quiet_from, rules.quiet_to, ZoneInfo(rules.merchant.time_zone))
