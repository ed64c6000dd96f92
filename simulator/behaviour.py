"""How simulated people decide: plain functions of a seed, a person, a message and a moment.

Nothing is remembered here. Every decision is a hash of the seed and of what is decided, so the same seed
gives the same acts in whatever order they are asked for, and what somebody would have done without a message
is known as well.

Calibration. Quoted by the seed material: about 22 % of visitors trigger the subscription prompt at good
merchants and up to 65 %; up to 67 % subscribe long-term; 20 % and more come back through a message, in the
recommended scenes too; a coupon in the message adds 10 points of clicks; merchants with messages keep
11.86 points more. Everything else (hours, content, fatigue, annoyance, delays) is a SIM value.

The true effect. Whoever would have come within `window_days` anyhow opens the message with one probability,
whoever would not with another; the second is chosen so that a message adds exactly `true_effect` to the share
who come, at strength 1, and the first so that `recall_rate` of all who got it come through it.

Of those who open a message with a coupon `claim_rate` take it (SIM), and `use_rate` of what they took is paid
with (quoted: 12 to 17 %), more of it soon than late.
"""

import hashlib
import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from simulator.clock import DAY_SECONDS, beijing_day

HOUR_SECONDS = 3_600
# How many come by themselves at each hour of Beijing.
VISIT_HOURS = (2, 1, 1, 1, 1, 2, 5, 12, 22, 32, 38, 40, 44, 38, 34, 34, 34, 38, 44, 52, 56, 48, 28, 10)
# How a message fares that arrives at each hour; 1 is usual.
ARRIVAL_HOURS = (
    *(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.7, 0.9, 0.95, 1.0, 1.0),
    *(1.1, 1.0, 0.95, 0.95, 0.95, 1.0, 1.05, 1.1, 1.1, 1.05, 0.8, 0.6),
)
SCENES = {
    "订单服务": 1.15,
    "预约服务": 1.15,
    "会员权益": 1.1,
    "优惠券": 1.1,
    "商品服务": 1.05,
    "用户活跃": 0.95,
}
TEMPTING = re.compile("特价|限时|抢购|立减|免费|免租|满.{1,6}减|[0-9.]+ ?元|[0-9.]+ ?折")
LONG_VALUE_CHARS = 30
FATIGUE_FACTOR, LEAST_FATIGUE_FACTOR = 0.85, 0.3
IRRITATION_HALVES_DAYS = 3.0
MOST_LIKELY = 0.95
# Of those who leave: share who unsubscribe, then who mark the content; the others take no messages at all.
UNSUBSCRIBE_SHARE, NOT_INTERESTED_SHARE = 0.6, 0.25
PUSH_SHARE = 0.5
LATEST_OPENING_SECONDS = 3 * DAY_SECONDS
MORNING_HOUR = 8
MOST_UNITS = 5

_VISIT_STEPS = tuple(accumulate(weight / sum(VISIT_HOURS) for weight in VISIT_HOURS))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A place in the mini program that asks for up to three subscriptions of one kind. With a `touchpoint`
    the mini program also reports who saw the place and who was asked."""

    template_ids: tuple[str, ...] = ()
    touchpoint: str = ""
    trigger_rate: float = 0.22


@dataclass(frozen=True, slots=True)
class Habits:
    """One app's people. Shares from 0 to 1; `window_days` is what "came back" is measured over."""

    seed: int = 0
    recall_rate: float = 0.22
    coupon_lift: float = 0.10
    true_effect: float = 0.1186
    base_return: float = 0.25
    window_days: int = 7
    long_term_rate: float = 0.6
    one_time_rate: float = 0.5
    keep_rate: float = 0.1
    claim_rate: float = 0.6
    use_rate: float = 0.17
    annoyance: float = 1.0
    coupon_templates: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = field(default=(Prompt(),))

    @property
    def daily_visit(self) -> float:
        """Share of people who come by themselves on one day."""
        return 1 - (1 - self.base_return) ** (1 / self.window_days)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that reached somebody. `irritation` counts earlier messages, older ones less."""

    message_id: int
    open_id: str
    at: float
    scenario: str
    text: str
    coupon: bool
    push: bool
    irritation: float


@dataclass(frozen=True, slots=True)
class Reaction:
    """Unix seconds of the simulated clock, None where nothing happens. `effect` is the probability that this
    message brings somebody who would not have come: what a perfect experiment would measure."""

    opens_at: float | None
    through_push: bool
    leaves_at: float | None
    leaves_by: str
    effect: float


def chance(seed: int, what: str, who: object, about: object = "") -> float:
    """From 0 up to 1, always the same for the same arguments."""
    text = f"{seed}\n{what}\n{who}\n{about}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) * 2**-64


def trait(habits: Habits, name: str, open_id: str) -> float:
    """A person's own factor, 0.4 to 1.6 and 1 on average."""
    return 0.4 + 1.2 * chance(habits.seed, name, open_id)


