"""One coupon in one customer's hands, and every movement of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from coupons.models.coupon import Coupon
from merchants.owned import MerchantOwned


class Source(models.TextChoices):
    """How it came to the customer."""

    CLAIM = "claim", _("Claimed on the platform")
    DIRECT = "direct", _("Given to one person")
    BATCH = "batch", _("Batch issue")
    JOIN_GIFT = "join_gift", _("Join gift")


class GrantState(models.TextChoices):
    SENDING = "sending", _("Being issued")
    CLAIMED = "claimed", _("Usable")
    PARTLY_USED = "partly_used", _("Partly redeemed")
    REDEEMED = "redeemed", _("Redeemed")
    REVERTED = "reverted", _("Returned, usable")
    EXPIRED = "expired", _("Expired")
    INVALIDATED = "invalidated", _("Invalidated")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Outcome unknown")


# A coupon given back after its last day is expired at once. expired → redeemed and so on: an event that
# happened before the last day and came later; what happened wins over what we assumed.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "sending": frozenset({"claimed", "refused", "unknown"}),
    "unknown": frozenset({"claimed", "refused"}),
    "refused": frozenset(),
    "claimed": frozenset({"partly_used", "redeemed", "expired", "invalidated"}),
    "partly_used": frozenset({"claimed", "redeemed", "reverted", "expired", "invalidated"}),
    "redeemed": frozenset({"partly_used", "reverted", "expired"}),
    "reverted": frozenset({"partly_used", "redeemed", "expired", "invalidated"}),
    "expired": frozenset({"partly_used", "redeemed"}),
    "invalidated": frozenset(),
}
USABLE = ("claimed", "partly_used", "reverted")


class CouponRun(MerchantOwned):
    """A batch issue of one coupon to a people list.

    States: preparing (rows are made) -> issuing -> finished; issuing <-> paused; preparing, issuing, paused
    -> cancelled (what has not left stays with the merchant). Finished: each row has an outcome.
    """

    class State(models.TextChoices):
        PREPARING = "preparing", _("Preparing")
        ISSUING = "issuing", _("Being issued")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="runs")
    people_list = models.ForeignKey("membership.PeopleList", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PREPARING)
    people = models.PositiveIntegerField(default=0)
    paused_because = models.CharField(max_length=80, blank=True)  # a sub_code, or nothing: a person did
    form_token = models.UUIDField(unique=True)
    author = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["preparing", "issuing", "paused", "finished", "cancelled"]),
                name="coupon_run_state_known",
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at"], name="coupon_run_newest"),
            models.Index(
                fields=["id"], name="coupon_run_open", condition=Q(state__in=["preparing", "issuing"])
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class CouponGrant(MerchantOwned):
    """`out_biz_no` is of what we give, stored before the call and the same at each repetition; empty for what
    the platform let somebody claim. `slot` makes a limit per person hold: window and number, unique per
    person and coupon, empty where there is no limit, given up with a refusal.

    `reserved_for`: an order of the merchant that holds it until `reserved_until`; ours alone, the platform
    knows of none.
    """

    # Each index is written anew with every move of a grant; others lead where these would.
    mini_program = models.ForeignKey(
        "merchants.MiniProgram", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="grants", db_index=False)
    customer = models.ForeignKey(
        "membership.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(max_length=11, choices=GrantState.choices)
    source = models.CharField(max_length=9, choices=Source.choices)
    run = models.ForeignKey(
        CouponRun, null=True, on_delete=models.PROTECT, related_name="grants", db_index=False
    )
    call = models.ForeignKey(
        "merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    out_biz_no = models.CharField(max_length=64, blank=True)
    slot = models.CharField(max_length=24, blank=True)
    voucher_id = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=64, blank=True)
    claimed_at = models.DateTimeField(null=True)
    begins_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    used_times = models.PositiveSmallIntegerField(default=0)
    reserved_for = models.CharField(max_length=64, blank=True)
    reserved_until = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=80, blank=True)  # the platform's sub_code
    words = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=GrantState.values), name="grant_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["sending", "unknown", "refused"])
                | Q(claimed_at__isnull=False, ends_at__isnull=False),
                name="grant_claimed_has_times",
            ),
            models.CheckConstraint(
                condition=Q(reserved_for="", reserved_until=None)
                | ~Q(reserved_for="") & Q(reserved_until__isnull=False, state__in=USABLE),
                name="grant_reserved_while_usable",
            ),
            models.UniqueConstraint(
                fields=["mini_program", "out_biz_no"], name="grant_out_biz_no", condition=~Q(out_biz_no="")
            ),
            models.UniqueConstraint(
                fields=["mini_program", "voucher_id"], name="grant_voucher", condition=~Q(voucher_id="")
            ),
            models.UniqueConstraint(fields=["coupon", "code"], name="grant_code", condition=~Q(code="")),
            models.UniqueConstraint(
                fields=["coupon", "customer", "slot"], name="grant_slot", condition=~Q(slot="")
            ),
            models.UniqueConstraint(
                fields=["run", "customer"], name="grant_once_in_run", condition=Q(run__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["coupon", "-id"], name="grant_newest_of_coupon"),
            models.Index(fields=["coupon", "state", "-id"], name="grant_of_coupon_in_state"),
            models.Index(fields=["merchant", "code"], name="grant_of_code", condition=~Q(code="")),
            models.Index(fields=["customer", "-id"], name="grant_of_customer"),  # also how often one claimed
            models.Index(fields=["run", "state"], name="grant_of_run", condition=Q(run__isnull=False)),
            # the scans of what expires read these and nothing else
            models.Index(fields=["ends_at", "id"], name="grant_expiring", condition=Q(state__in=USABLE)),
            models.Index(
                fields=["reserved_until"], name="grant_reserved", condition=Q(reserved_until__isnull=False)
            ),
            models.Index(fields=["run", "id"], name="grant_open", condition=Q(state="sending", call=None)),
        ]

    def __str__(self) -> str:
        return self.voucher_id or f"grant {self.pk}"


class GrantEntry(MerchantOwned):
    """The ledger: what happened to a grant, once each by `source_key`. Rows are only added.

    `times` is how many uses it moved: negative where it took some, positive where it gave them back.
    """

    class Kind(models.TextChoices):
        CLAIMED = "claimed", _("Claimed")
        RESERVED = "reserved", _("Reserved")
        RELEASED = "released", _("Reservation ended")
        REDEEMED = "redeemed", _("Redeemed")
        REVERTED = "reverted", pgettext_lazy("grant entry", "Returned")
        EXPIRED = "expired", _("Expired")
        INVALIDATED = "invalidated", _("Invalidated")

    class By(models.TextChoices):
        PLATFORM = "platform", _("Told by the platform")
        ANSWER = "answer", _("Answer of a call")
        API = "api", _("API")
        HAND = "hand", _("By hand")
        CLOCK = "clock", _("By its last day")
        REPAIR = "repair", _("Reconciliation")

    grant = models.ForeignKey(CouponGrant, on_delete=models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    by = models.CharField(max_length=8, choices=By.choices)
    user = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    source_key = models.CharField(max_length=120)
    times = models.SmallIntegerField(default=0)
    left = models.PositiveSmallIntegerField()  # uses left after it
    saved_fen = models.BigIntegerField(null=True)  # null: nobody told
    order_fen = models.BigIntegerField(null=True)
    order_no = models.CharField(max_length=64, blank=True)  # the merchant's own
    trade_no = models.CharField(max_length=64, blank=True)
    store = models.ForeignKey("merchants.Store", null=True, on_delete=models.PROTECT, related_name="+")
    reverts = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="returns", db_index=False
    )
    call = models.ForeignKey("merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+")
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "source_key"], name="grant_entry_once"),
            models.CheckConstraint(
                condition=Q(kind="redeemed", times__lt=0)
                | Q(kind="reverted", times__gt=0, reverts__isnull=False)
                | ~Q(kind__in=["redeemed", "reverted"]) & Q(times=0),
                name="grant_entry_moves",
            ),
            models.CheckConstraint(
                condition=Q(saved_fen=None) | Q(order_fen=None) | Q(order_fen__gte=F("saved_fen")),
                name="grant_entry_saves_at_most_the_bill",
            ),
        ]
        indexes = [
            models.Index(fields=["grant", "id"], name="grant_entry_of_grant"),
            models.Index(fields=["reverts"], name="grant_entry_reverts", condition=Q(reverts__isnull=False)),
            models.Index(
                fields=["merchant", "order_no"], name="grant_entry_of_order", condition=~Q(order_no="")
            ),
            models.Index(
                fields=["merchant", "trade_no"], name="grant_entry_of_trade", condition=~Q(trade_no="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.times}"
