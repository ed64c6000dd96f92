"""A card's template: drafts and versions, nobody's work lost, and its moves to the platform and back."""

import uuid
from typing import Any

from django.utils import timezone

from membership import card_designing, card_life
from membership.card_designing import DesignRefused, DraftChanged
from membership.models import CardLevel, CardRevision, CardTemplate
from merchants.models import Event
from tests import build_cards
from tests.base import CastCase
from tests.build_cards import LEVELS, design


def kinds(template: CardTemplate) -> list[str]:
    rows = Event.objects.filter(subject_kind="cardtemplate", subject_id=template.pk)
    return list(rows.order_by("id").values_list("kind", flat=True))


class Designing(CastCase):
    def draft(self, **parts: Any) -> CardTemplate:
        return card_designing.create_draft(
            self.yunduo, self.mini_program, design(**parts), by=self.operator, form_token=uuid.uuid4()
        )

    def edit(self, template: CardTemplate, *, version: int | None = None, **parts: Any) -> CardTemplate:
        return card_designing.edit(
            template, design(**parts), version=version or template.version, by=self.operator
        )

    def test_a_draft_is_kept_as_it_was_written(self) -> None:
        made = self.draft()
        made.refresh_from_db()
        self.assertEqual((made.state, made.version, made.name), ("draft", 1, "青茶会员"))
        self.assertEqual((made.number_prefix, made.number_length), ("QC", 12))
        self.assertEqual(made.terms["actions"][0]["text"], "点单")
        self.assertEqual(card_designing.terms_of(made).points.fen_per_point, 100)
        self.assertEqual(CardRevision.objects.get(template=made).terms, made.terms)
        self.assertEqual(kinds(made), ["card.drafted"])

    def test_the_same_form_twice_is_one_draft(self) -> None:
        token = uuid.uuid4()
        made = [
            card_designing.create_draft(
                self.yunduo, self.mini_program, design(), by=self.operator, form_token=token
            )
            for _n in range(2)
        ]
        self.assertEqual(made[0].pk, made[1].pk)
        self.assertEqual(CardTemplate.objects.count(), 1)

    def test_what_does_not_hold_is_not_saved(self) -> None:
        with self.assertRaises(DesignRefused) as refused:
            self.draft(form={"required": []})
        self.assertEqual(list(refused.exception.by_field), ["form.required"])
        self.assertEqual(CardTemplate.objects.count(), 0)

    def test_each_version_is_kept_with_its_author(self) -> None:
        made = self.draft()
        self.edit(made, columns=[])
        self.assertEqual((made.version, made.terms["columns"]), (2, []))
        kept = CardRevision.objects.filter(template=made).order_by("version")
        self.assertEqual([len(one.terms["columns"]) for one in kept], [2, 0])
        self.assertEqual({one.author for one in kept}, {self.operator})

    def test_who_saves_an_older_version_loses_nothing_of_the_other(self) -> None:
        made = self.draft()
        self.edit(made, columns=[])
        with self.assertRaises(DraftChanged):
            self.edit(made, version=1, actions=[])
        made.refresh_from_db()
        self.assertEqual((made.version, len(made.terms["actions"])), (2, 2))

    def test_a_draft_is_deleted_with_its_versions_unless_the_platform_heard_of_it(self) -> None:
        made = self.draft()
        with self.assertRaises(DraftChanged):
            card_designing.delete_draft(made, version=7, by=self.operator)
        card_designing.delete_draft(made, version=1, by=self.operator)
        self.assertEqual((CardTemplate.objects.count(), CardRevision.objects.count()), (0, 0))
        asked = self.draft()
        card_life.begin(asked, version=1, by=self.operator)
        card_life.refused(asked, sub_code="NO_CARD_TYPE", words="卡类型不存在")
        with self.assertRaises(DraftChanged):
            card_designing.delete_draft(asked, version=asked.version, by=self.operator)


