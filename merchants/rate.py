"""Token buckets in Redis: every gateway call takes a token first, and with Redis away nothing leaves.

One bucket per mini program and one per send, each a hash, changed only by the scripts below, by Redis's own
clock. A bucket is created empty, so emptying Redis never grants a burst: in any t seconds at most
rate × t + max(1, rate × 1 s) tokens are granted. A part of the mini program's bucket is a reserve that sends
cannot spend; single messages and outbox calls can.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

if TYPE_CHECKING:
    from merchants.models import MiniProgram

SOCKET_TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 0.05

# `factor` is the share of the limit that holds now: halved by Busy, growing by 5 % of the limit a second.
# Numbers are written with a format: Lua's own turns a time in microseconds into 14 digits.
_BUCKET = """
local RECOVERY, IDLE_SECONDS, MICRO = 0.05, 3600, 1000000
local clock = redis.call('TIME')
local now = clock[1] * MICRO + clock[2]

local function open(key, limit)
  local kept = redis.call('HMGET', key, 'tokens', 'at', 'factor', 'slowed_at')
  local bucket = {key = key, limit = limit, tokens = tonumber(kept[1] or 0), at = tonumber(kept[2] or now),
                  factor = tonumber(kept[3] or 1), slowed_at = tonumber(kept[4] or 0)}
  local passed = math.max(0, now - bucket.at) / MICRO
  local rising = math.min(passed, (1 - bucket.factor) / RECOVERY)
  local grown = bucket.factor * rising + RECOVERY * rising * rising / 2 + (passed - rising)
  bucket.factor = math.min(1, bucket.factor + RECOVERY * rising)
  bucket.tokens = bucket.tokens + limit * grown
  return bucket
end

local function capacity(bucket)
  return math.max(1, bucket.limit * bucket.factor)
end

local function close(bucket)
  redis.call('HSET', bucket.key,
    'tokens', string.format('%.9f', math.min(bucket.tokens, capacity(bucket))),
    'at', string.format('%.0f', now), 'factor', string.format('%.9f', bucket.factor),
    'slowed_at', string.format('%.0f', bucket.slowed_at))
  redis.call('EXPIRE', bucket.key, IDLE_SECONDS)
end
"""
# KEYS: mini program's bucket, perhaps a send's. ARGV: want, limit, reserve, limit of the send.
_TAKE = (
    _BUCKET
    + """
local app = open(KEYS[1], tonumber(ARGV[2]))
local room = capacity(app)
local reserve = math.min(tonumber(ARGV[3]), math.floor(room / 2))
local granted = math.min(tonumber(ARGV[1]), math.min(app.tokens, room) - reserve)
local send = nil
if KEYS[2] then
  send = open(KEYS[2], tonumber(ARGV[4]))
  granted = math.min(granted, send.tokens, capacity(send))
end
granted = math.max(0, math.floor(granted))
for _, bucket in ipairs({app, send}) do
  bucket.tokens = math.min(bucket.tokens, capacity(bucket)) - granted
  close(bucket)
end
return granted
"""
)
# KEYS as above. ARGV: how many, then the limit of each. A bucket that is gone stays gone: a new one is empty.
_GIVE_BACK = (
    _BUCKET
    + """
for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    local bucket = open(key, tonumber(ARGV[i + 1]))
    bucket.tokens = bucket.tokens + tonumber(ARGV[1])
    close(bucket)
  end
end
"""
)
# At most once a second: the answers of one wave come together and tell of one condition.
_SLOW_DOWN = (
    _BUCKET
    + """
local app = open(KEYS[1], tonumber(ARGV[1]))
if now < app.slowed_at or now - app.slowed_at >= MICRO then
  app.factor = app.factor / 2
  app.slowed_at = now
end
close(app)
return string.format('%.9f', app.limit * app.factor)
"""
)
_PRESENT_RATE = (
    _BUCKET
    + """
local app = open(KEYS[1], tonumber(ARGV[1]))
return string.format('%.9f', app.limit * app.factor)
"""
)


class RateUnavailable(Exception):
    """Redis is away or does not answer: no token, so no call."""


def connection() -> redis.Redis:
    """This process's client. Quick to fail: one second for anything, no retry but for a stale connection."""
    return _connection(settings.REDIS_URL)


def take(
    mini_program: MiniProgram,
    *,
    send_id: int | None,
    want: int,
    send_rate: float | None,
    reserve: bool = True,
) -> int:
    """How many tokens are granted now, 0 to `want`, from both buckets in one step.

    `send_rate` is messages/s, None for no limit. A send (`send_id` given) leaves the reserve
    untouched. Raises RateUnavailable.
    """
    keys, limits = _buckets(mini_program, send_id=send_id, send_rate=send_rate)
    kept = mini_program.reserve_per_second if reserve and send_id is not None else 0
    return int(_run(_TAKE, keys, [want, limits[0], kept, *limits[1:]]))


def take_single(mini_program: MiniProgram, want: int = 1) -> int:
    """Tokens for single messages and outbox calls, which may use the reserve. Raises RateUnavailable."""
    return take(mini_program, send_id=None, want=want, send_rate=None, reserve=False)


def wait_for_token(mini_program: MiniProgram, seconds: float) -> bool:
    """One token for a single call, waiting at most `seconds`. Raises RateUnavailable."""
    deadline = time.monotonic() + seconds
    while not take_single(mini_program):
        if time.monotonic() + POLL_SECONDS > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def give_back(
    mini_program: MiniProgram, unused: int, *, send_id: int | None = None, send_rate: float | None = None
) -> None:
    """Returns tokens that no call used, never above a second's worth. Raises RateUnavailable."""
    keys, limits = _buckets(mini_program, send_id=send_id, send_rate=send_rate)
    if unused > 0:
        _run(_GIVE_BACK, keys, [unused, *limits])


def slow_down(mini_program: MiniProgram) -> float:
    """After Busy: halves the rate, at most once a second. Returns calls/s that hold now.

    Raises RateUnavailable.
    """
    keys, limits = _buckets(mini_program, send_id=None, send_rate=None)
    return float(_run(_SLOW_DOWN, keys, limits))


def present_rate(mini_program: MiniProgram) -> float:
    """Calls/s that hold now: the limit, or less after Busy. Raises RateUnavailable."""
    keys, limits = _buckets(mini_program, send_id=None, send_rate=None)
    return float(_run(_PRESENT_RATE, keys, limits))


def _buckets(
    mini_program: MiniProgram, *, send_id: int | None, send_rate: float | None
) -> tuple[list[str], list[float]]:
    """Keys and limits. The braces keep both keys on one node of a Redis cluster, which a script needs."""
    keys, limits = [f"rate:{{{mini_program.pk}}}:app"], [float(mini_program.rate_per_second)]
    if send_id is not None and send_rate is not None:
        keys.append(f"rate:{{{mini_program.pk}}}:send:{send_id}")
        limits.append(float(send_rate))
    return keys, limits


def _run(script: str, keys: list[str], arguments: list[Any]) -> Any:
    try:
        return _script(settings.REDIS_URL, script)(keys=keys, args=arguments)
    except redis.RedisError as error:
        raise RateUnavailable(f"Redis did not grant tokens, so nothing leaves: {error}") from error


@lru_cache(maxsize=64)
def _script(url: str, body: str) -> Script:
    return _connection(url).register_script(body)


@lru_cache(maxsize=8)
def _connection(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        # once, and only for a refused or broken connection: after a restart the pool's connections are dead
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
