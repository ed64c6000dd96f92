"""Orders of one shop's past, drawn up before anything is written: who, what, when, and what went wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property

from console.demo.crowd import Mood
from console.demo.order_paths import BEIJING, RENTAL, Drawn, Stage, draw
from console.demo.plan import Past

ORDER_DAYS = {"yunduo": 28, "qingcha": 14}
A_DAY = {"yunduo": (3, 3, 4, 4, 5), "qingcha": (3, 4, 4, 5)}
PLACED_AT_HOURS = (9, 10, 11, 12, 12, 13, 15, 16, 18, 19, 20, 20, 21, 22)
OFFLINE = "TINY_APP_IS_NOT_ONLINE"
OFFLINE_FROM, OFFLINE_MINUTES = time(10, 2), 38  # of the day before the first start
AFTER_THE_LEASE = frozenset({"RENT_DUE", "RETURN_OVERDUE", "IN_THE_BACK", "FINISHED"})
BUYERS = 1.5  # people who order, for each order
SECOND = timedelta(seconds=1)
# How many of each trouble the full story has.
MISSING, ONE_STATUS, BACKWARD, LATE, CAUGHT_OFFLINE, WAITING = 6, 4, 3, 3, 6, 2


@dataclass(frozen=True)
class Return:
    """`received_at`: when it reached us. `refused`: the platform's sub_code, whatever the order. `waits`: it
    had not been synced when the demo was started first."""

    stage: Stage
    modified_at: datetime
    received_at: datetime
    refused: str = ""
    waits: bool = False

    @property
    def status(self) -> str:
        return self.stage.status


@dataclass(frozen=True)
class PastOrder:
    """`returns` as they reached us. `coming`: what the shop returns later; nothing where it never does."""

    drawn: Drawn
    place: int
    created_at: datetime
    returns: Sequence[Return]
    coming: Sequence[Stage] = ()

    @property
    def number(self) -> str:
        return self.drawn.number

    @property
    def statuses(self) -> list[str]:
        return [one.status for one in self.returns]


Mend = Callable[[PastOrder], PastOrder]


@dataclass(frozen=True)
class OrderPast:
    """`share` of the full number of orders."""

    past: Past
    share: float = 1.0

    @cached_property
    def orders(self) -> list[PastOrder]:
        """In the order of their serial numbers."""
        found = {one.number: one for one in self._drawn()}
        if self.past.shop.slug == "yunduo":
            found |= {one.number: one for one in self._troubled(list(found.values()))}
            return [self._offline(one) for one in found.values()]
        return list(found.values())

    def _drawn(self) -> Iterator[PastOrder]:
        slug, serial, owed = self.past.shop.slug, 0, 0.0
        latest = self.past.began_at - timedelta(minutes=10)
        for ago in range(ORDER_DAYS[slug], -1, -1):
            chance = self.past.chance("orders", ago)
            owed += chance.choice(A_DAY[slug]) * self.share
            placed = sorted(self._placed(ago, chance) for _number in range(int(owed)))
            owed -= len(placed)
            for created_at in placed:
                serial += 1
                if created_at < latest:
                    yield self._order(serial, created_at)

    def _placed(self, ago: int, chance: random.Random) -> datetime:
        day = self.past.today - timedelta(days=ago)
        at = time(chance.choice(PLACED_AT_HOURS), chance.randrange(60), chance.randrange(60))
        return datetime.combine(day, at, BEIJING)

    def _order(self, serial: int, created_at: datetime) -> PastOrder:
        chance = self.past.chance("order", serial)
        drawn = draw(self.past.shop.slug, serial, created_at, chance)
        people = min(self.past.crowd.steady, max(20, round(BUYERS * 110 * self.share)))
        place = chance.randrange(people)
        returns = []
        for stage in drawn.stages:
            modified_at = created_at + stage.after
            received_at = modified_at + timedelta(seconds=chance.uniform(0.4, 2.5))
            if received_at > self.past.began_at - timedelta(minutes=1):
                break
            returns.append(Return(stage, modified_at, received_at))
        return PastOrder(drawn, place, created_at, returns, drawn.stages[len(returns) :])

    # --- What went wrong -----------------------------------------------------------------------------------
    def _troubled(self, orders: Sequence[PastOrder]) -> Iterator[PastOrder]:
        """Each order has one trouble at most; the newest that fit are taken, since pages show those first."""
        left = {one.number: one for one in reversed(orders) if one.drawn.scene == RENTAL}
        kinds: list[tuple[int, Callable[[PastOrder], bool], Mend]] = [
            (CAUGHT_OFFLINE, self._could_meet_the_outage, self._caught_offline),
            (WAITING, lambda one: bool(one.coming) and bool(one.returns), self._waiting),
            (ONE_STATUS, lambda one: len(one.returns) > 3, _one_status),
            (BACKWARD, lambda one: self._rests(one) and one.statuses[-1] in AFTER_THE_LEASE, _backward),
            (LATE, lambda one: self._rests(one) and "IN_THE_LEASE" in one.statuses, _late),
            (MISSING, lambda one: "IN_THE_LEASE" in one.statuses, _missing),
        ]
        for most, fits, mend in kinds:
            wanted = max(1, round(most * self.share))
            for one in [one for one in left.values() if fits(one)][:wanted]:
                yield mend(left.pop(one.number))
        deaf = self.past.crowd.changing(Mood.DEAF)
        told = [one for one in left.values() if len(one.returns) > 2]
        for one, place in zip(told[:2], deaf, strict=False):
            yield replace(one, place=place)

    def _rests(self, one: PastOrder) -> bool:
        """So long that what came of it is past too."""
        latest = self.past.began_at - timedelta(hours=1)
        return bool(one.returns) and one.returns[-1].received_at < latest

    @property
    def _outage(self) -> tuple[datetime, datetime]:
        begins = datetime.combine(self.past.today - timedelta(days=1), OFFLINE_FROM, BEIJING)
        return begins, begins + timedelta(minutes=OFFLINE_MINUTES)

    def _could_meet_the_outage(self, one: PastOrder) -> bool:
        """Its next status may as well have come then."""
        return bool(one.returns and one.coming) and one.returns[-1].received_at < self._outage[0]

    def _caught_offline(self, one: PastOrder) -> PastOrder:
        begins, ends = self._outage
        at = begins + (ends - begins) * self.past.chance("offline", one.number).uniform(0.05, 0.95)
        caught = Return(one.coming[0], at, at + SECOND, refused=OFFLINE)
        return replace(one, returns=[*one.returns, caught], coming=())

    def _offline(self, one: PastOrder) -> PastOrder:
        begins, ends = self._outage
        during = [
            replace(each, refused=OFFLINE) if begins < each.received_at < ends else each
            for each in one.returns
        ]
        return replace(one, returns=during)

    def _waiting(self, one: PastOrder) -> PastOrder:
        at = self.past.began_at - 2 * SECOND
        return replace(
            one,
            returns=[*one.returns, Return(one.coming[0], at, at + SECOND, waits=True)],
            coming=one.coming[1:],
        )


def _missing(one: PastOrder) -> PastOrder:
    """Handed over in the shop whose till does not tell when."""
    told = (replace(each, stage=without(each.stage, "receiving_time")) for each in one.returns)
    return replace(one, returns=list(told))


def _one_status(one: PastOrder) -> PastOrder:
    return replace(one, returns=one.returns[:1], coming=())


def _backward(one: PastOrder) -> PastOrder:
    """Somebody opened the order again, and the lease began anew."""
    at = one.returns[-1].modified_at + timedelta(minutes=9)
    again = next(each.stage for each in one.returns if each.status == "IN_THE_LEASE")
    return replace(one, returns=[*one.returns, Return(again, at, at + SECOND)], coming=())


def _late(one: PastOrder) -> PastOrder:
    """The news that it was sent off came only after it was handed over."""
    place = one.statuses.index("IN_THE_LEASE")
    sent, handed_over = one.returns[place - 1], one.returns[place]
    knows = replace(handed_over.stage, fields={**sent.stage.fields, **handed_over.stage.fields})
    returns = [each for each in one.returns if each is not sent]
    returns[place - 1] = replace(handed_over, stage=knows)
    returns.insert(place, replace(sent, received_at=handed_over.received_at + timedelta(minutes=3)))
    return replace(one, returns=returns)


def without(stage: Stage, name: str) -> Stage:
    return replace(stage, fields={key: text for key, text in stage.fields.items() if key != name})
