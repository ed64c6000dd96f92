"""The past of one shop, drawn up from a seed before anything is written: who, what, when, with what outcome.

The same seed, crowd and beginning give the same plan, so a start that was cut off goes on with it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from console.demo.crowd import Crowd, Mood
from console.demo.shops import SendPlan, Shop
from merchants.partitions import BEIJING

DAYS = 30
WRITTEN_AT_HOURS = (10, 11, 14, 15, 16, 17)
FIRST_CONSENT = timedelta(days=DAYS + 1)
PER_SECOND = 60
HALF = 0.4  # how much of a stopped send had left
KEEPS_OTHER_CONSENT = 0.88  # share of a list


@dataclass(frozen=True)
class Fate:
    """What became of one message. `outcome`: a word of the platform's history; seconds after it."""

    outcome: str = "accepted"
    comes_after: float | None = None

    @property
    def shape(self) -> str:
        if self.outcome == "accepted":
            return "accepted"
        return "unknown" if self.outcome.startswith("http_500") else "refused"

    @property
    def reason(self) -> str:
        return {"accepted": "", "unknown": "http_5xx"}.get(self.shape, self.outcome)


@dataclass(frozen=True)
class DatedSend:
    """`number` names it for ever; `author` is a login. Instants are aware."""

    number: int
    plan: SendPlan
    author: str
    written_at: datetime
    launched_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Grant:
    """One report of the mini program: `place` of the person, template's code, units."""

    place: int
    code: str
    units: int
    at: datetime


