"""Scripted trouble: what the platform does wrong, to whom, how often.

A `delay` adds to whatever else happens; of the other kinds the first rule that fires decides. Chance is
seeded.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = (
    "delay",
    "timeout_after_success",
    "drop_before",
    "http_500",
    "busy",
    "limit",
    "bad_signature",
    "sub_code",
    "down",
)
# Of notifications; `method` is then the kind of the notice.
NOTICE_KINDS = ("notice_late", "notice_shuffle", "notice_duplicate", "notice_bad_signature")
ALL_KINDS = (*KINDS, *NOTICE_KINDS)
NEEDS_SECONDS = ("delay", "timeout_after_success")
HOLD_SECONDS = 30.0
MAX_SECONDS = 3600
# Simulated seconds.
LATE_SECONDS, SHUFFLE_SECONDS, MAX_LATE_SECONDS = 600.0, 60.0, 30 * 86_400
MAX_COPIES = 10


class BadFault(ValueError):
    """The rule cannot be read; the text says what to send instead."""


@dataclass(slots=True)
class Fault:
    """`left` counts down to 0; None never ends. `value` is seconds, a sub_code, or "before" / "after"."""

    kind: str
    method: str
    rate: float
    left: int | None
    value: float | str | None
    app_id: str | None
    applied: int = field(default=0)

    def matches(self, method: str | None, app_id: str | None) -> bool:
        return self.left != 0 and self.method in ("*", method) and self.app_id in (None, app_id)

    @property
    def seconds(self) -> float:
        return self.number(HOLD_SECONDS)

    def number(self, usual: float) -> float:
        return float(self.value) if isinstance(self.value, int | float) else usual

    def use(self) -> None:
        self.applied += 1
        if self.left is not None:
            self.left -= 1


@dataclass(slots=True)
class Applied:
    """What is to happen to one request."""

    delay_seconds: float = 0.0
    fault: Fault | None = None

    @property
    def kind(self) -> str | None:
        if self.fault is not None:
            return self.fault.kind
        return "delay" if self.delay_seconds else None


@dataclass(slots=True)
class NoticeTrouble:
    """What is to happen to one notification; simulated seconds, and copies beside the one it owes."""

    late_seconds: float = 0.0
    shuffle_seconds: float = 0.0
    copies: int = 0
    bad_signature: bool = False


NOTHING = Applied()


class Faults:
    def __init__(self, seed: int) -> None:
        self._rules: list[Fault] = []
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def add(self, body: dict[str, Any]) -> Fault:
        rule = _parse(body)
        self._rules.append(rule)
        return rule

    def clear(self) -> int:
        number = len(self._rules)
        self._rules = []
        return number

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._rules]

    def active(self) -> int:
        return sum(rule.left != 0 for rule in self._rules)

    def for_request(self, method: str | None, app_id: str | None) -> Applied:
        if not self._rules:
            return NOTHING
        applied = Applied()
        for rule in self._firing(method, app_id, KINDS):
            if rule.kind == "delay":
                applied.delay_seconds += rule.seconds
            elif applied.fault is None:
                applied.fault = rule
            else:
                continue
            rule.use()
        return applied

    def for_notice(self, kind: str, app_id: str) -> NoticeTrouble:
        """All rules that fire add up."""
        trouble = NoticeTrouble()
        for rule in self._firing(kind, app_id, NOTICE_KINDS):
            if rule.kind == "notice_late":
                trouble.late_seconds += rule.number(LATE_SECONDS)
            elif rule.kind == "notice_shuffle":
                trouble.shuffle_seconds += rule.number(SHUFFLE_SECONDS)
            elif rule.kind == "notice_duplicate":
                trouble.copies += int(rule.number(1))
            else:
                trouble.bad_signature = True
            rule.use()
        return trouble

    def is_down(self) -> bool:
        """Whether a rule closes every connection before anything is read."""
        return any(
            rule.kind == "down" and rule.matches(None, None) and rule.rate >= 1 for rule in self._rules
        )

    def heads(self) -> bool:
        return self._chance.random() < 0.5

    def _firing(self, method: str | None, app_id: str | None, kinds: tuple[str, ...]) -> Iterator[Fault]:
        for rule in self._rules:
            if rule.kind not in kinds:
                continue
            if rule.matches(method, app_id) and (rule.rate >= 1 or self._chance.random() < rule.rate):
                yield rule


def _parse(body: dict[str, Any]) -> Fault:
    kind, value = body.get("kind"), body.get("value")
    if kind not in ALL_KINDS:
        raise BadFault(f"kind: use one of {', '.join(ALL_KINDS)}")
    rate, count = body.get("rate", 1), body.get("count")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise BadFault("rate: a number from 0 to 1")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise BadFault("count: a whole number from 1, or null for no end")
    _check_value(kind, value)
    method, app_id = body.get("method") or "*", body.get("app_id")
    if not isinstance(method, str) or not isinstance(app_id, str | None):
        raise BadFault("method and app_id: text, or left out for all")
    return Fault(kind, method, float(rate), count, value, app_id)


def _check_value(kind: str, value: Any) -> None:
    if kind in NEEDS_SECONDS:
        given = value if value is not None or kind == "delay" else HOLD_SECONDS
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= MAX_SECONDS:
            raise BadFault(f"value: seconds from 0 to {MAX_SECONDS} for {kind}")
    elif kind in NOTICE_KINDS:
        _check_notice_value(kind, value)
    elif kind == "sub_code":
        if not isinstance(value, str) or not value:
            raise BadFault("value: the sub_code to answer")
    elif kind == "http_500":
        if value not in (None, "before", "after"):
            raise BadFault('value: "before", "after" or left out for http_500')
    elif value is not None:
        raise BadFault(f"value: leave it out for {kind}")


def _check_notice_value(kind: str, value: Any) -> None:
    if value is None:
        return
    if kind == "notice_bad_signature":
        raise BadFault(f"value: leave it out for {kind}")
    whole = kind == "notice_duplicate"
    most = MAX_COPIES if whole else MAX_LATE_SECONDS
    if (
        isinstance(value, bool)
        or not isinstance(value, int if whole else int | float)
        or not 0 < value <= most
    ):
        what = "copies, a whole number" if whole else "simulated seconds, a number"
        raise BadFault(f"value: {what} above 0 and at most {most} for {kind}")
