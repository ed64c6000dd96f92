"""A coupon as the merchant designed it, what the platform made of it, and what is gone of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned


class Family(models.TextChoices):
    """Domain D.1. A pay coupon is deducted at the cashier, a merchant coupon in the merchant's own order."""

    PAY = "pay", _("Pay coupon")
    MERCHANT = "merchant", _("Merchant coupon")


class Kind(models.TextChoices):
    REDUCTION = "reduction", _("Money off")
    DISCOUNT = "discount", _("Discount")
    SPECIAL = "special", _("Special price")
    EXCHANGE = "exchange", _("Exchange")
    GROUP_BUY = "group_buy", _("Group buy")


# The last two are for what a customer bought beforehand, which no cashier can deduct.
KINDS: Mapping[str, tuple[Kind, ...]] = {
    Family.PAY: (Kind.REDUCTION, Kind.DISCOUNT, Kind.SPECIAL),
    Family.MERCHANT: (Kind.REDUCTION, Kind.DISCOUNT, Kind.SPECIAL, Kind.EXCHANGE, Kind.GROUP_BUY),
}


class Scope(models.TextChoices):
    ALL = "all", _("Whole shop")
    STORES = "stores", _("Chosen stores")
    ITEMS = "items", _("Chosen items")


class Validity(models.TextChoices):
    FIXED = "fixed", _("Fixed dates")
    RELATIVE = "relative", _("Days after claiming")


class Rounding(models.TextChoices):
    """Domain D3.3: whether the day of claiming is the first of the days."""

    FORWARD = "forward", _("The day of claiming counts")
    BACKWARD = "backward", _("Counted from the next day")


class Period(models.TextChoices):
    DAY = "day", _("Per day")
    WEEK = "week", _("Per week")
    MONTH = "month", _("Per month")
    LIFE = "life", _("In all")


class CodeMode(models.TextChoices):
    PLATFORM = "platform", _("Made by the platform")
    UPLOAD = "upload", _("Uploaded beforehand")


class CouponState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    CREATING = "creating", _("Being created")
    CREATED = "created", _("Created, not published")
    PUBLISHING = "publishing", _("Publishing")
    PUBLISHED = "published", _("Live")
    MODIFYING = "modifying", _("Being changed")
    APPENDING = "appending", _("Adding stock")
    STOPPING = "stopping", _("Stopping")
    STOPPED = "stopped", _("Stopped")
    ENDED = "ended", _("Ended")
    REJECTED = "rejected", _("Rejected")


# Whatever the platform takes is done later, so each wish has a state of its own until the event or the query
# says that it is done (domain D8.1). creating → draft and the other ways back: the platform refused the wish.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"creating"}),
    "creating": frozenset({"draft", "created", "published", "rejected"}),
    "created": frozenset({"publishing", "stopping", "appending", "published"}),
    "publishing": frozenset({"created", "published", "rejected"}),
    "published": frozenset({"modifying", "appending", "stopping", "stopped", "ended"}),
    "modifying": frozenset({"published", "stopped", "ended"}),
    "appending": frozenset({"published", "created", "stopped", "ended"}),
    "stopping": frozenset({"published", "created", "stopped", "ended"}),
    "rejected": frozenset({"draft"}),
    "stopped": frozenset(),
    "ended": frozenset(),
}
UNDER_WAY = ("creating", "publishing", "modifying", "appending", "stopping")
LIVE = ("published", "modifying", "appending", "stopping")  # customers can claim, or may still do so


