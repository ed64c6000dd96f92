"""One message that a service provider writes once and launches for many merchants."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.batch import BatchSend
from messaging.models.templates import Kind


class JointSend(MerchantOwned):
    """What was written once; `merchant` is the provider. It has no state: its parts' sends have theirs."""

    name = models.CharField(max_length=80)
    library_code = models.CharField(max_length=64)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    template_name = models.CharField(max_length=80)
    form_token = models.UUIDField(unique=True)
    author = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["merchant", "-created_at"], name="joint_newest")]

    def __str__(self) -> str:
        return self.name


class JointPart(MerchantOwned):
    """One mini program's share; `merchant` is whose it is. `batch` is its own send, with its own books.

    `why_not`: a word of WhyNot, why it has none or why the last attempt to launch it came to nothing; a text
    that is missing is named by its keyword in `keyword`.
    """

    class WhyNot(models.TextChoices):
        NO_TEMPLATE = "no_template"
        NO_LIST = "no_list"
        NO_TEXT = "no_text"
        REFUSED = "refused"
        CHANGED = "changed"

    joint = models.ForeignKey(JointSend, on_delete=models.PROTECT, related_name="parts")
    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    batch = models.OneToOneField(BatchSend, null=True, on_delete=models.PROTECT, related_name="joint_part")
    why_not = models.CharField(max_length=11, choices=WhyNot.choices, blank=True)
    keyword = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["joint", "mini_program"], name="joint_part_once_per_mini_program")
        ]

    def __str__(self) -> str:
        return f"{self.mini_program_id} of {self.joint_id}"
