"""Orders as the merchant returned them, and every change of their status."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned

NOT_SYNCED = ["pending", "syncing", "not_notified", "unknown", "superseded", "dead"]


class Source(models.TextChoices):
    API = "api", _("API")
    FILE = "file", _("File")
    HAND = "hand", _("By hand")
    REPAIR = "repair", _("Filled in here")  # of a status returned again with the fields it lacked


class ChosenScene(MerchantOwned):
    """The merchant returns orders of this scene. `scene`: a key of orders.scenes.SCENES."""

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    scene = models.CharField(max_length=32)
    chosen_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "scene"], name="scene_chosen_once"),
        ]

    def __str__(self) -> str:
        return self.scene


class Order(MerchantOwned):
    """One order of the merchant. Its scene, its time of creation and its page never change (domain C.3).

    `status` is the one with the latest modified time; `synced_status` the last one the platform took, against
    which the next move is judged. Money is in fen. `fields` are the scene's own (business_info), all text.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    out_biz_no = models.CharField(max_length=64)
    scene = models.CharField(max_length=32)
    customer = models.ForeignKey("membership.Customer", on_delete=models.PROTECT, related_name="+")
    page = models.CharField(max_length=256)
    link_page = models.CharField(max_length=256, blank=True)  # `page` with its token, as first synced
    order_created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    amount_fen = models.BigIntegerField(null=True)
    pay_amount_fen = models.BigIntegerField(null=True)
    discount_fen = models.BigIntegerField(null=True)
    trade_no = models.CharField(max_length=64, blank=True)
    items = models.JSONField(default=list)  # {"name", "quantity", "unit_price_fen", "image_material_id"}
    shop = models.JSONField(default=dict)  # {"name", "address", "merchant_shop_id", "phone_num", "link_page"}
    logistics = models.JSONField(default=list)  # {"tracking_no", "logistics_code", "phone_no"}
    fields = models.JSONField(default=dict)
    source = models.CharField(max_length=6, choices=Source.choices)
    status = models.CharField(max_length=32, blank=True)
    status_at = models.DateTimeField(null=True)
    synced_status = models.CharField(max_length=32, blank=True)
    synced_at = models.DateTimeField(null=True)  # modified time of that status
    told_at = models.DateTimeField(null=True)  # when the first of its messages was known to be taken
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "out_biz_no"], name="order_number_unique"),
            models.UniqueConstraint(
                fields=["mini_program", "trade_no"], name="order_trade_unique", condition=~Q(trade_no="")
            ),
            models.CheckConstraint(
                condition=Q(amount_fen=None)
                | Q(pay_amount_fen=None)
                | Q(discount_fen=None)
                | Q(amount_fen=models.F("pay_amount_fen") + models.F("discount_fen")),
                name="order_amounts_add_up",
            ),
        ]
        indexes = [
            models.Index(fields=["mini_program", "-order_created_at", "-id"], name="order_newest"),
            models.Index(fields=["mini_program", "scene", "status", "-id"], name="order_by_status"),
            models.Index(fields=["customer", "-order_created_at"], name="order_of_customer"),
        ]

    def __str__(self) -> str:
        return self.out_biz_no


