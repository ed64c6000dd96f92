"""The shops' own system before a console that answers: every order and status it hands in is taken once."""

import json
import stat
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.demo import shop_files
from console.demo.order_paths import SCENES
from console.demo.shop_files import OpenOrder, ShopAccount, Shops, Till, read_till
from console.demo.shop_system import FEW, ShopSystem, decide
from merchants.models import ApiKey
from orders import choosing
from orders.models import Order, StatusChange
from tests import build

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
PEOPLE = [f"0001buyer{number:05d}" for number in range(30)]
ACCOUNTS = {slug: ShopAccount(f"20210041000{slug}", "sk", PEOPLE) for slug in ("yunduo", "qingcha")}
NOBODY = Shops("http://127.0.0.1:1/api/v1", 1.0, 7, ACCOUNTS)


@pytest.fixture
def shops(live_server: Any) -> Shops:
    accounts = {}
    for slug in ("yunduo", "qingcha"):
        app = build.mini_program(build.merchant(slug=slug))
        owner = build.user()
        for code in SCENES[slug]:
            choosing.choose(app, code, by=owner)
        _row, key = ApiKey.issue(mini_program=app, name="till", kind=ApiKey.Kind.SERVER, scopes=["orders"])
        accounts[slug] = ShopAccount(app.app_id, key, PEOPLE)
    return Shops(f"{live_server.url}/api/v1", 1.0, 7, accounts)


def act(var: Path, shops: Shops, times: int) -> list[str]:
    system = ShopSystem(var)
    said = [system.act(shops, now=NOW + timedelta(seconds=20 * number)) for number in range(times)]
    return [one for one in said if one]


@pytest.mark.django_db(transaction=True)
def test_all_that_is_handed_in_is_taken_and_goes_the_way_that_was_drawn(tmp_path: Path, shops: Shops) -> None:
    shop_files.begin_till(tmp_path, Till())
    assert act(tmp_path, shops, 60) == []
    till = read_till(tmp_path)
    assert till is not None and (till.acts, till.due) == (60, None)
    assert Order.objects.count() == till.made > 2 * FEW
    assert StatusChange.objects.count() == 60
    assert Order.objects.values("mini_program").distinct().count() == 2
    assert not StatusChange.objects.exclude(repeats=0).exists()
    moved = [order for order in Order.objects.all() if order.changes.count() > 1]
    assert moved and all(
        order.status_at == order.changes.latest("modified_at").modified_at for order in moved
    )


@pytest.mark.django_db(transaction=True)
def test_one_that_was_killed_before_it_knew_asks_the_same_again(tmp_path: Path, shops: Shops) -> None:
    shop_files.begin_till(tmp_path, Till())
    assert act(tmp_path, shops, 12) == []
    till = read_till(tmp_path)
    assert till is not None
    before = (Order.objects.count(), StatusChange.objects.count())
    till.due = decide(shops, till, now=NOW + timedelta(hours=1))
    shop_files.write_till(tmp_path, till)
    assert act(tmp_path, shops, 1) == []
    again = (Order.objects.count(), StatusChange.objects.count())
    assert again[1] == before[1] + 1
    shop_files.write_till(tmp_path, till)
    assert act(tmp_path, shops, 1) == []
    assert (Order.objects.count(), StatusChange.objects.count()) == again
    assert sum(StatusChange.objects.values_list("repeats", flat=True)) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_for_good_is_told_and_left(tmp_path: Path, shops: Shops) -> None:
    unknown = [OpenOrder(f"R{number}", [("IN_DELIVERY", {}), ("IN_THE_LEASE", {})]) for number in range(20)]
    shop_files.begin_till(tmp_path, Till(open={"yunduo": unknown, "qingcha": unknown}))
    said = act(tmp_path, shops, 8)
    assert said and all("was answered 404" in one for one in said)
    till = read_till(tmp_path)
    assert till is not None and till.due is None


def test_without_a_console_the_request_waits_and_stays_the_same(tmp_path: Path) -> None:
    shop_files.begin_till(tmp_path, Till())
    said = act(tmp_path, NOBODY, 3)
    assert len(said) == 3
    till = read_till(tmp_path)
    assert till is not None and till.acts == 1
    assert till.due is not None and till.due.body["orders"][0]["status"]["order_modified_time"].startswith(
        "2026-11-22T14:30:00"
    )


def test_the_same_seed_does_the_same_and_a_kept_till_is_read_as_it_was(tmp_path: Path) -> None:
    done = []
    for folder in ("one", "two"):
        till = Till()
        dues = [decide(NOBODY, till, now=NOW + timedelta(seconds=number)) for number in range(300)]
        shop_files.write_till(tmp_path / folder, till)
        assert read_till(tmp_path / folder) == till
        done.append([(one.slug, one.path, one.body) for one in dues])
    assert done[0] == done[1]
    kinds = Counter(path == "/orders" for _slug, path, _body in done[0])
    assert kinds[False] > 2 * kinds[True] > 50
    lives = Counter(one["shop"]["name"] for _slug, path, body in done[0] for one in body.get("orders", []))
    assert len(lives) == 3


def test_nobody_else_may_read_the_keys(tmp_path: Path) -> None:
    shop_files.write_shops(tmp_path, NOBODY)
    path = tmp_path / "demo" / shop_files.SHOPS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert shop_files.read_shops(tmp_path) == NOBODY
    assert json.loads(path.read_text("utf-8"))["accounts"]["yunduo"]["server_key"] == "sk"
    shop_files.write_shops(tmp_path, None)
    assert shop_files.read_shops(tmp_path) is None
