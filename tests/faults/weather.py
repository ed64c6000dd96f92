"""The weather of one storm, drawn from a seed: which blow falls when, and what the operator does meanwhile.

Pure: the same seed gives the same plan, and a plan can be printed.
STORM_SEED=n runs the storm of that seed, with STORM_SEEDS=m also those that follow.
"""

import os
import random
from dataclasses import dataclass

FULL = os.environ.get("PROOF_SIZE") == "full"
FIRST = int(os.environ.get("STORM_SEED") or 0)
SEEDS = int(os.environ.get("STORM_SEEDS") or (1 if "STORM_SEED" in os.environ else 50 if FULL else 6))

# What strikes a slot that has messages in flight; a storm that never did is void.
STRIKES = ("kill_slot", "freeze_slot", "kill_engine")
PROCESSES = (
    "stop_engine",
    "kill_default",
    "stop_default",
    "freeze_default",
    "kill_beat",
    "stop_beat",
    "freeze_beat",
)
SERVERS = ("empty_redis", "restart_redis", "restart_postgres", "kill_postgres")
GATEWAY = ("slow", "http_500", "silent_after_success", "bad_signature", "busy", "limit", "drop_before")
# What an operator does through the product's own functions; each is a method of Operator (operator.py).
MOVES = ("pause", "speed", "stop_mini_program")
LAST = ("cancel",)
GROUPS = ((STRIKES, 2), (PROCESSES, 2), (SERVERS, 1), (GATEWAY, 2), (MOVES, 2))
KINDS = frozenset(kind for group, _n in (*GROUPS, (LAST, 1)) for kind in group)

# Seconds: how long it lasts, at least and at most. A brake is held so long that a late request would be seen.
LASTS = {
    "freeze_slot": (0.5, 8.0),
    "freeze_default": (0.5, 4.0),
    "freeze_beat": (0.5, 4.0),
    "restart_redis": (0.3, 1.5),
    "restart_postgres": (0.2, 1.0),
    "kill_postgres": (0.2, 1.0),
    "pause": (3.2, 4.0),
    "stop_mini_program": (3.2, 4.0),
    "speed": (3.2, 4.5),
    **dict.fromkeys(GATEWAY, (1.0, 3.0)),
}
CANCEL_EVERY = 3  # one storm in so many ends by a cancel


@dataclass(frozen=True)
class Act:
    """It begins when `share` of the people with consent have an outcome; `seconds`: how long it lasts."""

    share: float
    kind: str
    seconds: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.share:4.0%} {self.kind}{lasts}"


@dataclass(frozen=True)
class Plan:
    seed: int
    acts: tuple[Act, ...]

    def __str__(self) -> str:
        return f"seed {self.seed}: " + ", ".join(str(act).strip() for act in self.acts)


def plan(seed: int) -> Plan:
    chance = random.Random(seed)
    kinds = [kind for group, n in GROUPS for kind in _dealt(group, seed, n)]
    chance.shuffle(kinds)
    shares = sorted(chance.uniform(0.03, 0.85) for _kind in kinds)
    if seed % CANCEL_EVERY == CANCEL_EVERY - 1:
        kinds.append("cancel")
        shares.append(0.9)
    acts = [Act(share, kind, _lasts(chance, kind)) for share, kind in zip(shares, kinds, strict=True)]
    return Plan(seed, tuple(acts))


def _dealt(group: tuple[str, ...], seed: int, n: int) -> list[str]:
    """Dealt from shuffled decks, one after the other, so that a few seeds in a row hold every kind."""
    return [_deck(group, place // len(group))[place % len(group)] for place in range(seed * n, seed * n + n)]


def _deck(group: tuple[str, ...], number: int) -> list[str]:
    return random.Random(f"{group[0]} {number}").sample(group, len(group))


def _lasts(chance: random.Random, kind: str) -> float:
    least, most = LASTS.get(kind, (0.0, 0.0))
    return round(chance.uniform(least, most), 1)
