"""The books of one mini program for one Beijing month: figures kept with the row; no page counts."""

from __future__ import annotations

from django.db import models

from merchants.owned import MerchantOwned


class MonthBooks(MerchantOwned):
    """People and units by the month of their send, consent by the month of its ledger line.

    frozen = accepted + refused + unknown + skipped + waiting, summed over the sends of the month. `balance`:
    all balances as they stood at `computed_at`, only on the newest month. `closed_at`: the month is over and
    none of its sends is open. `archived_at`: its deliveries are no longer in the ledger, and only consent
    reported late with an old time still changes a figure; `archive_table` keeps them, blank where dropped.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.CASCADE, related_name="+")
    month = models.DateField()  # its first day
    sends = models.PositiveIntegerField(default=0)
    open_sends = models.PositiveIntegerField(default=0)
    differing_sends = models.PositiveIntegerField(default=0)
    frozen = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    decided = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    waiting = models.BigIntegerField(default=0)  # queued or in flight
    skipped_by = models.JSONField(default=dict)  # {reason: people}
    units_spent = models.BigIntegerField(default=0)
    granted = models.BigIntegerField(default=0)
    revoked = models.BigIntegerField(default=0)
    balance = models.BigIntegerField(null=True)
    computed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    archive_table = models.CharField(max_length=63, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mini_program", "month"], name="month_books_once")]
        indexes = [models.Index(fields=["merchant", "-month"], name="month_books_newest")]

    def __str__(self) -> str:
        return f"books of {self.mini_program_id} for {self.month:%Y-%m}"

    @property
    def settled(self) -> int:
        """What the states add up to: equal to `frozen` when the counters are whole."""
        return self.accepted + self.refused + self.unknown + self.skipped + self.waiting

    @property
    def undecided(self) -> int:
        return self.unknown - self.decided