def visits_a_day(habits: Habits, open_id: str) -> float:
    """How likely this person comes by themselves on a day."""
    return trait(habits, "activity", open_id) * habits.daily_visit


def own_visit(habits: Habits, open_id: str, day: int, *, rate: float) -> float | None:
    """When this person comes by themselves on that Beijing day (Unix seconds), or None. `rate` is
    `visits_a_day` of the person."""
    drawn = chance(habits.seed, "day", open_id, day)
    if drawn >= rate:
        return None
    share = drawn / rate
    hour = bisect_right(_VISIT_STEPS, share)
    before = _VISIT_STEPS[hour - 1] if hour else 0.0
    part = (share - before) / (_VISIT_STEPS[hour] - before)
    return midnight(day) + (hour + part) * HOUR_SECONDS


def midnight(day: int) -> float:
    return day * DAY_SECONDS - 8 * HOUR_SECONDS


def comes_anyhow(habits: Habits, open_id: str, at: float) -> tuple[bool, float]:
    """(whether this person comes by themselves within the window after `at`, how likely that was)."""
    first = beijing_day(at)
    until = at + habits.window_days * DAY_SECONDS
    rate = visits_a_day(habits, open_id)
    days = range(first, first + habits.window_days + 1)
    visits = (own_visit(habits, open_id, day, rate=rate) for day in days)
    comes = any(visit is not None and at < visit <= until for visit in visits)
    passed = _share_of_day(at - midnight(first))
    stays_away = (1 - rate * (1 - passed)) * (1 - rate) ** (habits.window_days - 1) * (1 - rate * passed)
    return comes, 1 - stays_away


