"""How fast a send would leave if it started as its draft says."""

from __future__ import annotations

from dataclasses import dataclass

from merchants import rate
from messaging import reports
from messaging.models import BatchSend


@dataclass(frozen=True)
class Pace:
    """`per_second`: messages of this send; 0 while its mini program is stopped and it would start now.

    For a start now: what holds at this moment, shared with `others` that go out too; `present` is that of the
    mini program. For a later start nobody knows either, so it is the full speed.
    """

    per_second: float
    is_now: bool
    is_stopped: bool
    is_slowed: bool
    present: float
    others: int

    @property
    def figure(self) -> str:
        return in_figures(self.per_second)

    @property
    def present_figure(self) -> str:
        return in_figures(self.present)


def pace_of(batch: BatchSend, *, is_now: bool) -> Pace:
    """One query and one question to Redis; without an answer the limit counts."""
    mini_program, own = batch.mini_program, batch.control.rate_per_second
    limit = float(mini_program.rate_per_second)
    try:
        present = rate.present_rate(mini_program)
    except rate.RateUnavailable:
        present = limit
    others = reports.sending_now(mini_program)
    # a limit of its own is spared up while others have their turn, so it is not shared
    share = present / (1 + others) if is_now else limit
    is_stopped = is_now and mini_program.stopped_at is not None
    return Pace(
        per_second=0.0 if is_stopped else min(share, float(own or share)),
        is_now=is_now,
        is_stopped=is_stopped,
        is_slowed=is_now and present < limit,
        present=present,
        others=others,
    )


def in_figures(per_second: float) -> str:
    """Whole messages, but below ten one decimal: 166, 0.5."""
    whole = per_second >= 10 or per_second.is_integer()
    return f"{int(per_second):,}" if whole else f"{per_second:.1f}"
