"""What pages show of the library and of consents."""

from django.utils import timezone

from messaging.consent import reports
from messaging.models import LibraryTemplate
from tests.base import CastCase
from tests.build_messaging import consents, people, template


class LibraryRows(CastCase):
    def entry(self, code: str, **fields: object) -> LibraryTemplate:
        return LibraryTemplate.objects.create(
            merchant=self.yunduo,
            mini_program=self.mini_program,
            code=code,
            **{
                "name": code,
                "keywords": ["A", "B"],
                "kind": "one_time",
                "synced_at": timezone.now(),
                **fields,
            },
        )

    def test_one_that_ended_counts_as_not_adopted(self) -> None:
        self.entry("A")
        self.entry("B")
        template(self.mini_program, library_code="A", state="rejected")
        template(self.mini_program, library_code="B", state="applied")
        marks = {row.code: row.is_adopted for row in reports.library_rows(self.mini_program)}
        self.assertEqual(marks, {"A": False, "B": True})

    def test_adopting_one_kind_leaves_the_other_free(self) -> None:
        self.entry("A")
        self.entry("A", kind="long_term")
        template(self.mini_program, library_code="A")
        free = reports.library_rows(self.mini_program, show="available")
        self.assertEqual([row.kind for row in free], ["long_term"])

    def test_the_other_kind_is_offered_only_while_it_can_be_adopted(self) -> None:
        first = self.entry("A")
        self.assertIsNone(reports.other_kind(first))
        other = self.entry("A", kind="long_term", selectable=False)
        self.assertIsNone(reports.other_kind(first))
        LibraryTemplate.objects.filter(pk=other.pk).update(selectable=True)
        self.assertEqual(reports.other_kind(first), other)


class ConsentsOf(CastCase):
    def test_standing_consents_are_no_units(self) -> None:
        chosen = template(self.mini_program, kind="long_term")
        consents(chosen, people(self.mini_program, 3))
        held = reports.consents_of(chosen)
        self.assertEqual((held.standing_now, held.units_left, held.none_left), (3, 0, 0))

    def test_beyond_what_a_page_reads_it_says_that_there_are_more(self) -> None:
        chosen = template(self.mini_program)
        consents(chosen, people(self.mini_program, 3))
        self.assertTrue(reports.consents_of(chosen).is_whole)
        self.assertTrue(reports.consents_of(chosen, at_most=3).is_whole)
        self.assertFalse(reports.consents_of(chosen, at_most=2).is_whole)
