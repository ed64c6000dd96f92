"""Whose turn it is in a slot: single messages before batches, within bounds that keep both moving.

Single messages come first until they have had SINGLE_SECONDS since a batch was served; then a batch that
waits gets its turn. So a flood of single messages leaves batches at least every third second of each slot.
Among single messages the mini programs take turns: the flood of one delays those of another by one turn.
"""

from __future__ import annotations

from typing import Any

from messaging.models import SendControl, SendKind

SINGLE_SECONDS = 1.0
# For a statement that knows the send as s: what comes first is false.
ORDER = """(s.kind = 'single') <> %(singles_first)s,
    (s.kind = 'single' AND s.mini_program_id = ANY(%(had_turn)s))"""


class Turns:
    """What one slot remembers of the turns it gave."""

    def __init__(self) -> None:
        self.single_seconds = 0.0
        self.had_turn: list[int] = []  # mini programs whose single messages were served in this round

    def parameters(self) -> dict[str, Any]:
        return {"singles_first": self.single_seconds < SINGLE_SECONDS, "had_turn": self.had_turn}

    def had(self, control: SendControl, *, seconds: float) -> None:
        if control.kind != SendKind.SINGLE:
            self.single_seconds = 0.0
            return
        self.single_seconds += seconds
        if control.mini_program_id in self.had_turn:
            self.had_turn = []  # everybody who waits has had theirs
        self.had_turn.append(control.mini_program_id)