class Coupon(MerchantOwned):
    """Money is in fen, a discount in tenths (65 is 6.5 折). From `creating` on only `stock` and
    `publish_until` change, each only upward, each by the platform's word.

    `wish`: what the operation under way changes, by the names of these columns. `operations` counts the
    operations begun: the n-th one's out_biz_no follows from it and is the same at each repetition.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=CouponState.choices, default=CouponState.DRAFT)
    family = models.CharField(max_length=8, choices=Family.choices)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    name = models.CharField(max_length=20)
    brand_name = models.CharField(max_length=20, blank=True)

    amount_fen = models.BigIntegerField(null=True)  # off, or what an exchange coupon is worth
    floor_fen = models.BigIntegerField(null=True)  # the bill it needs; null: any
    discount_tenths = models.PositiveSmallIntegerField(null=True)
    ceiling_fen = models.BigIntegerField(null=True)  # the most a discount takes off
    special_fen = models.BigIntegerField(null=True)
    origin_fen = models.BigIntegerField(null=True)
    sale_fen = models.BigIntegerField(null=True)  # what an exchange coupon is sold for
    goods_name = models.CharField(max_length=50, blank=True)

    scope = models.CharField(max_length=6, choices=Scope.choices, default=Scope.ALL)
    stores = models.ManyToManyField("merchants.Store", related_name="+", blank=True)
    item_ids = models.JSONField(default=list)

    publish_from = models.DateTimeField()
    publish_until = models.DateTimeField()
    validity = models.CharField(max_length=8, choices=Validity.choices)
    use_from = models.DateTimeField(null=True)
    use_until = models.DateTimeField(null=True)
    valid_days = models.PositiveSmallIntegerField(null=True)
    wait_days = models.PositiveSmallIntegerField(default=0)
    rounding = models.CharField(max_length=8, choices=Rounding.choices, default=Rounding.FORWARD)
    use_hours = models.JSONField(default=list)  # {"weekdays": [1 … 7], "from": "10:00", "until": "22:00"}

    stock = models.PositiveIntegerField()
    per_person = models.PositiveSmallIntegerField(null=True)
    per_person_period = models.CharField(max_length=5, choices=Period.choices, default=Period.LIFE)
    per_day = models.PositiveIntegerField(null=True)
    one_per_identity = models.BooleanField(default=False)  # over all accounts of one natural person
    max_uses = models.PositiveSmallIntegerField(default=1)
    budget_fen = models.BigIntegerField(null=True)  # of a pay coupon
    code_mode = models.CharField(max_length=8, choices=CodeMode.choices, default=CodeMode.PLATFORM)

    description = models.CharField(max_length=1000, blank=True)  # conditions, as the customer reads them
    use_page = models.CharField(max_length=256, blank=True)  # of the mini program, where it is used
    service_phone = models.CharField(max_length=20, blank=True)

    activity_id = models.CharField(max_length=64, blank=True)
    operations = models.PositiveIntegerField(default=0)
    wish = models.JSONField(default=dict)
    call = models.ForeignKey("merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+")
    wished_at = models.DateTimeField(null=True)  # when the operation under way was asked for
    asked_at = models.DateTimeField(null=True)  # when the platform was last asked about it
    refusal = models.CharField(max_length=80, blank=True)  # sub_code of the last operation, if refused
    words = models.CharField(max_length=400, blank=True)  # the platform's own, of a refusal or a review
    platform_status = models.CharField(max_length=20, blank=True)
    platform_claimed = models.PositiveIntegerField(null=True)  # as its query told; null: never told
    platform_used = models.PositiveIntegerField(null=True)
    platform_told_at = models.DateTimeField(null=True)
    differs = models.JSONField(default=dict)  # drift: {"column": [ours, the platform's]}

    form_token = models.UUIDField(unique=True)
    version = models.PositiveIntegerField(default=1)
    author = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CouponState.values), name="coupon_state_known"),
            models.CheckConstraint(
                condition=Q(family="merchant") | Q(family="pay", kind__in=KINDS[Family.PAY]),
                name="coupon_kind_of_family",
            ),
            models.CheckConstraint(
                condition=Q(kind="reduction", amount_fen__gt=0)
                | Q(kind="discount", discount_tenths__range=(1, 99))
                | Q(kind="special", special_fen__gte=0, origin_fen__gt=F("special_fen"))
                | Q(kind__in=["exchange", "group_buy"], amount_fen__gt=0),
                name="coupon_face_complete",
            ),
            models.CheckConstraint(
                condition=Q(floor_fen=None) | Q(floor_fen__gt=0), name="coupon_floor_none_or_positive"
            ),
            models.CheckConstraint(
                condition=Q(publish_until__gt=F("publish_from")), name="coupon_publishing_has_length"
            ),
            models.CheckConstraint(
                condition=Q(validity="fixed", use_from__isnull=False, use_until__gt=F("publish_until"))
                | Q(validity="relative", valid_days__gt=0),
                name="coupon_validity_complete",
            ),
            models.CheckConstraint(condition=Q(max_uses__gte=1), name="coupon_used_at_least_once"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "creating", "rejected"]) | ~Q(activity_id=""),
                name="coupon_made_has_activity",
            ),
            models.UniqueConstraint(
                fields=["mini_program", "activity_id"],
                name="coupon_activity_unique",
                condition=~Q(activity_id=""),
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at"], name="coupon_newest"),
            models.Index(
                fields=["asked_at", "wished_at"], name="coupon_under_way", condition=Q(state__in=UNDER_WAY)
            ),
            models.Index(fields=["publish_until"], name="coupon_to_end", condition=Q(state__in=LIVE)),
        ]

    def __str__(self) -> str:
        return self.name


class CouponCount(models.Model):
    """What is gone of a coupon, moved by the very statements that change its grants. `taken`: given by us and
    claimed, never above the stock for what we give; a claim the platform allowed is counted whatever it says.
    """

    coupon = models.OneToOneField(Coupon, primary_key=True, on_delete=models.CASCADE, related_name="count")
    taken = models.PositiveIntegerField(default=0)  # on their way or claimed
    claimed = models.PositiveIntegerField(default=0)
    redemptions = models.PositiveIntegerField(default=0)  # minus those given back
    redeemed = models.PositiveIntegerField(default=0)  # coupons of which no use is left
    expired = models.PositiveIntegerField(default=0)
    invalidated = models.PositiveIntegerField(default=0)
    saved_fen = models.BigIntegerField(default=0)  # what the merchant gave
    order_fen = models.BigIntegerField(default=0)  # bills before the coupon, of those that told theirs

    def __str__(self) -> str:
        return f"{self.claimed} claimed"


class CouponCode(models.Model):
    """A code uploaded for a coupon; `deposited_at` once the platform has it."""

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(max_length=64)
    number = models.PositiveIntegerField()  # in the order of the file
    deposited_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=200, blank=True)
    words = models.CharField(max_length=200, blank=True)  # the platform's own, of the refusal

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["coupon", "code"], name="coupon_code_once"),
            models.UniqueConstraint(fields=["coupon", "number"], name="coupon_code_number_once"),
        ]
        indexes = [
            models.Index(
                fields=["coupon", "number"],
                name="coupon_code_to_deposit",
                condition=Q(deposited_at=None, refusal=""),
            ),
            models.Index(fields=["coupon", "-id"], name="coupon_code_failed", condition=~Q(refusal="")),
        ]

    def __str__(self) -> str:
        return f"…{self.code[-4:]}"


class CouponDay(models.Model):
    """One coupon's figures of one Beijing day and way in, moved with the ledger's entries."""

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    source = models.CharField(max_length=9)  # a Source of coupons.models.grant
    claimed = models.PositiveIntegerField(default=0)
    redemptions = models.PositiveIntegerField(default=0)
    reverted = models.PositiveIntegerField(default=0)
    expired = models.PositiveIntegerField(default=0)
    invalidated = models.PositiveIntegerField(default=0)
    saved_fen = models.BigIntegerField(default=0)
    order_fen = models.BigIntegerField(default=0)
    hours_to_use = models.BigIntegerField(default=0)  # summed over first redemptions

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["coupon", "day", "source"], name="coupon_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.source}"


class CouponStoreDay(models.Model):
    """Uses of one coupon in one store on one Beijing day, moved with the ledger's entries; a return counts in
    the store of its use. `store` null: nobody told, as with every push. `bills`: redemptions, one for each
    order, minus those of which all was given back.
    """

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="store_days", db_index=False)
    store = models.ForeignKey("merchants.Store", null=True, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    redemptions = models.PositiveIntegerField(default=0)
    reverted = models.PositiveIntegerField(default=0)
    bills = models.IntegerField(default=0)
    saved_fen = models.BigIntegerField(default=0)
    order_fen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["coupon", "day", "store"], name="coupon_store_day_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.store_id or '--'}"
