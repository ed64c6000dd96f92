import socket
import tempfile
from pathlib import Path

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from merchants import rate
from merchants.models import MiniProgram


def an_app(per_second: int = 100, reserve: int = 0) -> MiniProgram:
    return MiniProgram(pk=7, rate_per_second=per_second, reserve_per_second=reserve)


def let_pass(client, seconds: float) -> None:
    """Moves every bucket into the past, which for the scripts is the same as time passing."""
    for key in client.scan_iter("rate:*"):
        for field in ("at", "slowed_at"):
            client.hincrby(key, field, -round(seconds * 1_000_000))


def moment(client) -> float:
    seconds, micro = client.time()
    return seconds + micro / 1e6


def test_a_new_bucket_is_empty(clean_redis):
    assert rate.take_single(an_app(), want=50) == 0


def test_it_fills_at_the_rate_of_the_mini_program(clean_redis):
    app = an_app(per_second=1)
    rate.take_single(app)
    let_pass(clean_redis, 0.5)
    assert rate.take_single(app) == 0
    let_pass(clean_redis, 0.5)
    assert rate.take_single(app) == 1


def test_a_long_rest_gives_one_second_of_burst(clean_redis):
    app = an_app(per_second=40)
    rate.take_single(app)
    let_pass(clean_redis, 3000)
    assert rate.take_single(app, want=1000) == 40


def test_a_rate_below_one_a_second_still_gets_whole_tokens(clean_redis):
    app = an_app(per_second=1000)
    rate.take(app, send_id=3, want=5, send_rate=0.25)
    let_pass(clean_redis, 3.9)
    assert rate.take(app, send_id=3, want=5, send_rate=0.25) == 0
    let_pass(clean_redis, 0.2)
    assert rate.take(app, send_id=3, want=5, send_rate=0.25) == 1


def test_the_slower_of_both_buckets_decides_and_both_pay(clean_redis):
    app = an_app(per_second=100)
    rate.take(app, send_id=3, want=1, send_rate=10)
    let_pass(clean_redis, 1)
    assert rate.take(app, send_id=3, want=64, send_rate=10) == 10
    assert 89 <= rate.take_single(app, want=100) <= 91


def test_a_send_leaves_the_reserve_and_a_single_call_may_spend_it(clean_redis):
    app = an_app(per_second=100, reserve=20)
    rate.take_single(app)
    let_pass(clean_redis, 1)
    assert rate.take(app, send_id=3, want=1000, send_rate=None) == 80
    assert rate.take_single(app, want=20) == 20


def test_a_reserve_larger_than_the_rate_does_not_starve_sends(clean_redis):
    app = an_app(per_second=4, reserve=20)
    rate.take_single(app)
    let_pass(clean_redis, 1)
    assert rate.take(app, send_id=3, want=4, send_rate=None) == 2


def test_emptying_redis_grants_no_burst(clean_redis):
    app = an_app(per_second=500)
    rate.take_single(app)
    let_pass(clean_redis, 1)
    assert rate.take_single(app, want=100) == 100
    clean_redis.flushdb()
    assert rate.take_single(app, want=500) == 0


def test_unused_tokens_come_back_to_both_buckets(clean_redis):
    app = an_app(per_second=1)
    rate.take(app, send_id=3, want=1, send_rate=1)
    let_pass(clean_redis, 1)
    assert rate.take(app, send_id=3, want=1, send_rate=1) == 1
    rate.give_back(app, 1, send_id=3, send_rate=1)
    assert rate.take(app, send_id=3, want=1, send_rate=1) == 1


def test_tokens_given_back_to_an_emptied_redis_are_gone(clean_redis):
    app = an_app(per_second=1)
    rate.give_back(app, 30)
    assert rate.take_single(app) == 0
    assert not clean_redis.exists("rate:{7}:send:3")


def test_giving_back_nothing_changes_nothing(clean_redis):
    rate.give_back(an_app(), 0)
    assert clean_redis.keys("rate:*") == []


