"""One test for each constraint of the rows that say who acts for whom."""

from contextlib import contextmanager

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from merchants.models import ApiKey, Merchant, MiniProgram, Staff, Store
from tests import build
from tests.base import CastCase


class Constraints(CastCase):
    @contextmanager
    def broken(self, name: str):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            yield

    def test_user_names_differ_by_more_than_their_case(self):
        with self.broken("user_username_ci_unique"):
            build.user("Operator")

    def test_a_slug_names_one_merchant(self):
        with self.broken("slug"):
            Merchant.objects.create(name="x", slug="yunduo")

    def test_an_app_id_is_one_mini_program(self):
        with self.broken("app_id"):
            build.mini_program(self.qingcha, app_id=self.mini_program.app_id)

    def test_a_gateway_is_one_of_three_names(self):
        with self.broken("mini_program_gateway_known"):
            MiniProgram.objects.filter(pk=self.mini_program.pk).update(gateway="elsewhere")

    def test_a_rate_is_at_least_one_a_second(self):
        with self.broken("mini_program_rate_positive"):
            MiniProgram.objects.filter(pk=self.mini_program.pk).update(rate_per_second=0)

    def test_a_store_has_a_name_of_its_own(self):
        Store.objects.create(merchant=self.yunduo, name="西湖店")
        Store.objects.create(merchant=self.qingcha, name="西湖店")
        with self.broken("store_name_unique"):
            Store.objects.create(merchant=self.yunduo, name="西湖店")

    def test_a_person_has_one_seat_at_a_merchant(self):
        with self.broken("staff_one_seat_per_merchant"):
            build.seat(self.operator, self.yunduo, "owner")

    def test_a_role_is_one_of_the_table(self):
        with self.broken("staff_role_known"):
            Staff.objects.filter(user=self.operator).update(role="king")

    def test_a_client_key_has_no_scopes(self):
        with self.broken("api_key_client_keys_have_no_scopes"):
            build.api_key(self.mini_program, kind="client", scopes=["signals"])


class ApiKeys(CastCase):
    def test_a_key_is_readable_once_and_found_by_itself(self):
        row, key = ApiKey.issue(
            mini_program=self.mini_program, name="till", kind="server", scopes=["signals"]
        )
        assert key.startswith("sk_") and key not in (row.hash, row.prefix)
        assert ApiKey.find(key) == row
        assert (row.merchant, row.mini_program) == (self.yunduo, self.mini_program)

    def test_another_key_is_nobodys(self):
        assert ApiKey.find("sk_" + "x" * 40) is None

    def test_a_revoked_key_is_nobodys_and_is_revoked_once(self):
        key = build.api_key(self.mini_program, kind="client")
        row = ApiKey.find(key)
        assert row.revoke(at=timezone.now())
        assert not row.revoke(at=timezone.now())
        assert ApiKey.find(key) is None


class Seats(CastCase):
    def test_rights_come_from_the_role_and_end_with_the_seat(self):
        seat = Staff.objects.get(user=self.operator)
        assert seat.can("sends.launch") and not seat.can("staff.edit")
        seat.disabled_at = timezone.now()
        assert not seat.can("sends.launch")

    def test_a_misspelt_capability_is_an_error_and_not_a_no(self):
        with pytest.raises(KeyError, match="unknown capability"):
            Staff.objects.get(user=self.owner).can("sends.lunch")

    def test_rows_are_read_by_merchant(self):
        assert set(Staff.objects.for_merchant(self.qingcha)) == {Staff.objects.get(user=self.other_owner)}
