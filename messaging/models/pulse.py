"""What became of the last messages of a send, one letter each: what its breaker looks at."""

from __future__ import annotations

from django.db import models

from messaging.models.control import SendControl


class SendPulse(models.Model):
    """`recent`: the last 200 outcomes, the newest last, in the letters of messaging/engine/pulse.py.

    `refused_for` is the newest code (sub_code) that refused for a reason of the message or the mini program.
    A send without a row had no outcome since it last began or was resumed.
    """

    send = models.OneToOneField(SendControl, primary_key=True, on_delete=models.CASCADE, related_name="pulse")
    recent = models.CharField(max_length=200, blank=True)
    refused_for = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return f"pulse of send {self.send_id}: {self.recent}"