def test_busy_halves_the_rate_once_a_second_however_many_answers_say_it(clean_redis):
    app = an_app(per_second=400)
    for _answer in range(32):
        rate.slow_down(app)
    assert 200 <= rate.present_rate(app) < 400
    let_pass(clean_redis, 1)
    assert rate.slow_down(app) == pytest.approx((0.55 * 400) / 2, rel=0.1)


def test_the_rate_recovers_by_a_twentieth_of_the_limit_a_second(clean_redis):
    app = an_app(per_second=400)
    rate.slow_down(app)
    let_pass(clean_redis, 4)
    assert 280 <= rate.present_rate(app) < 400
    let_pass(clean_redis, 6)
    assert rate.present_rate(app) == 400


def test_a_slowed_bucket_holds_and_fills_less(clean_redis):
    app = an_app(per_second=400)
    rate.take_single(app)
    let_pass(clean_redis, 10)
    rate.slow_down(app)
    granted = rate.take_single(app, want=1000)
    assert 200 <= granted < 400


def test_the_slowness_ends_with_the_limit_the_operator_set(clean_redis):
    app = an_app(per_second=400)
    rate.slow_down(app)
    app.rate_per_second = 10
    assert 5 <= rate.present_rate(app) < 10


def test_two_mini_programs_do_not_share_a_bucket(clean_redis):
    app, other = an_app(1), MiniProgram(pk=8, rate_per_second=1, reserve_per_second=0)
    rate.take_single(app), rate.take_single(other)
    let_pass(clean_redis, 1)
    assert (rate.take_single(app), rate.take_single(other)) == (1, 1)


def test_buckets_are_forgotten_after_an_hour(clean_redis):
    rate.take(an_app(), send_id=3, want=1, send_rate=5)
    assert {0 < clean_redis.ttl(key) <= 3600 for key in clean_redis.keys("rate:*")} == {True}


def test_waiting_for_a_token_gives_up(clean_redis):
    app = an_app(per_second=1)
    rate.take(app, send_id=None, want=1, send_rate=None)
    assert not rate.wait_for_token(app, 0)


def test_waiting_for_a_token_gets_one(clean_redis):
    assert rate.wait_for_token(an_app(per_second=50), 30)


def test_scripts_lost_in_a_restart_are_loaded_again(clean_redis):
    rate.take_single(an_app())
    clean_redis.script_flush()
    assert rate.take_single(an_app(), want=0) == 0


def test_without_redis_nothing_is_granted():
    with override_settings(REDIS_URL="unix:///nowhere/redis.sock"):
        for ask in (rate.take_single, rate.slow_down, rate.present_rate):
            with pytest.raises(rate.RateUnavailable):
                ask(an_app())


def test_a_redis_that_does_not_answer_is_away_too():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        path = Path(folder) / "s"
        silent.bind(str(path))
        silent.listen()
        with override_settings(REDIS_URL=f"unix://{path}"), pytest.raises(rate.RateUnavailable):
            rate.take_single(an_app())


step = st.one_of(
    st.tuples(st.just("pass"), st.floats(0, 3)),
    st.tuples(st.just("single"), st.integers(1, 64)),
    st.tuples(st.just("send"), st.integers(1, 64)),
    st.tuples(st.just("slow"), st.just(0)),
    st.tuples(st.just("flush"), st.just(0)),
)


@limits(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(per_second=st.integers(1, 300), steps=st.lists(step, max_size=40))
def test_never_more_than_rate_times_time_plus_a_second(clean_redis, per_second, steps):
    clean_redis.flushdb()
    app = an_app(per_second, reserve=20)
    started, skipped, granted = moment(clean_redis), 0.0, 0
    for kind, amount in steps:
        if kind == "pass":
            let_pass(clean_redis, amount)
            skipped += amount
        elif kind == "single":
            granted += rate.take_single(app, want=amount)
        elif kind == "send":
            granted += rate.take(app, send_id=1, want=amount, send_rate=None)
        elif kind == "slow":
            rate.slow_down(app)
        else:
            clean_redis.flushdb()
    elapsed = moment(clean_redis) - started + skipped
    assert granted <= per_second * elapsed + 1e-6
