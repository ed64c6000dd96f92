"""One person's card: one of each template, a number of its own, and each of its moves once."""

import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from membership import card_designing, card_numbers, cards
from membership.cards import CardRefused
from membership.models import CardNumberSeries, MemberCard
from membership.models.member_card import CARD_TRANSITIONS, CardState
from merchants.models import Event
from tests import build, build_cards, build_messaging
from tests.base import CastCase
from tests.build_cards import LEVELS, design


class Cards(CastCase):
    def setUp(self) -> None:
        self.template = build_cards.template(self.mini_program)
        [self.person] = build_messaging.people(self.mini_program, 1)
        self.now = timezone.now()

    def begin(self, **more: Any) -> MemberCard:
        return cards.begin(self.template, self.person, **more)

    def opened(self, *, at: datetime | None = None) -> MemberCard:
        made = self.begin(channel="campus_2026")
        self.assertTrue(cards.opened(made, biz_card_no="biz1", at=at or self.now))
        made.refresh_from_db()
        return made

    def test_a_card_has_a_number_at_once_and_is_open_when_the_platform_says_so(self) -> None:
        made = self.begin(channel="campus_2026")
        self.assertEqual(made.state, "opening")
        self.assertTrue(re.fullmatch(r"QC\d{12}", made.number))
        self.assertTrue(cards.opened(made, biz_card_no="biz1", at=self.now))
        made.refresh_from_db()
        self.assertEqual((made.state, made.biz_card_no, made.opened_at), ("open", "biz1", self.now))
        assert made.level is not None
        self.assertEqual(made.level.code, "basic")
        told = Event.objects.get(kind="member.card_opened")
        self.assertEqual((told.subject_id, told.detail["channel"]), (made.pk, "campus_2026"))

    def test_told_twice_it_is_opened_once(self) -> None:
        made = self.opened()
        self.assertFalse(cards.opened(made, biz_card_no="biz1", at=self.now))
        self.assertEqual(Event.objects.filter(kind="member.card_opened").count(), 1)

    def test_one_person_has_one_card_of_a_template_and_one_of_another_beside_it(self) -> None:
        first = self.begin()
        self.assertEqual(self.begin().pk, first.pk)
        other = cards.begin(build_cards.template(self.mini_program), self.person)
        self.assertNotEqual(other.pk, first.pk)
        self.assertNotEqual(other.number, first.number)
        with self.assertRaises(IntegrityError), transaction.atomic():
            MemberCard.objects.filter(pk=other.pk).update(template=self.template)

    def test_who_took_it_out_gets_the_same_card_again_with_what_stood_on_it(self) -> None:
        made = self.opened()
        build_cards.earn(made, 30)
        self.assertTrue(cards.ended(made, state=CardState.UNBOUND, at=self.now))
        again = self.begin(channel="home")
        self.assertEqual((again.pk, again.state, again.number), (made.pk, "opening", made.number))
        self.assertTrue(cards.opened(again, biz_card_no="biz2", at=self.now + timedelta(days=1)))
        again.refresh_from_db()
        self.assertEqual((again.biz_card_no, again.points, again.opened_at), ("biz2", 30, self.now))

    def test_a_cancelled_card_never_comes_back_and_an_expired_one_neither(self) -> None:
        made = self.opened()
        self.assertTrue(cards.ended(made, state=CardState.CANCELLED, at=self.now))
        self.assertFalse(cards.ended(made, state=CardState.UNBOUND, at=self.now))
        with self.assertRaises(CardRefused):
            self.begin()
        self.assertFalse(cards.opened(made, biz_card_no="biz9", at=self.now))
        self.assertEqual(CARD_TRANSITIONS["cancelled"], frozenset())
        self.assertNotIn("open", CARD_TRANSITIONS["expired"])

    def test_a_refused_one_says_why_and_may_be_tried_again(self) -> None:
        made = self.begin()
        self.assertTrue(cards.refused(made, sub_code="OPEN_CARD_NEED_OPENFORM", words="需要表单"))
        self.assertFalse(cards.refused(made, sub_code="OPEN_CARD_NEED_OPENFORM", words="需要表单"))
        self.assertEqual(self.begin().state, "opening")

    def test_a_template_that_is_not_live_opens_nothing(self) -> None:
        self.template = build_cards.draft(self.mini_program)
        with self.assertRaises(CardRefused):
            self.begin()

    def test_a_channel_has_letters_digits_and_underscores(self) -> None:
        for channel in ("campus-2026", "校园", "x" * 33, "a b"):
            with self.assertRaises(CardRefused):
                self.begin(channel=channel)

    def test_cards_end_by_their_last_second_and_no_other(self) -> None:
        self.template = build_cards.template(self.mini_program, validity={"kind": "days", "days": 30})
        made = self.opened()
        assert made.valid_until is not None
        wall = made.valid_until.astimezone(cards.BEIJING)
        self.assertEqual((wall.hour, wall.minute, wall.second), (23, 59, 59))
        self.assertEqual(cards.expire_due(at=made.valid_until), 0)
        self.assertEqual(cards.expire_due(at=made.valid_until + timedelta(seconds=1)), 1)
        self.assertEqual(cards.expire_due(at=made.valid_until + timedelta(days=1)), 0)
        made.refresh_from_db()
        self.assertEqual(made.state, "expired")
        self.assertEqual(Event.objects.get(kind="member.card_ended").detail["ending"], "expired")

    def test_a_level_that_somebody_has_stays_in_the_next_version(self) -> None:
        self.opened()
        without = [{**LEVELS[1], "threshold": 0}, LEVELS[2]]
        with self.assertRaises(card_designing.DesignRefused) as refused:
            card_designing.edit(self.template, design(levels=without), version=1, by=self.operator)
        self.assertIn("普通会员", refused.exception.by_field["levels"])