@dataclass(frozen=True)
class Past:
    """`began_at`: when the demo was started first. Everything else follows."""

    shop: Shop
    crowd: Crowd
    seed: int
    began_at: datetime
    most: int = 1_000  # finished sends

    def chance(self, *words: object) -> random.Random:
        name = ":".join(map(str, (self.seed, self.shop.slug, *words)))
        return random.Random(name)  # noqa: S311 - repeatable on purpose

    @cached_property
    def lists(self) -> dict[str, list[int]]:
        """Those that are sent to."""
        used = {plan.people for _number, plan in self._plans()}
        return {
            key: self.crowd.members(plan, self.chance("list", key))
            for key, plan in self.shop.lists.items()
            if key in used
        }

    def _plans(self) -> list[tuple[int, SendPlan]]:
        numbered = list(enumerate(self.shop.sends))
        finished = [one for one in numbered if one[1].ending == "finished"][: self.most]
        return [one for one in numbered if one[1].ending != "finished" or one in finished]

    @cached_property
    def sends(self) -> list[DatedSend]:
        """In the order of their due times."""
        days, dated = iter(self._days()), []
        day = self.today
        for number, plan in self._plans():
            if plan.ending == "tomorrow":
                day = self.today + timedelta(days=1)
            elif plan.ending == "draft":
                day = self.today
            elif plan.days_ago is not None:
                day = self.today - timedelta(days=plan.days_ago)
            elif not plan.same_day:
                day = next(days)
            dated.append(self._dated(number, plan, day))
        return sorted(dated, key=lambda one: (one.due_at, one.number))

    @property
    def today(self) -> date:
        return self.began_at.astimezone(BEIJING).date()

    def _days(self) -> list[date]:
        """As many days as rhythmic sends, evenly over the month, on the shop's weekdays."""
        wanted = sum(
            plan.ending == "finished" and not plan.same_day and plan.days_ago is None
            for _number, plan in self._plans()
        )
        back = [self.today - timedelta(days=ago) for ago in range(DAYS - 1, 0, -1)]
        good = [day for day in back if day.weekday() in self.shop.weekdays]
        pool = good if len(good) >= wanted else back
        return [pool[number * len(pool) // wanted] for number in range(wanted)]

    def _dated(self, number: int, plan: SendPlan, day: date) -> DatedSend:
        chance = self.chance("times", number)
        due_at = datetime.combine(day, time.fromisoformat(plan.time), BEIJING)
        earliest = min(due_at, self.began_at)
        written = datetime.combine(
            earliest.astimezone(BEIJING).date() - timedelta(days=1),
            time(chance.choice(WRITTEN_AT_HOURS), chance.randrange(60), chance.randrange(60)),
            BEIJING,
        )
        launched_at = written + timedelta(minutes=chance.uniform(12, 75))
        author = self.shop.authors[number % len(self.shop.authors)]
        return DatedSend(number, plan, author, written, launched_at, due_at)

    # --- Consents ------------------------------------------------------------------------------------------
    def grants(self) -> Iterator[Grant]:
        """By template; a person's first is before the first message that needs it."""
        codes = {one.code for one in self.shop.adoptions if one.fate in ("online", "differs")}
        for code in sorted(codes, key=[one.code for one in self.shop.adoptions].index):
            yield from self._grants_for(code)

    def _grants_for(self, code: str) -> Iterator[Grant]:
        chance, needed, first_due = self.chance("grants", code), Counter[int](), dict[int, datetime]()
        for send in self.sends:
            if send.plan.code == code and send.plan.ending not in ("draft", "tomorrow"):
                for place in self.lists[send.plan.people]:
                    needed[place] += 1
                    first_due.setdefault(place, send.due_at)
        if code == self.shop.standing:
            holders = {place: 0 for place in range(self.crowd.standing)}
            for place in needed:
                if self.crowd.mood(place) in (Mood.GONE, Mood.REVOKED):
                    holders[place] = 0
        elif code == self.shop.adoptions[0].code:
            holders = {place: needed[place] for place in range(self.crowd.steady)}
            holders |= {place: n for place, n in needed.items() if place >= self.crowd.changing_from}
        else:
            holders = {
                place: n for place, n in sorted(needed.items()) if chance.random() < KEEPS_OTHER_CONSENT
            }
        start = self.began_at - FIRST_CONSENT
        for place, units in sorted(holders.items()):
            until = first_due.get(place, self.began_at) - timedelta(hours=1)
            if units:
                yield Grant(place, code, units, _between(start, until, chance))
            if code == self.shop.adoptions[0].code and place < self.crowd.steady:
                yield Grant(place, code, 2, _between(start, self.began_at - timedelta(hours=1), chance))
            elif not units:
                yield Grant(place, code, 1, _between(start, until, chance))

    # --- Outcomes ------------------------------------------------------------------------------------------
    def fates(self, send: DatedSend) -> dict[int, Fate]:
        """By place; of people whom a gate stops nobody asks."""
        chance, members = self.chance("fates", send.number), self.lists[send.plan.people]
        settled = [place for place in members if place < self.crowd.steady]
        lost = set(chance.sample(settled, min(self._lost(send.plan), len(settled) // 4)))
        return {place: self._fate(send, place, place in lost, chance) for place in members}

    def _lost(self, plan: SendPlan) -> int:
        return min(plan.lost, max(1, round(plan.lost * self.crowd.scale))) if plan.lost else 0

    def _fate(self, send: DatedSend, place: int, lost: bool, chance: random.Random) -> Fate:
        mood = self.crowd.mood(place)
        arrived, comes, after = chance.random() < 0.6, chance.random(), chance.lognormvariate(7.9, 1.4)
        refused = {
            Mood.DEAF: "MSG_REJECTED",
            Mood.BORED: "MSG_CONTENT_NOT_INTERESTED",
            Mood.GONE: "MSG_UNSUBSCRIBED",
        }
        if mood in refused:
            return Fate(refused[mood])
        if lost:
            return Fate("http_500_delivered" if arrived else "http_500_lost")
        return Fate(comes_after=20 + after if comes < send.plan.rate else None)


def _between(start: datetime, end: datetime, chance: random.Random) -> datetime:
    """Somewhere in between, in waking hours of Beijing."""
    at = start + (max(end, start + timedelta(hours=1)) - start) * chance.random()
    local = at.astimezone(BEIJING)
    if local.hour < 8:
        at = at - timedelta(hours=local.hour + 3)
    return max(at, start)
