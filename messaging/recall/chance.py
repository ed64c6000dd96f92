"""What a share of few people can tell: Wilson's interval, and how many people a claim needs."""

from __future__ import annotations

from math import sqrt

Z_95, Z_99 = 1.96, 2.576
# With this many, a rate near 20 % is known to about 5 points either way (95 %).
ENOUGH_PEOPLE = 250


def interval(hits: int, people: int, *, z: float = Z_95) -> tuple[float, float]:
    """Bounds of the true share, 0…1. Without people it may be anything."""
    if people <= 0:
        return 0.0, 1.0
    share = min(hits / people, 1.0)
    spread = z * sqrt(share * (1 - share) / people + z * z / (4 * people * people))
    middle = share + z * z / (2 * people)
    whole = 1 + z * z / people
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def missing(people: int) -> int:
    """How many people are still needed before a rate is compared with another; 0: enough."""
    return max(0, ENOUGH_PEOPLE - people)


def differs(hits: int, people: int, other_hits: int, other_people: int) -> bool:
    """Whether two rates differ by more than chance explains: the 95 % interval of it excludes 0."""
    if not people or not other_people:
        return False
    low, high = interval(hits, people)
    other_low, other_high = interval(other_hits, other_people)
    share, other = min(hits / people, 1.0), min(other_hits / other_people, 1.0)
    # Newcombe's interval for a difference, from the two Wilson intervals
    below = sqrt((share - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - share) ** 2 + (other - other_low) ** 2)
    return share - other - below > 0 or share - other + above < 0
