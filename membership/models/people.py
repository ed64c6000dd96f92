"""The merchant's customers and the lists made of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned


class Customer(MerchantOwned):
    """A person under one mini program. `forgotten_at`: ids erased, the row stays for the ledgers."""

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    open_id = models.CharField(max_length=64, null=True)  # noqa: DJ001 - NULL once forgotten; unique among the known
    source = models.CharField(max_length=40)
    do_not_send_at = models.DateTimeField(null=True)
    profiling_opt_out_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "open_id"], name="customer_open_id_unique"),
            models.CheckConstraint(
                condition=Q(open_id__isnull=False) | Q(forgotten_at__isnull=False),
                name="customer_known_or_forgotten",
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.open_id[-4:]}" if self.open_id else "forgotten"


class PeopleList(MerchantOwned):
    """Frozen customers with hash and count.

    States: uploaded (waits for its columns) -> checking (dry run under way) -> checked (waits for a yes) ->
    importing -> ready; checked -> uploaded (other columns); each of the first four -> failed. A list
    written by a rule starts at importing.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Choose columns")
        CHECKING = "checking", _("Checking")
        CHECKED = "checked", _("Checked")
        IMPORTING = "importing", _("Importing")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    class Source(models.TextChoices):
        UPLOAD = "upload", _("Upload")
        RULE = "rule", _("Rule")
        HAND = "hand", _("By hand")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=120)
    source = models.CharField(max_length=6, choices=Source.choices, default=Source.UPLOAD)
    state = models.CharField(max_length=9, choices=State.choices, default=State.CHECKING)
    for_test = models.BooleanField(default=False)  # made by a test send for its one person, no audience
    add_unknown = models.BooleanField(default=False)  # ids never seen before become customers
    file_name = models.CharField(max_length=200, blank=True)  # as the operator named it
    columns = models.JSONField(default=list)  # names of the columns kept beside the id, in order
    layout = models.JSONField(default=dict)  # how the file is read, see membership.columns
    rule = models.JSONField(default=dict)  # of a list written by a rule: its kind and what it was asked for
    stored_file = models.CharField(max_length=80, blank=True)  # random name under VAR_DIR/uploads
    problem_file = models.CharField(max_length=80, blank=True)
    form_token = models.UUIDField(unique=True)
    rows = models.PositiveIntegerField(default=0)
    malformed = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    opted_out = models.PositiveIntegerField(default=0)  # of profiling: a rule leaves them out
    count = models.PositiveIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)  # SHA-256 over the sorted customer ids
    job = models.ForeignKey("merchants.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["uploaded", "checking", "checked", "importing", "ready", "failed"]),
                name="people_list_state_known",
            )
        ]
        indexes = [models.Index(fields=["merchant", "-created_at"], name="people_list_newest")]

    def __str__(self) -> str:
        return self.name


class PeopleListEntry(models.Model):
    """`values`: this person's texts in the order of the list's `columns`; NULL where the list keeps none.

    No foreign key in the database: rows come by the million from statements that join both tables, neither
    of which loses a row that is named here, and two checks a row would be most of the time.
    """

    pk = models.CompositePrimaryKey("people_list", "customer")
    people_list = models.ForeignKey(
        PeopleList, on_delete=models.CASCADE, related_name="entries", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    values = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.people_list_id}/{self.customer_id}"
