"""Taking over the platform's copy of a template."""

from typing import Any

from django.db import transaction

from merchants import events
from messaging.consent.drift import PlatformCopy, TakeOverRefused, platform_copy, take_over
from messaging.models import SubscriptionTemplate
from tests.base import CastCase
from tests.build_messaging import template

SEEN = "keywords: Until"


class TakeOver(CastCase):
    def setUp(self) -> None:
        self.ours = template(self.mini_program, differs=True, difference=SEEN)

    def told(self, **detail: Any) -> None:
        with transaction.atomic():
            events.record("template.differs", merchant=self.yunduo, subject=self.ours, detail=detail)

    def test_the_copy_told_last_is_the_one_that_counts(self) -> None:
        self.told(their_keywords=["Before", "That"])
        self.told(their_keywords=["Until", "Benefit"], their_name="New name")
        self.assertEqual(
            platform_copy(self.ours), PlatformCopy(name="New name", keywords=("Until", "Benefit"))
        )

    def test_there_is_no_copy_while_both_agree_or_where_nothing_was_told(self) -> None:
        self.assertIsNone(platform_copy(self.ours))
        self.told(their_name="New name")
        self.ours.differs = False
        self.assertIsNone(platform_copy(self.ours))

    def test_what_the_platform_has_alike_stays_ours(self) -> None:
        self.told(their_name="New name")
        taken = take_over(self.ours, seen=SEEN, by=self.operator)
        self.assertEqual((taken.name, taken.keywords), ("New name", ["权益名称", "领取时间"]))
        self.assertFalse(taken.differs)

    def test_of_two_people_one_takes_over_and_the_other_is_told(self) -> None:
        self.told(their_name="New name")
        hers = SubscriptionTemplate.objects.select_related("merchant", "mini_program").get(pk=self.ours.pk)
        take_over(self.ours, seen=SEEN, by=self.operator)
        with self.assertRaisesMessage(TakeOverRefused, "was faster"):
            take_over(hers, seen=SEEN, by=self.owner)

    def test_a_status_nobody_can_read_is_left_to_a_person(self) -> None:
        self.told(their_name="New name", their_status="FROZEN")
        with self.assertRaisesMessage(TakeOverRefused, "Only a name and keywords"):
            take_over(self.ours, seen=SEEN, by=self.operator)

    def test_a_difference_in_words_names_each_part(self) -> None:
        copy = PlatformCopy(name="N", keywords=("A", "B"), kind="one_time", status="FROZEN")
        self.assertEqual(copy.in_words, "name: N; keywords: A, B; kind: One-time; status: FROZEN")
        self.assertEqual(PlatformCopy().in_words, "")