class Moves(CastCase):
    def test_from_draft_to_live_and_its_levels_can_be_reached(self) -> None:
        made, at = build_cards.draft(self.mini_program), timezone.now()
        card_life.begin(made, version=1, by=self.operator)
        self.assertEqual((made.state, made.asked_version, made.operations), ("creating", 1, 1))
        first = card_life.request_id(made)
        self.assertLessEqual(len(first), 32)
        with self.assertRaises(DraftChanged):
            card_designing.edit(made, design(), version=1, by=self.operator)
        self.assertTrue(card_life.went_live(made, template_id="2026T1", at=at))
        self.assertEqual((made.state, made.live_version, made.template_id), ("live", 1, "2026T1"))
        self.assertEqual(made.live_terms, made.terms)
        self.assertFalse(card_life.went_live(made, template_id="2026T1", at=at))
        levels = CardLevel.objects.filter(template=made).order_by("threshold")
        self.assertEqual(
            list(levels.values_list("code", "threshold")), [(one["code"], one["threshold"]) for one in LEVELS]
        )
        self.assertEqual(kinds(made), ["card.drafted", "card.submitted", "card.live"])

    def test_a_refusal_leads_back_and_says_why(self) -> None:
        made = build_cards.draft(self.mini_program)
        card_life.begin(made, version=1, by=self.operator)
        self.assertTrue(card_life.refused(made, sub_code="TEMPLATE_OVER_LIMIT", words="模板数量超限"))
        self.assertEqual(
            (made.state, made.refusal, made.words), ("draft", "TEMPLATE_OVER_LIMIT", "模板数量超限")
        )
        self.assertFalse(card_life.refused(made, sub_code="X", words=""))
        card_life.begin(made, version=1, by=self.operator)
        self.assertEqual((made.operations, made.refusal), (2, ""))

    def test_nobody_begins_twice_or_with_an_older_version(self) -> None:
        made = build_cards.draft(self.mini_program)
        seen = CardTemplate.objects.get(pk=made.pk)
        card_designing.edit(made, design(columns=[]), version=1, by=self.operator)
        with self.assertRaises(DraftChanged):
            card_life.begin(seen, version=1, by=self.operator)
        card_life.begin(made, version=2, by=self.operator)
        with self.assertRaises(DraftChanged):
            card_life.begin(made, version=2, by=self.operator)

    def test_a_new_version_of_a_live_card_waits_until_the_platform_has_it(self) -> None:
        made = build_cards.template(self.mini_program)
        more = [*LEVELS, {"code": "black", "name": "黑卡会员", "threshold": 30_000}]
        card_designing.edit(made, design(levels=more), version=1, by=self.operator)
        self.assertEqual((made.state, made.version, made.live_version), ("live", 2, 1))
        self.assertTrue(card_designing.is_behind(made))
        self.assertEqual(CardLevel.objects.filter(template=made).count(), 3)
        card_life.begin(made, version=2, by=self.operator)
        self.assertEqual(made.state, "modifying")
        card_life.went_live(made, template_id="", at=timezone.now())
        self.assertEqual((made.live_version, card_designing.is_behind(made)), (2, False))
        self.assertEqual(CardLevel.objects.filter(template=made).count(), 4)

    def test_levels_exchange_their_thresholds_and_one_left_out_loses_its_place(self) -> None:
        made = build_cards.template(self.mini_program)
        changed = [LEVELS[0], {**LEVELS[2], "threshold": 1_000}]
        card_designing.edit(made, design(levels=changed), version=1, by=self.operator)
        card_life.begin(made, version=2, by=self.operator)
        card_life.went_live(made, template_id="", at=timezone.now())
        placed = CardLevel.objects.filter(template=made, left_out_at=None)
        self.assertEqual(set(placed.values_list("code", "threshold")), {("basic", 0), ("gold", 1_000)})

    def test_what_a_live_card_stands_on_stays(self) -> None:
        made = build_cards.template(self.mini_program, shop_ids=["S1", "S2"])
        balance = [{"code": "BALANCE", "title": "余额"}]
        for field, parts in {
            "mode": {"mode": "stored_value", "columns": balance},
            "numbers.prefix": {"numbers": {"prefix": "QX", "length": 12}},
            "validity.kind": {"validity": {"kind": "days", "days": 90}},
            "level_rule.basis": {"level_rule": {"basis": "spending"}},
            "shop_ids": {"shop_ids": ["S2", "S3"]},
        }.items():
            given = design(**{"shop_ids": ["S1", "S2"], **parts})
            with self.subTest(field), self.assertRaises(DesignRefused) as refused:
                card_designing.edit(made, given, version=1, by=self.operator)
            self.assertEqual(list(refused.exception.by_field), [field])
        card_designing.edit(made, design(shop_ids=["S1", "S2", "S3"]), version=1, by=self.operator)
        self.assertEqual(made.version, 2)
