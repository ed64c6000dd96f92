import threading

import pytest
from django.db import connection
from django.utils import timezone

from membership import customers
from membership.models import Customer
from merchants.models import Dispatch, Event
from tests.base import CastCase, CommittedCastCase

ONE, TWO, THREE = "012person01", "012person02", "012person03"


class KnownTests(CastCase):
    def test_only_people_of_this_mini_program_are_known(self):
        mine = customers.remember(self.mini_program, [ONE], source="signal")
        customers.remember(self.other_mini_program, [TWO], source="signal")
        assert customers.known(self.mini_program, [ONE, TWO, THREE]) == mine

    def test_remembering_twice_gives_the_same_people_with_their_first_source(self):
        first = customers.remember(self.mini_program, [TWO, ONE, ONE], source="signal")
        assert customers.remember(self.mini_program, [ONE, TWO], source="upload") == first
        assert set(Customer.objects.values_list("source", flat=True)) == {"signal"}

    def test_the_shape_of_an_open_id(self):
        for good in ("a" * 8, "A-z_0" * 4, "9" * 64):
            assert customers.is_open_id(good)
        for bad in ("", "a" * 7, "9" * 65, "has space", "名单里的人是谁呢", "abcdefgh\n"):
            assert not customers.is_open_id(bad)


class ForgetTests(CastCase):
    def setUp(self):
        customers.remember(self.mini_program, [ONE], source="signal")
        self.person = Customer.objects.get(open_id=ONE)

    def test_the_id_is_gone_and_the_row_stays(self):
        assert customers.forget(self.person, by=self.owner, at=timezone.now())
        self.person.refresh_from_db()
        assert self.person.open_id is None
        assert self.person.forgotten_at is not None
        assert customers.known(self.mini_program, [ONE]) == {}

    def test_every_floor_is_told_once_and_the_event_does_not_name_the_person(self):
        customers.forget(self.person, by=self.owner, at=timezone.now())
        assert not customers.forget(self.person, by=self.owner, at=timezone.now())
        event = Event.objects.get(kind="customer.forgotten")
        assert (event.subject_id, event.by, event.detail) == (self.person.pk, self.owner, {})
        assert set(Dispatch.objects.values_list("subscriber", flat=True)) == {
            "membership.forget_customer",
            "orders.erase_imports",
            "orders.forget_customer",
            "messaging.forget_customer",
            "coupons.forget_customer",
        }

    def test_a_person_who_comes_back_is_a_new_customer(self):
        customers.forget(self.person, by=None, at=timezone.now())
        again = customers.remember(self.mini_program, [ONE], source="signal")
        assert again[ONE] != self.person.pk


class DoNotSendTests(CastCase):
    def test_setting_and_clearing_are_recorded_once_each(self):
        customers.remember(self.mini_program, [ONE], source="signal")
        person = Customer.objects.get(open_id=ONE)
        now = timezone.now()
        assert customers.set_do_not_send(person, by=self.operator, at=now)
        assert not customers.set_do_not_send(person, by=self.operator, at=now)
        person.refresh_from_db()
        assert person.do_not_send_at == now
        assert customers.clear_do_not_send(person, by=self.operator)
        assert not customers.clear_do_not_send(person, by=self.operator)
        kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
        assert kinds == ["customer.do_not_send_set", "customer.do_not_send_cleared"]


class ProfilingOptOutTests(CastCase):
    def test_setting_and_clearing_are_recorded_once_each_with_or_without_a_colleague(self):
        customers.remember(self.mini_program, [ONE], source="signal")
        person = Customer.objects.get(open_id=ONE)
        now = timezone.now()
        assert customers.set_profiling_opt_out(person, by=None, at=now)
        assert not customers.set_profiling_opt_out(person, by=self.operator, at=now)
        person.refresh_from_db()
        assert (person.profiling_opt_out_at, person.do_not_send_at) == (now, None)
        assert customers.clear_profiling_opt_out(person, by=self.operator)
        assert not customers.clear_profiling_opt_out(person, by=self.operator)
        told = Event.objects.order_by("id").values_list("kind", "by")
        kinds = ["customer.profiling_opt_out_set", "customer.profiling_opt_out_cleared"]
        assert list(told) == [(kinds[0], None), (kinds[1], self.operator.pk)]


@pytest.mark.race
class RaceTests(CommittedCastCase):
    def test_many_who_remember_the_same_people_at_once_agree(self):
        people = [f"012person{number:03d}" for number in range(30)]
        found: list[dict[str, int]] = []

        def remember(order: list[str]) -> None:
            try:
                found.append(customers.remember(self.mini_program, order, source="signal"))
            finally:
                connection.close()

        threads = [
            threading.Thread(target=remember, args=(people if turn % 2 else people[::-1],))
            for turn in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == 6
        assert all(one == found[0] for one in found)
        assert Customer.objects.count() == len(people)
