"""How far the uploaded codes of a coupon are: one row a coupon, moved with its codes."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned


class CodeBook(MerchantOwned):
    """`uploaded` is also the number of the last code; what is neither deposited nor failed waits.

    `first` … `last` are the numbers of the batch under way, kept until each of its codes has an outcome: a
    repetition is the same batch with the same out_biz_no.
    """

    coupon = models.OneToOneField("coupons.Coupon", on_delete=models.CASCADE, related_name="code_book")
    uploaded = models.PositiveIntegerField(default=0)
    deposited = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    first = models.PositiveIntegerField(null=True)
    last = models.PositiveIntegerField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    call = models.ForeignKey("merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+")
    is_unsure = models.BooleanField(default=False)  # nobody answered the batch; the platform is to count
    counted = models.PositiveIntegerField(null=True)  # as the platform's last count told
    # another count than ours that a person took as right, and what was deposited since
    agreed = models.PositiveIntegerField(null=True)
    asked_total = models.PositiveIntegerField(default=0)  # deposited when stock was last asked for
    halted = models.CharField(max_length=80, blank=True)  # why a person has to look; nothing: it goes on
    words = models.CharField(max_length=400, blank=True)  # the platform's own
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(uploaded__gte=F("deposited") + F("failed")), name="coupon_codes_add_up"
            ),
            models.CheckConstraint(
                condition=Q(first=None, last=None) | Q(first__gte=1, last__gte=F("first")),
                name="coupon_codes_batch_has_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deposited} of {self.uploaded} codes"

    @property
    def waiting(self) -> int:
        return self.uploaded - self.deposited - self.failed