class StatusChange(MerchantOwned):
    """One status returned for an order at one modified time; whatever is received is kept.

    States: pending -> syncing -> synced | not_notified | unknown | dead; pending -> superseded (older
    than what the platform took: it would drop it; or its person was forgotten, which its cause says);
    dead | unknown -> pending (an operator tries again; `again_at` the last time). A second return of
    the same modified time and status only adds to `repeats`.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting to sync")
        SYNCING = "syncing", _("Syncing")
        SYNCED = "synced", _("Synced")
        NOT_NOTIFIED = "not_notified", _("Accepted, not notified")
        UNKNOWN = "unknown", _("Outcome unknown")
        SUPERSEDED = "superseded", _("Superseded")
        DEAD = "dead", _("Needs fixing")

    # found along change_once_per_time
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="changes", db_index=False)
    status = models.CharField(max_length=32)
    modified_at = models.DateTimeField()  # the merchant's clock, whole milliseconds
    fields = models.JSONField(default=dict)  # of the scene, as they stood with this change
    source = models.CharField(max_length=6, choices=Source.choices)
    received_at = models.DateTimeField(db_default=Now())
    lacks_fields = models.BooleanField(default=False)  # of its message, by our table, when it was received
    repeats = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    attempt = models.PositiveSmallIntegerField(default=0)  # calls intended for it so far
    call = models.ForeignKey("merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+")
    sub_code = models.CharField(max_length=80, blank=True)  # the platform's, of a refusal
    words = models.CharField(max_length=400, blank=True)  # the platform's: of a refusal, or why no message
    cause = models.CharField(max_length=20, blank=True, default="", db_default="")  # a Reason, of the answer
    settled_at = models.DateTimeField(null=True)  # when the outcome was known
    again_at = models.DateTimeField(null=True)
    again_by = models.ForeignKey(
        "merchants.User", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "modified_at"], name="change_once_per_time"),
            # the platform takes one call of an order at a time; so do we
            models.UniqueConstraint(
                fields=["order"], name="change_one_syncing", condition=Q(state="syncing")
            ),
        ]
        indexes = [
            models.Index(fields=["received_at"], name="change_pending", condition=Q(state="pending")),
            models.Index(fields=["merchant", "received_at", "id"], name="change_received"),
            models.Index(
                fields=["merchant", "sub_code", "words", "received_at"],
                name="change_by_cause",
                condition=Q(state="dead"),
            ),
            # all but synced, which nearly every one becomes
            models.Index(
                fields=["merchant", "state", "received_at"],
                name="change_longest",
                condition=Q(state__in=NOT_SYNCED),
            ),
            models.Index(fields=["order", "state"], name="change_beside", condition=Q(state__in=NOT_SYNCED)),
            models.Index(fields=["call"], name="change_call", condition=Q(call__isnull=False)),
            models.Index(
                fields=["merchant", "received_at"],
                name="change_untold",
                condition=Q(lacks_fields=True) | Q(state="not_notified"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} of order {self.order_id}"


class OrderDigest(MerchantOwned):
    """Statuses that came in on one day and lacked fields of their message; a day without any has a row too.

    `lacks`: {"scene", "status", "fields": [names], "orders": how many, "examples": [ids]}, most orders first.
    `day` is one of the merchant's time zone. `is_part`: there was more than was read.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    orders = models.PositiveIntegerField(default=0)
    lacks = models.JSONField(default=list)
    is_part = models.BooleanField(default=False)
    made_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "day"], name="order_digest_once_a_day")
        ]
        indexes = [
            models.Index(
                fields=["merchant", "-day"],
                name="order_digest_unread",
                condition=Q(read_at=None, orders__gt=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.orders}"


class OrderImport(MerchantOwned):
    """A file of orders, from its upload to what became of it.

    States: checking (dry run under way) -> checked (waits for a yes) -> importing -> done; each of the first
    three -> failed, for which `ending` has the reason. `expected` and `outcome`: counts of the dry run and of
    the rows taken over, as orders.importing.tally.Tally stores them. The orders of a chunk, `outcome` and
    `taken_rows` change in one transaction: a worker that takes over goes on behind `taken_rows`.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("Checking")
        CHECKED = "checked", _("Checked")
        IMPORTING = "importing", _("Importing")
        DONE = "done", _("Imported")
        FAILED = "failed", _("Failed")

    class Ending(models.TextChoices):
        CANCELLED = "cancelled", _("Cancelled by a person")
        BROKEN = "broken", _("Could not go on")
        FORGOTTEN = "forgotten", _("Somebody named in it asked to be forgotten")
        EXPIRED = "expired", _("Nobody decided in time")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    scene = models.CharField(max_length=32, blank=True)  # of rows that name none
    state = models.CharField(max_length=9, choices=State.choices, default=State.CHECKING)
    ending = models.CharField(max_length=9, choices=Ending.choices, blank=True)
    file_name = models.CharField(max_length=200)  # as the operator named it
    layout = models.JSONField(default=dict)  # how the file is read, see orders.importing.columns
    stored_file = models.CharField(max_length=80, blank=True)  # random name under VAR_DIR/uploads
    problem_file = models.CharField(max_length=80, blank=True)
    problem_bytes = models.PositiveBigIntegerField(default=0)  # of it that belong to rows taken over
    form_token = models.UUIDField(unique=True)
    expected = models.JSONField(default=dict)
    outcome = models.JSONField(default=dict)
    taken_rows = models.PositiveIntegerField(default=0)
    job = models.ForeignKey("merchants.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="failed", ending__gt="") | (~Q(state="failed") & Q(ending="")),
                name="order_import_failed_for_a_reason",
            )
        ]
        indexes = [models.Index(fields=["mini_program", "-created_at"], name="order_import_newest")]

    def __str__(self) -> str:
        return self.file_name


class NamedInImport(models.Model):
    """This customer was known when the dry run found the id in the file; gone with the file."""

    pk = models.CompositePrimaryKey("order_import", "customer")
    order_import = models.ForeignKey(OrderImport, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey("membership.Customer", on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.order_import_id}/{self.customer_id}"


class NodeCell(MerchantOwned):
    """Statuses of one day, scene, status and outcome. `day`: received, in the merchant's zone.

    `cause`: a Reason, of what was not notified or needs fixing; `message_unknown` of a synced one. Rows with
    an empty status count orders instead: `told` are those handed in on the day that got a message at all.
    """

    mini_program = models.ForeignKey(
        "merchants.MiniProgram", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    scene = models.CharField(max_length=32)
    status = models.CharField(max_length=32, blank=True)
    state = models.CharField(max_length=12)
    cause = models.CharField(max_length=20, blank=True)
    n = models.IntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day} {self.scene} {self.status} {self.state} {self.cause}: {self.n}"


class NodeCount(NodeCell):
    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mini_program", "day", "scene", "status", "state", "cause"], name="node_count_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["merchant", "state"],
                name="node_count_standing",
                condition=Q(state__in=["pending", "syncing", "dead"]) & ~Q(n=0),
            )
        ]


class NodeMove(NodeCell):
    """What moved and is not in NodeCount yet: a trigger writes it with every change of a StatusChange."""

    class Meta:
        indexes = [models.Index(fields=["mini_program", "day"], name="node_move_of_day")]