def _share_of_day(seconds: float) -> float:
    hour = min(23, int(seconds // HOUR_SECONDS))
    before = _VISIT_STEPS[hour - 1] if hour else 0.0
    return before + (_VISIT_STEPS[hour] - before) * (seconds / HOUR_SECONDS - hour)


def recall(habits: Habits, arrival: Arrival) -> float:
    """How likely somebody comes through this message, over all people alike in everything but `open_id`."""
    hour = int((arrival.at - midnight(beijing_day(arrival.at))) // HOUR_SECONDS)
    tired = max(LEAST_FATIGUE_FACTOR, FATIGUE_FACTOR**arrival.irritation)
    usual = habits.recall_rate * SCENES.get(arrival.scenario, 1.0) * content_factor(arrival.text)
    return min(MOST_LIKELY, (usual + habits.coupon_lift * arrival.coupon) * ARRIVAL_HOURS[hour] * tired)


def content_factor(text: str) -> float:
    """`text`: the values of the keywords, one a line."""
    tempting = 1.1 if TEMPTING.search(text) else 1.0
    return tempting * (0.9 if any(len(value) > LONG_VALUE_CHARS for value in text.split("\n")) else 1.0)


def react(habits: Habits, arrival: Arrival) -> Reaction:
    seed, who, message = habits.seed, arrival.open_id, arrival.message_id
    likely = min(MOST_LIKELY, recall(habits, arrival) * trait(habits, "curiosity", who))
    strength = likely / habits.recall_rate if habits.recall_rate else 0.0
    comes, how_likely = comes_anyhow(habits, who, arrival.at)
    added = min(habits.true_effect * strength, 1 - how_likely)
    if comes:
        opening = strength * (habits.recall_rate - habits.true_effect) / habits.base_return
    else:
        opening = added / (1 - how_likely)
    opens = chance(seed, "open", who, message) < opening
    pushed = arrival.push and chance(seed, "push", who, message) < PUSH_SHARE
    leaves = chance(seed, "leave", who, message) < annoyed(habits, arrival, opens=opens)
    return Reaction(
        opens_at=_opening(habits, arrival, pushed=pushed) if opens else None,
        through_push=pushed,
        leaves_at=arrival.at + 60 + 1_740 * chance(seed, "pause", who, message) if leaves else None,
        leaves_by=_way_out(chance(seed, "way out", who, message)),
        effect=added,
    )


def annoyed(habits: Habits, arrival: Arrival, *, opens: bool) -> float:
    """How likely this message is one too many: 0.4 % for the first, doubled by each one before it."""
    milder = (0.5 if arrival.coupon else 1.0) * (0.3 if opens else 1.0)
    own = trait(habits, "patience", arrival.open_id)
    return min(MOST_LIKELY, habits.annoyance * 0.004 * 2.0 ** min(arrival.irritation, 20.0) * milder * own)


def _way_out(drawn: float) -> str:
    if drawn < UNSUBSCRIBE_SHARE:
        return "unsubscribe"
    return "not_interested" if drawn < UNSUBSCRIBE_SHARE + NOT_INTERESTED_SHARE else "reject_messages"


def _opening(habits: Habits, arrival: Arrival, *, pushed: bool) -> float:
    """Half within two hours, of pushes within twenty minutes; nobody opens before eight in the morning."""
    drawn = chance(habits.seed, "delay", arrival.open_id, arrival.message_id)
    delay = -math.log(1 - drawn) * (0.5 if pushed else 3.0) * HOUR_SECONDS
    at = arrival.at + min(delay, LATEST_OPENING_SECONDS)
    morning = midnight(beijing_day(at)) + MORNING_HOUR * HOUR_SECONDS
    return at if at >= morning else morning + drawn * 2 * HOUR_SECONDS


def irritation_after(level: float, seconds: float) -> float:
    """What is left of it so much later."""
    return level * 0.5 ** (seconds / (IRRITATION_HALVES_DAYS * DAY_SECONDS))


def prompt_seen(habits: Habits, visit: object) -> tuple[Prompt, bool]:
    """(the place this visit passes, whether it asks)."""
    which = int(chance(habits.seed, "place", visit) * len(habits.prompts))
    prompt = habits.prompts[which]
    return prompt, chance(habits.seed, "trigger", visit) < prompt.trigger_rate


def subscribes(habits: Habits, visit: object, template_id: str, *, long_term: bool) -> bool:
    rate = habits.long_term_rate if long_term else habits.one_time_rate
    return chance(habits.seed, "subscribe", visit, template_id) < rate


def keeps_answer(habits: Habits, visit: object) -> bool:
    """Whether who is asked wants no more questions; of each panel once, as its box is one for all."""
    return chance(habits.seed, "keep", visit) < habits.keep_rate


def claims(habits: Habits, open_id: str, message_id: int) -> bool:
    """Whether who opened this message takes the coupon it carries."""
    return chance(habits.seed, "claim", open_id, message_id) < habits.claim_rate


def pays_at(habits: Habits, voucher_id: str, begins_at: float, ends_at: float) -> float | None:
    """When this coupon is paid with (Unix seconds), half of them in the first eighth of its time; or None."""
    drawn = chance(habits.seed, "use", voucher_id)
    if drawn >= habits.use_rate:
        return None
    return begins_at + (ends_at - begins_at) * (drawn / habits.use_rate) ** 3


def bill(habits: Habits, voucher_id: str, floor: int) -> int:
    """What is paid for, in fen: one to three times what the coupon asks for, at least 20 yuan."""
    return round(max(floor, 2_000) * (1 + 2 * chance(habits.seed, "bill", voucher_id)))
