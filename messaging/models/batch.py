"""A batch send: what to say, to whom, when, and who wrote it. Its state lives in its control row."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.control import MOST_HELD_OUT_PERCENT, SendControl
from messaging.models.templates import SubscriptionTemplate


class BatchSend(MerchantOwned):
    """`scheduled_on` + `scheduled_time` are wall time in `zone`; the instant is the control row's due_at.
    `not_after_on` + `not_after_time` likewise, of its not_after; neither: no latest time.

    `version` rises with every saved edit; a save names the version it was made from. `test_of`: it took the
    words of that draft to one person. `launches` counts confirmations: one given on a page from before the
    last is not obeyed, however it came back.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    control = models.OneToOneField(SendControl, on_delete=models.PROTECT, related_name="batch")
    name = models.CharField(max_length=80)
    template = models.ForeignKey(SubscriptionTemplate, null=True, on_delete=models.PROTECT, related_name="+")
    people_list = models.ForeignKey(
        "membership.PeopleList", null=True, on_delete=models.PROTECT, related_name="+"
    )
    values = models.JSONField(default=list)  # texts in the order of the template's keywords
    page = models.CharField(max_length=128, blank=True)
    coupon = models.ForeignKey("coupons.Coupon", null=True, on_delete=models.PROTECT, related_name="+")
    scheduled_on = models.DateField(null=True)
    scheduled_time = models.TimeField(null=True)
    not_after_on = models.DateField(null=True)
    not_after_time = models.TimeField(null=True)
    holdout_percent = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(MOST_HELD_OUT_PERCENT)]
    )
    zone = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    launches = models.PositiveIntegerField(default=0)
    form_token = models.UUIDField(unique=True)
    author = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    test_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="tests")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["merchant", "-created_at"], name="batch_newest")]

    def __str__(self) -> str:
        return self.name


class DraftVersion(MerchantOwned):
    """What a draft said at one version. Saves by itself in one sitting share a row."""

    batch = models.ForeignKey(BatchSend, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    content = models.JSONField()  # columns of BatchSend by name, as messaging.sends.versions writes them
    by = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    by_itself = models.BooleanField(default=False)
    window = models.UUIDField(null=True)  # the open form that saved it
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "version"], name="draft_version_once")]

    def __str__(self) -> str:
        return f"version {self.version} of {self.batch_id}"
