"""A use of a merchant coupon, or the return of one, from the wish to what the platform made of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coupons.models.grant import CouponGrant, GrantEntry
from merchants.owned import MerchantOwned


class UseState(models.TextChoices):
    PENDING = "pending", _("The platform is being asked")
    ACCEPTED = "accepted", _("Done")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Outcome unknown")


# unknown -> pending: asked again under the same number, which the platform does once. refused -> accepted:
# its push tells of a use whose first attempt got no answer.
USE_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"accepted", "refused", "unknown"}),
    "unknown": frozenset({"pending", "accepted", "refused"}),
    "refused": frozenset({"accepted"}),
    "accepted": frozenset(),
}
OPEN_USES = ("pending", "unknown")  # they hold their times: nobody else may have them meanwhile


class CouponUse(MerchantOwned):
    """`request_no` is the caller's, `out_biz_no` ours to the platform: fixed before the call, the same at
    each repetition. `of` is the redemption that a return gives back; `entry` is what the ledger wrote once
    the platform had done it. Money in fen, null where nobody told.

    `push_key`: the platform's own event of this use, so that it counts once in whatever order the two come.
    """

    class Kind(models.TextChoices):
        REDEEM = "redeem", _("Use of a coupon")
        REVERT = "revert", _("Return of a use")

    class Channel(models.TextChoices):
        ALIPAY = "alipay", _("Alipay")
        WECHAT = "wechat", _("WeChat")
        OTHER = "other", _("Other")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(CouponGrant, on_delete=models.PROTECT, related_name="uses")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    of = models.ForeignKey(GrantEntry, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=UseState.choices, default=UseState.PENDING)
    request_no = models.CharField(max_length=80)
    out_biz_no = models.CharField(max_length=64)
    times = models.PositiveSmallIntegerField(default=1)
    order_no = models.CharField(max_length=64, blank=True)
    trade_no = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=6, choices=Channel.choices, default=Channel.OTHER)
    order_fen = models.BigIntegerField(null=True)  # the bill before the coupon; of a return what is undone
    saved_fen = models.BigIntegerField(null=True)
    paid_back_fen = models.BigIntegerField(null=True)  # of a return, as it was asked for
    # of a coupon for items: the lines of the bill, {id, name, price_fen (of one), quantity}
    goods = models.JSONField(default=list)
    store = models.ForeignKey("merchants.Store", null=True, on_delete=models.PROTECT, related_name="+")
    shop_id = models.CharField(max_length=64, blank=True)  # the store's, as the platform was told
    by = models.CharField(max_length=8, choices=GrantEntry.By.choices)
    user = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    call = models.ForeignKey("merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(GrantEntry, null=True, on_delete=models.PROTECT, related_name="+")
    push_key = models.CharField(max_length=120, blank=True)
    refusal = models.CharField(max_length=80, blank=True)  # the platform's sub_code
    words = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=UseState.values), name="coupon_use_state_known"),
            models.CheckConstraint(
                condition=Q(kind="redeem", of=None) | Q(kind="revert", of__isnull=False),
                name="coupon_use_return_is_of_a_use",
            ),
            models.CheckConstraint(condition=Q(times__gte=1), name="coupon_use_moves"),
            models.CheckConstraint(
                condition=Q(saved_fen=None) | Q(order_fen=None) | Q(order_fen__gte=F("saved_fen")),
                name="coupon_use_saves_at_most_the_bill",
            ),
            models.UniqueConstraint(fields=["merchant", "kind", "request_no"], name="coupon_use_asked_once"),
            models.UniqueConstraint(fields=["mini_program", "out_biz_no"], name="coupon_use_out_biz_no"),
            models.UniqueConstraint(
                fields=["merchant", "push_key"], name="coupon_use_pushed_once", condition=~Q(push_key="")
            ),
        ]
        indexes = [
            models.Index(fields=["grant", "-id"], name="coupon_use_of_grant"),
            models.Index(fields=["merchant", "-id"], name="coupon_use_unknown", condition=Q(state="unknown")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.request_no}"
