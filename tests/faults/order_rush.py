"""A rush of orders as merchants' own systems return them: shuffled, repeated, clashing, late and malformed.

The orders come from a seed. Clients hand them to the API over HTTP, in batches and singly, from several
threads, and keep every answer: what was taken, what only counted, what was refused and why.
"""

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from merchants import secrets
from merchants.models import Merchant, MiniProgram
from orders.scenes import SCENES, Scene
from tests import build, build_orders
from tests.simulator_process import SimulatorProcess

CREATED = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
PAGE = "pages/order/detail"
SHOPS, PEOPLE, BATCH, THREADS = 3, 40, 20, 4
Time = tuple[int, str, datetime]  # place of the shop, number of the order, modified time


@dataclass(frozen=True)
class Shop:
    merchant: Merchant
    app: MiniProgram
    key: str
    open_ids: Sequence[str]


@dataclass(frozen=True)
class Given:
    """One status of one order. `whole`: with the order around it; else alone, and only once it is known."""

    shop: int
    number: str
    person: int
    scene: str
    status: str
    at: datetime
    fields: dict[str, str]
    whole: bool

    @property
    def time(self) -> Time:
        return self.shop, self.number, self.at

    def change(self) -> dict[str, Any]:
        return {"status": self.status, "order_modified_time": self.at.isoformat()}

    def order(self, shop: Shop) -> dict[str, Any]:
        return {
            "out_biz_no": self.number,
            "open_id": shop.open_ids[self.person],
            "scene": self.scene,
            "page": PAGE,
            "order_created_at": CREATED.isoformat(),
            "fields": self.fields,
            "status": self.change(),
        }


@dataclass
class Rush:
    """`first` comes in any order, `late` after it. `complete`: numbers whose messages lack no field."""

    first: list[Given] = field(default_factory=list)
    late: list[Given] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)


def rush(seed: int, orders: int) -> Rush:
    """Pure: the same seed gives the same statuses in the same order."""
    chance, drawn = random.Random(seed), Rush()
    scenes = list(SCENES.values())
    for n in range(orders):
        scene = scenes[n % len(scenes)]
        number, fields = f"S{seed}-{n:06d}", {}
        if not scene.field_names or chance.random() < 0.8:
            drawn.complete.add(number)
            fields = {name: "12.00" for name in scene.field_names}
        shop, person = n % SHOPS, chance.randrange(PEOPLE)
        one = Given(shop, number, person, scene.code, "", CREATED, fields, whole=True)
        _draw(drawn, chance, scene, one)
    chance.shuffle(drawn.first)
    chance.shuffle(drawn.late)
    return drawn


def _draw(drawn: Rush, chance: random.Random, scene: Scene, one: Given) -> None:
    path = list(_path(chance, scene))
    for place, status in enumerate(path):
        at = CREATED + timedelta(seconds=60 * (place + 1), milliseconds=chance.randrange(1000))
        good = replace(one, status=status, at=at, whole=place == 0 or chance.random() < 0.5)
        drawn.first.append(good)
        if chance.random() < 0.15:
            drawn.first.append(good)
        if chance.random() < 0.08:
            others = [node.status for node in scene.nodes if node.status != status]
            drawn.first.append(replace(good, status=chance.choice(others)))
        if chance.random() < 0.05:
            drawn.first.append(replace(good, status="NO_SUCH_STATUS"))
    if chance.random() < 0.15:
        at = CREATED + timedelta(seconds=30)
        drawn.late.append(replace(one, status=path[0], at=at, whole=chance.random() < 0.5))


def _path(chance: random.Random, scene: Scene) -> Iterator[str]:
    """One to three statuses that may follow each other."""
    now = chance.choice(scene.nodes)
    yield now.status
    for _step in range(chance.randrange(3)):
        following = scene.followers(now.status)
        if not following:
            return
        now = chance.choice(following)
        yield now.status


@dataclass
class Books:
    """What the API answered: each status handed in stands in exactly one of the three."""

    taken: dict[Time, str] = field(default_factory=dict)
    repeated: Counter[Time] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, given: Given, answer: str, reason: str = "") -> None:
        with self.lock:
            if answer == "taken":
                assert given.time not in self.taken, f"{given} was taken twice"
                self.taken[given.time] = given.status
            elif answer == "repeated":
                self.repeated[given.time] += 1
            else:
                self.refused[reason] += 1

    @property
    def total(self) -> int:
        return len(self.taken) + self.repeated.total() + self.refused.total()


@dataclass
class Clients:
    """Several threads of the merchants' systems; `raised` is what one of them could not account for."""

    url: str
    shops: Sequence[Shop]
    books: Books = field(default_factory=Books)
    raised: list[BaseException] = field(default_factory=list)

    def hand_in(self, given: Sequence[Given]) -> list[threading.Thread]:
        """Begins; whoever joins the threads finds every one of `given` in the books, or `raised`."""
        left, lock = deque(given), threading.Lock()
        threads = [threading.Thread(target=self._work, args=(left, lock, n)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, left: deque[Given], lock: threading.Lock, n: int) -> None:
        chance = random.Random(n)
        try:
            while True:
                with lock:
                    some = [left.popleft() for _one in range(min(len(left), chance.choice((1, 1, BATCH))))]
                if not some:
                    return
                unknown = self._post(some)
                with lock:
                    left.extend(unknown)
        except BaseException as error:  # a thread has nobody to tell
            self.raised.append(error)

    def _post(self, some: Sequence[Given]) -> list[Given]:
        """Those whose order the console does not know yet: they come back later."""
        unknown = [one for one in some if not one.whole and not self._alone(one)]
        for place, shop in enumerate(self.shops):
            whole = [one for one in some if one.whole and one.shop == place]
            if not whole:
                continue
            body = {"app_id": shop.app.app_id, "orders": [one.order(shop) for one in whole]}
            status, answer = self._ask(shop, "/api/v1/orders", body)
            assert status == 200, (status, answer)
            for one, said in zip(whole, answer["results"], strict=True):
                self.books.note(one, said["order_status"] or said["status"], said["reason"])
        return unknown

    def _alone(self, one: Given) -> bool:
        shop = self.shops[one.shop]
        status, answer = self._ask(shop, f"/api/v1/orders/{one.number}/status", one.change())
        if status == 404:
            time.sleep(0.01)
            return False
        assert status in (200, 409, 422), (status, answer)
        self.books.note(one, answer.get("status") if status == 200 else "refused", str(status))
        return True

    def _ask(self, shop: Shop, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {shop.key}", "Content-Type": "application/json"}
        while True:
            request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as refused:
                with refused:
                    if refused.code != 429:  # too many a second; nothing was read
                        return refused.code, json.load(refused)
                self.books.waits["429"] += 1
                time.sleep(0.3)


def open_shops(simulator: SimulatorProcess) -> list[Shop]:
    return [_open_shop(simulator) for _shop in range(SHOPS)]


def _open_shop(simulator: SimulatorProcess) -> Shop:
    made = simulator.post("/sim/apps", {"industry": "rental"})
    owner = build.merchant()
    app = build.mini_program(
        owner,
        app_id=made["app_id"],
        app_private_key_sealed=secrets.encrypt(made["app_private_key"]),
        alipay_public_key=made["alipay_public_key"],
        rate_per_second=500,
    )
    build_orders.chosen(app, *SCENES)
    open_ids = simulator.post("/sim/people", {"app_id": app.app_id, "count": PEOPLE, "seed": 7})["open_ids"]
    return Shop(owner, app, build.api_key(app, scopes=["orders"]), open_ids)
