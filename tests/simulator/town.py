"""A town without a wire: store and people in this process, the clock standing at ten in the morning."""

import asyncio
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from simulator.behaviour import Habits, midnight
from simulator.clock import Clock
from simulator.coupons import Coupons
from simulator.crowd import Crowd
from simulator.deliveries import Deliveries
from simulator.disk import Disk
from simulator.limits import Limits
from simulator.people import open_ids
from simulator.reports import Reports
from simulator.signals import Reporter
from simulator.signing import Keys
from simulator.store import STANDING, App, Person, Settings, Store, Template

DAY_SECONDS = 86_400
TEN = midnight(20_780) + 10 * 3_600
APP_ID = "2021000000000001"
DATA = '{"keyword1":{"value":"双周新机"},"keyword2":{"value":"点击消息参与"}}'


@cache
def keys() -> Keys:
    return Keys.generate()


class Town:
    """奖品上新通知, long-term, without push, is adopted; nobody subscribed yet, and no send is refused."""

    def __init__(self, *, people: int, **habits: Any) -> None:
        self.disk = Disk(Path(":memory:"))  # nothing here starts again, and fsync is slow
        self.store = Store(self.disk, seed=1, speed=None)
        self.store.coupons, self.store.deliveries = Coupons(self.store), Deliveries(self.store)
        self.store.clock = Clock(simulated=TEN, speed=0)
        self.app = App(APP_ID, Settings(industry="rental"), keys(), Limits())
        self.store.save_app(self.app)
        for number, open_id in enumerate(open_ids(APP_ID, 1, people)):
            self.store.save_person(self.app, open_id, Person(number, TEN, TEN))
        self.open_ids = list(self.app.people)
        self.template = Template("t1", "TM0010002", ("奖品名称", "参与方式"), TEN, TEN)
        self.store.save_template(self.app, self.template)
        self.crowd = Crowd(self.store, Reports(self.store, Reporter()))
        self._habits = {"seed": 5, **habits}
        self.let_act()

    def let_act(self, **habits: Any) -> None:
        """Anew, with other habits than before where they are given."""
        self._habits |= habits
        self.crowd.switch(self.app, Habits(**self._habits))

    def adopt(self, template_id: str, lib_code: str, keywords: tuple[str, ...]) -> Template:
        template = Template(template_id, lib_code, keywords, TEN, TEN)
        self.store.save_template(self.app, template)
        return template

    def send(self, open_ids: list[str], *, consent: bool = False) -> None:
        for open_id in open_ids:
            if consent:
                self.store.set_consent(self.app, self.template, open_id, STANDING)
            now = self.store.clock.now()
            self.store.deliver(self.app, self.template, open_id, data=DATA, page="pages/index", at=now)

    def live(self, days: float, steps: int = 1) -> None:
        """Let time pass, in one jump or several."""
        for _ in range(steps):
            self.store.move_clock(days * DAY_SECONDS / steps, None)
            asyncio.run(self.crowd.settle())

    def acts(self) -> list[tuple[float, str, str, str]]:
        rows = asyncio.run(self.disk.read("SELECT at, open_id, kind, detail FROM actions ORDER BY action_id"))
        return [(at, open_id, kind, detail) for at, open_id, kind, detail in rows]

    def who(self, *kinds: str) -> set[str]:
        return {open_id for _, open_id, kind, _ in self.acts() if kind in kinds}

    def counted(self) -> Counter[str]:
        return self.crowd.households[APP_ID].acts

    def true_effect(self) -> float:
        household = self.crowd.households[APP_ID]
        return household.effect / household.acts["message"]

    def close(self) -> None:
        asyncio.run(self.disk.close())
