from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from merchants import leases
from merchants.models import GatewayCall
from tests.base import CastCase, CommittedCastCase


def a_call(case, key: str) -> GatewayCall:
    return GatewayCall.objects.create(
        merchant=case.yunduo, mini_program=case.mini_program, method="m", target_id=1, idempotency_key=key
    )


def claim(limit=10, **changes):
    rows = GatewayCall.objects.filter(state="waiting").order_by("pk")
    return leases.claim(rows, seconds=30, limit=limit, changes={"state": "claimed", **changes})


class Claiming(CastCase):
    def test_it_takes_no_more_than_the_limit_under_one_token(self):
        first, second, _third = (a_call(self, key) for key in "abc")
        taken = claim(limit=2)
        assert [row.pk for row in taken] == [first.pk, second.pk]
        assert len({row.token for row in taken}) == 1 and taken[0].worker_pid

    def test_what_is_taken_is_not_taken_again(self):
        a_call(self, "a")
        assert len(claim()) == 1 and claim() == []

    def test_nothing_to_take_is_no_error(self):
        assert claim() == []


class Fencing(CastCase):
    def test_the_holder_passes(self):
        a_call(self, "a")
        (row,) = claim()
        assert leases.held(row).exists()

    def test_after_the_lease_nobody_passes(self):
        a_call(self, "a")
        (row,) = claim()
        GatewayCall.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert not leases.held(row).exists()

    def test_after_somebody_else_took_it_the_first_holder_changes_nothing(self):
        a_call(self, "a")
        (row,) = claim()
        GatewayCall.objects.update(state="waiting")
        (other,) = claim()
        assert not leases.release(row, state="dead")
        assert leases.release(other, state="waiting")
        other.refresh_from_db()
        assert (other.state, other.token, other.lease_until) == ("waiting", None, None)


class Committing(CommittedCastCase):
    def test_a_claim_inside_a_transaction_is_refused(self):
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            claim()
