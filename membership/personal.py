"""What membership keeps about one person, for the export the person may ask for."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from membership.models import Customer, PeopleList, PeopleListEntry
from merchants.models import Event
from merchants.personal import Cell, Column, Part

PERSON = (
    Column("number", _("Number in this console")),
    Column("open_id", _("open_id")),
    Column("app_id", _("app_id of the mini program")),
    Column("mini_program", _("Mini program")),
    Column("source", _("How they became known")),
    Column("known_since", _("Known since")),
    Column("do_not_send_since", _("On the do-not-send list since")),
    Column("profiling_opt_out_since", _("Opted out of profiling since")),
    Column("erased_at", _("Erased at")),
)
LISTS = (
    Column("list", _("Audience")),
    Column("purpose", _("Purpose")),
    Column("source", _("Source")),
    Column("file", _("File")),
    Column("made_at", _("Made at")),
    Column("kept", _("Kept beside the id")),
)
HISTORY = (Column("at", _("Time")), Column("event", pgettext_lazy("audit", "What happened")))


def export_of(customer: Customer) -> list[Part]:
    """Never more than this customer's own rows; one query a part."""
    return [
        Part("person", _("Who it is"), PERSON, [_person(customer)]),
        Part("lists", _("Audiences with this person"), LISTS, _lists(customer)),
        Part("history", _("What was done with their data"), HISTORY, _history(customer)),
    ]


def _person(customer: Customer) -> list[Cell]:
    return [
        customer.pk,
        customer.open_id,
        customer.mini_program.app_id,
        customer.mini_program.name,
        customer.source,
        customer.created_at,
        customer.do_not_send_at,
        customer.profiling_opt_out_at,
        customer.forgotten_at,
    ]


def _lists(customer: Customer) -> Iterator[list[Cell]]:
    # By the lists of the mini program, since entries are found by list and customer.
    of_program = PeopleList.objects.filter(
        merchant=customer.merchant_id, mini_program=customer.mini_program_id
    )
    entries = PeopleListEntry.objects.filter(
        people_list__in=list(of_program.values_list("pk", flat=True)), customer=customer
    )
    for entry in entries.select_related("people_list").order_by("people_list").iterator():
        kept = entry.people_list
        beside = "; ".join(
            f"{column}: {value}" for column, value in zip(kept.columns, entry.values or [], strict=False)
        )
        yield [kept.name, kept.purpose, kept.source, kept.file_name, kept.created_at, beside]


def _history(customer: Customer) -> Iterator[list[Cell]]:
    rows = Event.objects.for_merchant(customer.merchant).filter(
        subject_kind=Customer._meta.model_name, subject_id=customer.pk
    )
    for at, kind in rows.order_by("at", "id").values_list("at", "kind").iterator():
        yield [at, kind]
