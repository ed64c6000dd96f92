from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import RequestFactory
from django.utils import timezone
from django.utils.translation import override

from merchants import staff
from merchants.models import Event, Staff, User
from tests import build
from tests.base import CastCase


class StaffCase(CastCase):
    def setUp(self):
        self.enterContext(override("en"))
        self.operator_seat = Staff.objects.get(merchant=self.yunduo, user=self.operator)
        self.owner_seat = Staff.objects.get(merchant=self.yunduo, user=self.owner)

    def events(self, kind: str) -> list[Event]:
        return list(Event.objects.for_merchant(self.yunduo).filter(kind=kind))

    def is_signed_in(self, person: User) -> bool:
        """Whether the session of self.client still stands for this person."""
        request = RequestFactory().get("/")
        request.session = self.client.session
        return get_user(request).pk == person.pk


class AddStaff(StaffCase):
    def test_a_person_gets_a_seat_and_it_is_told(self):
        person = build.user()
        seat = staff.add_staff(merchant=self.yunduo, user=person, role="analyst", by=self.owner)
        assert (seat.role, seat.disabled_at) == ("analyst", None)
        (event,) = self.events("staff.added")
        assert (event.by, event.subject_id, event.detail) == (self.owner, seat.pk, {"role": "analyst"})

    def test_a_seat_in_use_is_not_given_twice(self):
        with pytest.raises(staff.StaffRefused, match="works here already"):
            staff.add_staff(merchant=self.yunduo, user=self.operator, role="owner", by=self.owner)
        assert self.events("staff.added") == []

    def test_a_disabled_seat_is_opened_again(self):
        staff.disable(self.operator_seat, by=self.owner)
        seat = staff.add_staff(merchant=self.yunduo, user=self.operator, role="analyst", by=self.owner)
        assert (seat.pk, seat.role, seat.disabled_at) == (self.operator_seat.pk, "analyst", None)

    def test_an_unknown_role_is_refused(self):
        with pytest.raises(staff.StaffRefused, match="no role"):
            staff.add_staff(merchant=self.yunduo, user=build.user(), role="king", by=self.owner)


class ChangeRole(StaffCase):
    def test_the_new_role_holds_and_it_is_told(self):
        seat = staff.change_role(self.operator_seat, "analyst", by=self.owner)
        assert seat.role == "analyst"
        (event,) = self.events("staff.role_changed")
        assert event.detail == {"from": "operator", "to": "analyst"}

    def test_it_ends_the_sessions_of_that_person_only(self):
        self.sign_in(self.operator)
        assert self.is_signed_in(self.operator)
        staff.change_role(self.operator_seat, "analyst", by=self.owner)
        assert not self.is_signed_in(self.operator)
        self.sign_in(self.reviewer)
        assert self.is_signed_in(self.reviewer)

    def test_a_seat_that_somebody_else_changed_is_left_alone(self):
        Staff.objects.filter(pk=self.operator_seat.pk).update(role="reviewer")
        with pytest.raises(staff.StaffRefused, match="a moment ago"):
            staff.change_role(self.operator_seat, "analyst", by=self.owner)

    def test_a_disabled_seat_changes_no_role(self):
        staff.disable(self.operator_seat, by=self.owner)
        with pytest.raises(staff.StaffRefused):
            staff.change_role(self.operator_seat, "analyst", by=self.owner)

    def test_the_last_owner_stays_one(self):
        with pytest.raises(staff.StaffRefused, match="only owner"):
            staff.change_role(self.owner_seat, "operator", by=self.owner)

    def test_one_of_two_owners_may_step_down(self):
        staff.change_role(self.operator_seat, "owner", by=self.owner)
        assert staff.change_role(self.owner_seat, "analyst", by=self.owner).role == "analyst"

    def test_an_unknown_role_is_refused(self):
        with pytest.raises(staff.StaffRefused, match="no role"):
            staff.change_role(self.operator_seat, "king", by=self.owner)


class Disable(StaffCase):
    def test_the_seat_is_closed_told_and_signed_out(self):
        self.sign_in(self.operator)
        seat = staff.disable(self.operator_seat, by=self.owner)
        assert seat.disabled_at and not seat.can("home.view") and not self.is_signed_in(self.operator)
        assert len(self.events("staff.disabled")) == 1

    def test_twice_is_refused(self):
        staff.disable(self.operator_seat, by=self.owner)
        with pytest.raises(staff.StaffRefused):
            staff.disable(self.operator_seat, by=self.owner)

    def test_the_last_owner_cannot_be_removed(self):
        with pytest.raises(staff.StaffRefused, match="only owner"):
            staff.disable(self.owner_seat, by=self.owner)

    def test_a_disabled_owner_does_not_count_as_one(self):
        staff.change_role(self.operator_seat, "owner", by=self.owner)
        staff.disable(Staff.objects.get(pk=self.operator_seat.pk), by=self.owner)
        with pytest.raises(staff.StaffRefused, match="only owner"):
            staff.disable(self.owner_seat, by=self.owner)


class ChangePassword(StaffCase):
    def test_the_new_one_holds_other_sessions_end_and_it_is_told(self):
        self.sign_in(self.operator)
        staff.change_password(self.operator, "a heron on the far bank", by=self.operator)
        assert User.objects.get(pk=self.operator.pk).check_password("a heron on the far bank")
        assert not self.is_signed_in(self.operator)
        assert len(self.events("staff.password_changed")) == 1

    def test_a_weak_one_is_refused_with_the_rule(self):
        with pytest.raises(staff.StaffRefused, match="10 characters"):
            staff.change_password(self.operator, "short", by=self.operator)
        assert User.objects.get(pk=self.operator.pk).check_password(build.PASSWORD)


class OpenMerchant(StaffCase):
    def test_it_has_an_owner_who_can_sign_in_with_the_printed_password(self):
        merchant, owner, password = staff.open_merchant(name="白塔", slug="baita", owner_username="ta")
        assert Staff.objects.get(merchant=merchant, user=owner).role == "owner"
        assert owner.check_password(password) and len(password) >= 20

    def test_a_taken_slug_leaves_nothing_behind(self):
        with pytest.raises(staff.StaffRefused, match="yunduo"):
            staff.open_merchant(name="云朵", slug="yunduo", owner_username="ta")
        assert not User.objects.filter(username="ta").exists()

    def test_a_taken_user_name_in_any_case_leaves_nothing_behind(self):
        with pytest.raises(staff.StaffRefused, match="OPERATOR"):
            staff.open_merchant(name="白塔", slug="baita", owner_username="OPERATOR")
        assert self.yunduo.__class__.objects.count() == 2


class PruneSessions(StaffCase):
    def test_only_expired_ones_go(self):
        self.sign_in(self.operator)
        assert staff.prune_sessions(at=timezone.now()) == 0
        assert staff.prune_sessions(at=timezone.now() + timedelta(days=15)) == 1
        assert not Session.objects.exists()
