"""People under one mini program: known, remembered, forgotten, spared from messages or from profiling."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from membership.models import Customer
from merchants import events
from merchants.models import MiniProgram, User

OPEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def is_open_id(value: str) -> bool:
    """Whether it has the shape of one; the platform publishes none, so this is wide."""
    return OPEN_ID.fullmatch(value) is not None


def known(mini_program: MiniProgram, open_ids: Iterable[str]) -> dict[str, int]:
    """Customer ids by open_id, only of those who are known and not forgotten. One query."""
    found = Customer.objects.filter(
        mini_program=mini_program, open_id__in=set(open_ids), forgotten_at=None
    ).values_list("open_id", "id")
    return dict(found)


def remember(mini_program: MiniProgram, open_ids: Iterable[str], *, source: str) -> dict[str, int]:
    """Customer ids by open_id; makes the people that are new.

    Safe in a race: the loser takes the winner's row. Rows are inserted in the order of their
    open_id, so that two callers cannot wait for each other.
    """
    wanted = sorted(set(open_ids))
    missing = sorted(set(wanted) - known(mini_program, wanted).keys())
    if missing:
        Customer.objects.bulk_create(
            [
                Customer(
                    merchant_id=mini_program.merchant_id,
                    mini_program=mini_program,
                    open_id=open_id,
                    source=source,
                )
                for open_id in missing
            ],
            ignore_conflicts=True,
        )
    return known(mini_program, wanted)


def forget(customer: Customer, *, by: User | None, at: datetime) -> bool:
    """Erases the id at once and tells every floor to erase what it holds. False when it was done before.

    The row stays so that ledgers keep adding up; a person who comes back is a new customer.
    """
    with transaction.atomic():
        rows = Customer.objects.filter(pk=customer.pk, forgotten_at=None)
        if not rows.update(forgotten_at=at, open_id=None):
            return False
        events.record(
            "customer.forgotten",
            merchant=customer.merchant,
            by=by,
            mini_program=customer.mini_program,
            subject=customer,
        )
    return True


def reveal(customer: Customer, *, by: User) -> None:
    """Writes down who looked at the whole id."""
    with transaction.atomic():
        _record("people.revealed", customer, by)


def tell_export(customer: Customer, *, by: User) -> None:
    """Writes down who took all that is kept about the person out of the console."""
    with transaction.atomic():
        _record("customer.exported", customer, by)


def set_do_not_send(customer: Customer, *, by: User, at: datetime) -> bool:
    """From now on every gate stops messages to this person. False when it was so before."""
    with transaction.atomic():
        if not Customer.objects.filter(pk=customer.pk, do_not_send_at=None).update(do_not_send_at=at):
            return False
        _record("customer.do_not_send_set", customer, by)
    return True


def clear_do_not_send(customer: Customer, *, by: User) -> bool:
    """False when the person was not spared."""
    with transaction.atomic():
        spared = Customer.objects.filter(pk=customer.pk, do_not_send_at__isnull=False)
        if not spared.update(do_not_send_at=None):
            return False
        _record("customer.do_not_send_cleared", customer, by)
    return True


def set_profiling_opt_out(customer: Customer, *, by: User | None, at: datetime) -> bool:
    """From now on no audience written by a rule reaches this person. False when it was so before.

    `by` is None where the person said so themselves.
    """
    with transaction.atomic():
        asked = Customer.objects.filter(pk=customer.pk, profiling_opt_out_at=None)
        if not asked.update(profiling_opt_out_at=at):
            return False
        _record("customer.profiling_opt_out_set", customer, by)
    return True


def clear_profiling_opt_out(customer: Customer, *, by: User | None) -> bool:
    """False when the person had not opted out."""
    with transaction.atomic():
        out = Customer.objects.filter(pk=customer.pk, profiling_opt_out_at__isnull=False)
        if not out.update(profiling_opt_out_at=None):
            return False
        _record("customer.profiling_opt_out_cleared", customer, by)
    return True


def _record(kind: str, customer: Customer, by: User | None) -> None:
    events.record(
        kind, merchant=customer.merchant, by=by, mini_program=customer.mini_program, subject=customer
    )
