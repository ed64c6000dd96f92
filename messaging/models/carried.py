"""What came of the coupon that the messages of a send carried."""

from __future__ import annotations

from django.db import models

from messaging.models.control import SendControl


class CarriedCount(models.Model):
    """People the send was accepted for who claimed its coupon afterwards, while it was shown. `used`: at
    least once, and not given back. Counted again and again by messaging.sends.carried_figures."""

    control = models.OneToOneField(
        SendControl, primary_key=True, on_delete=models.CASCADE, related_name="carried"
    )
    claimed = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.claimed} claimed, {self.used} used"