class Numbers(CastCase):
    def test_numbers_run_on_with_two_digits_that_check_them(self) -> None:
        template = build_cards.template(self.mini_program)
        with transaction.atomic():
            given = [card_numbers.take(template) for _n in range(120)]
        self.assertEqual([int(one[2:-2]) for one in given], list(range(1, 121)))
        for one in given:
            self.assertTrue(card_numbers.is_well_formed(one, prefix="QC", length=12))

    def test_one_wrong_digit_or_two_exchanged_make_no_number_that_was_given(self) -> None:
        number = card_numbers.with_check("QC", 1_234_567, length=12)
        for place in range(2, 14):
            for digit in "0123456789":
                typed = number[:place] + digit + number[place + 1 :]
                self.assertEqual(
                    card_numbers.is_well_formed(typed, prefix="QC", length=12), typed == number, typed
                )
            swapped = number[: place - 1] + number[place] + number[place - 1] + number[place + 1 :]
            if place > 2 and swapped != number:
                self.assertFalse(card_numbers.is_well_formed(swapped, prefix="QC", length=12))

    def test_a_number_brought_from_elsewhere_is_passed_over(self) -> None:
        template = build_cards.template(self.mini_program)
        first, second, third = build_messaging.people(self.mini_program, 3)
        brought = card_numbers.with_check("QC", 1, length=12)
        cards.begin(template, first, number=brought)
        with self.assertRaises(CardRefused):
            cards.begin(template, second, number=brought)
        self.assertEqual(cards.begin(template, third).number, card_numbers.with_check("QC", 2, length=12))

    def test_when_all_are_given_it_says_so(self) -> None:
        template = build_cards.template(self.mini_program, numbers={"prefix": "Z", "length": 8})
        CardNumberSeries.objects.create(merchant=self.yunduo, prefix="Z", length=8, last=999_998)
        people = build_messaging.people(self.mini_program, 2)
        self.assertEqual(cards.begin(template, people[0]).number[:7], "Z999999")
        with self.assertRaises(card_numbers.NumbersExhausted):
            cards.begin(template, people[1])

    def test_two_merchants_count_for_themselves(self) -> None:
        templates = [build_cards.template(app) for app in (self.mini_program, self.other_mini_program)]
        with transaction.atomic():
            self.assertEqual(len({card_numbers.take(one) for one in templates}), 1)


@pytest.mark.django_db(transaction=True)
def test_many_who_open_at_once_get_numbers_of_their_own_and_one_card_each() -> None:
    app = build.cast().mini_program
    template = build_cards.template(app)
    people = build_messaging.people(app, 20)
    barrier, troubles = threading.Barrier(8), []

    def run() -> None:
        barrier.wait()
        try:
            for person in people:
                cards.begin(template, person)
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    assert MemberCard.objects.count() == 20
    assert MemberCard.objects.values("number").distinct().count() == 20
