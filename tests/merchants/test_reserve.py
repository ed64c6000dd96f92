"""What batches leave to single calls: set by compare-and-set, and held however greedy a batch is."""

import pytest

from merchants import rate
from merchants.models import Event, MiniProgram
from merchants.reserve import ReserveChanged, ReserveRefused, most_reserve, set_reserve
from tests import build
from tests.merchants.test_rate import let_pass


@pytest.fixture
def app(db: None) -> MiniProgram:
    return build.mini_program(build.merchant(), rate_per_second=100, reserve_per_second=20)


def test_a_batch_never_spends_it_while_a_single_call_gets_it_at_once(app: MiniProgram, clean_redis) -> None:
    set_reserve(app, by=build.user(), per_second=35, seen=20)
    rate.take_single(app)
    let_pass(clean_redis, 1)
    for _greedy in range(20):
        rate.take(app, send_id=3, want=1000, send_rate=None)
        let_pass(clean_redis, 0.05)
    rate.take(app, send_id=3, want=1000, send_rate=None)
    assert rate.take(app, send_id=4, want=1, send_rate=None) == 0
    assert rate.take_single(app, want=35) == 35


def test_without_one_a_batch_may_take_everything(app: MiniProgram, clean_redis) -> None:
    set_reserve(app, by=build.user(), per_second=0, seen=20)
    rate.take_single(app)
    let_pass(clean_redis, 1)
    assert rate.take(app, send_id=3, want=1000, send_rate=None) == 100


def test_it_is_half_of_the_limit_at_most(app: MiniProgram) -> None:
    assert most_reserve(app) == 50
    for wrong in (-1, 51):
        with pytest.raises(ReserveRefused):
            set_reserve(app, by=build.user(), per_second=wrong, seen=20)
    assert set_reserve(app, by=build.user(), per_second=50, seen=20)


def test_only_what_was_read_is_changed_and_each_change_is_recorded_once(app: MiniProgram) -> None:
    by = build.user()
    assert set_reserve(app, by=by, per_second=30, seen=20)
    assert not set_reserve(app, by=by, per_second=30, seen=30)
    with pytest.raises(ReserveChanged):
        set_reserve(app, by=by, per_second=40, seen=20)
    app.refresh_from_db()
    assert app.reserve_per_second == 30
    told = Event.objects.filter(kind="mini_program.reserve")
    assert [event.detail for event in told] == [{"before": 20, "after": 30}]
