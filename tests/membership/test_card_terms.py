"""What a card may be: every limit of the platform has a sentence at the field it belongs to, and a constraint
where the table can hold it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone, translation

from membership import card_designing
from membership.card_designing import ELSE, problems
from membership.card_terms import Terms, components
from membership.models import CardTemplate
from tests import build_cards
from tests.base import CastCase
from tests.build_cards import design

NOW = timezone.now()
FIELDS = ("MOBILE", "GENDER", "NAME", "BIRTHDAY", "IDCARD", "EMAIL")


def column(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "title": "标题", **more}


def action(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "text": "按钮", "page": "pages/x", **more}


def benefit(**more: Any) -> dict[str, Any]:
    times = {"begins_at": NOW.isoformat(), "ends_at": (NOW + timedelta(days=1)).isoformat()}
    return {"title": "权益", "lines": ["一行"], **times, **more}


def level(code: str, threshold: int, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "threshold": threshold, **more}


def face(**more: Any) -> dict[str, Any]:
    return {"name": "卡", "logo_id": "A*l", "background_id": "A*b", **more}


def form(*required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [[f"OPEN_FORM_FIELD_{one}" for one in group] for group in (required, optional)]
    return {"required": names[0], "optional": names[1]}


PAID = {"price_fen": 9_900, "selling_url": "https://example.com/buy"}
# What is wrong, the only field that says so, and a word of its sentence.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"face": face(name="")}, "face.name", "needed"),
    ({"face": face(name="名" * 21)}, "face.name", "20"),
    ({"face": face(logo_id="")}, "face.logo_id", "needed"),
    ({"face": face(background_id=" ")}, "face.background_id", "needed"),
    ({"face": face(text_color="red")}, "face.text_color", "colour"),
    ({"face": face(banner_url="http://example.com")}, "face.banner_url", "https"),
    ({"face": face(features=["一", "二", "三", "四", "五"])}, "face.features", "4"),
    ({"face": face(layout="table")}, "face.layout", "offered"),
    ({"face": face(layout="grid"), "columns": [column("POINT")]}, "columns", "icon"),
    ({"columns": [column(f"c{n}") for n in range(11)]}, "columns", "10"),
    ({"columns": [column("POINT"), column("POINT")]}, "columns", "POINT"),
    ({"columns": [column("c", title="标" * 17)]}, "columns.0.title", "16"),
    ({"columns": [column("c", value="值" * 33)]}, "columns.0.value", "32"),
    ({"columns": [column("a b")]}, "columns.0.code", "letters"),
    ({"columns": [column("TELEPHONE", opens="text", lines=["一"])]}, "columns.0.opens", "number"),
    ({"columns": [column("c", opens="text")]}, "columns.0.lines", "line"),
    ({"columns": [column("c", opens="page")]}, "columns.0.url", "page"),
    ({"actions": [action(f"a{n}") for n in range(4)]}, "actions", "3"),
    ({"actions": [action("a", text="七个字的按钮名")]}, "actions.0.text", "6"),
    ({"actions": [action("a" * 33)]}, "actions.0.code", "32"),
    ({"actions": [action("a"), action("a")]}, "actions", "twice"),
    ({"actions": [action("a", is_quick=True)]}, "actions", "two quick"),
    ({"actions": [action(f"a{n}", is_quick=True) for n in range(3)]}, "actions", "two quick"),
    ({"actions": [action("a", page="")]}, "actions.0.url", "one of the two"),
    ({"actions": [action("a", url="https://example.com")]}, "actions.0.url", "one of the two"),
    (
        {"actions": [action("a", page="", url="https://example.com", is_quick=True), action("b")]},
        "actions.0.is_quick",
        "mini program",
    ),
    ({"benefits": [benefit(ends_at=NOW.isoformat())]}, "benefits.0.ends_at", "later"),
    ({"benefits": [benefit(lines=[])]}, "benefits.0.lines", "1"),
    ({"benefits": [benefit(begins_at="2026-01-01T00:00:00")]}, "benefits.0.begins_at", "zone"),
    ({"benefits": [benefit() for _n in range(13)]}, "columns", "16"),
    ({"form": form()}, "form.required", "1"),
    ({"form": form("MOBILE", "MOBILE")}, "form.required", "twice"),
    ({"form": form("MOBILE", optional=("MOBILE",))}, "form.optional", "either"),
    ({"form": form("MOBILE", optional=("NAME", "NAME"))}, "form.optional", "twice"),
    ({"form": form("MOBILE", *["NAME"] * 20)}, "form.required", "20"),
    ({"form": form("SHOE_SIZE")}, "form.required.0", "offered"),
    ({"levels": [level("a", 5)]}, "levels", "0"),
    ({"levels": [level("a", 0), level("b", 5), level("c", 5)]}, "levels", "more"),
    ({"levels": [level("a", 0), level("a", 5)]}, "levels", "twice"),
    ({"levels": [level("a", 0, points_percent=99)]}, "levels.0.points_percent", "100"),
    ({"levels": [level("a", 0, protection_days=-1)]}, "levels.0.protection_days", "0"),
    ({"points": {"fen_per_point": 0}}, "points.fen_per_point", "1"),
    ({"points": {"valid_days": 4_000}}, "points.valid_days", "3650"),
    ({"numbers": {"prefix": "QCQCQCQCQCQ", "length": 8}}, "numbers.prefix", "10"),
    ({"numbers": {"prefix": "", "length": 7}}, "numbers.length", "8"),
    ({"numbers": {"prefix": "", "length": 33}}, "numbers.length", "32"),
    ({"numbers": {"prefix": "QC", "length": 31}}, "numbers.length", "32"),
    ({"validity": {"kind": "days"}}, "validity.days", "days"),
    ({"validity": {"kind": "until"}}, "validity.until", "until"),
    ({"write_off": "mdqrcode"}, "code_url", "server"),
    ({"write_off": "mdbarcode", "code_url": "alipays://x"}, "code_url", "server"),
    ({"write_off": "stamp"}, "write_off", "offered"),
    ({"mode": "paid"}, "paid", "costs"),
    ({"mode": "free", "paid": PAID}, "paid", "price"),
    ({"mode": "paid", "paid": {**PAID, "price_fen": 0}}, "paid.price_fen", "1"),
    ({"mode": "paid", "paid": {**PAID, "cycles": ["year"]}}, "paid.cycle_url", "cycles"),
    ({"mode": "stored_value"}, "columns", "BALANCE"),
    ({"shop_ids": ["1", "1"]}, "shop_ids", "twice"),
    ({"sparkle": True}, "sparkle", "no such thing"),
]


@pytest.mark.parametrize(
    ("parts", "field", "word"), WRONG, ids=[f"{n} {row[1]}" for n, row in enumerate(WRONG)]
)
def test_each_limit_is_refused_at_its_field_with_what_to_do(
    parts: dict[str, Any], field: str, word: str
) -> None:
    with translation.override("en"):
        found = problems(design(**parts))
        assert list(found) == [field], found
        assert word in found[field]
        assert found[field] != str(ELSE) and "%" not in found[field]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"actions": [], "columns": [], "benefits": [], "levels": []},
        {"face": face(layout="grid"), "columns": [column("POINT", icon_id="A*i")]},
        {"columns": [column("TELEPHONE", value="0571-26888888"), column("c", opens="text", lines=["一"])]},
        {"columns": [column(f"c{n}") for n in range(10)], "actions": [action(f"a{n}") for n in range(3)]}
        | {"benefits": [benefit() for _n in range(3)]},
        {"form": form(*FIELDS, optional=("ADDRESS", "CITY", "IS_STUDENT", "MEMBER_GRADE"))},
        {"numbers": {"prefix": "QCQCQCQCQC", "length": 22}},
        {"numbers": {"prefix": "", "length": 32}},
        {"validity": {"kind": "until", "until": NOW.isoformat()}},
        {"write_off": "mdqrcode", "code_url": "https://example.com/code"},
        {"mode": "paid", "paid": {**PAID, "cycles": ["year"], "cycle_url": "https://example.com/c"}},
        {"mode": "stored_value", "columns": [column("BALANCE")]},
    ],
    ids=lambda parts: " ".join(parts) or "none",
)
def test_what_reaches_a_limit_holds(parts: dict[str, Any]) -> None:
    assert problems(design(**parts)) == {}


def test_several_faults_are_told_at_once() -> None:
    wrong = design(face=face(name=""), form=form(), numbers={"prefix": "q", "length": 7})
    assert set(problems(wrong)) == {"face.name", "form.required", "numbers.prefix", "numbers.length"}


def test_whatever_is_missing_is_named_by_its_field() -> None:
    assert set(problems({})) == {"face", "form"}


def test_components_are_columns_buttons_and_benefits() -> None:
    assert components(Terms.model_validate(design())) == 5


def test_each_sentence_is_of_a_refusal_that_can_happen() -> None:
    spoken: set[str] = set()
    with translation.override("en"):
        for parts, _field, _word in WRONG:
            spoken |= set(problems(design(**parts)).values())
        spoken |= set(problems({}).values())
        unspoken = []
        for kind, sentence in card_designing.SENTENCES.items():
            beginning = str(sentence).partition("%")[0]
            if not any(one.startswith(beginning) for one in spoken):
                unspoken.append(kind)
    # a form has ten different fields, so that none has more than twenty without naming one twice
    assert unspoken == ["form_fields"]


class Constraints(CastCase):
    """Whoever writes past the form is stopped by the table."""

    def assert_refused(self, name: str, **columns: Any) -> None:
        live = {"state": "live", "template_id": "T", "live_terms": {}, "live_version": 1, **columns}
        made = build_cards.draft(self.mini_program)
        with self.assertRaisesMessage(IntegrityError, name), transaction.atomic():
            CardTemplate.objects.filter(pk=made.pk).update(**live)

    def assert_terms_refused(self, name: str, **parts: Any) -> None:
        made = build_cards.draft(self.mini_program)
        terms = {**made.terms, **parts}
        with self.assertRaisesMessage(IntegrityError, name), transaction.atomic():
            CardTemplate.objects.filter(pk=made.pk).update(terms=terms)

    def test_what_stands_in_columns(self) -> None:
        self.assert_refused("card_template_state_known", state="gone")
        self.assert_refused("card_template_mode_known", mode="gift")
        self.assert_refused("card_template_write_off_known", write_off="stamp")
        self.assert_refused("card_template_number_length", number_length=7)
        self.assert_refused("card_template_number_fits", number_length=31)
        self.assert_refused("card_template_live_is_known", template_id="")
        self.assert_refused("card_template_stored_value_shows_it", mode="stored_value")

    def test_what_stands_in_the_terms(self) -> None:
        quick = {"is_quick": True}
        self.assert_terms_refused("card_template_columns", columns=[{}] * 11, actions=[], benefits=[])
        self.assert_terms_refused("card_template_actions", actions=[{}] * 4)
        self.assert_terms_refused("card_template_quick_none_or_two", actions=[quick])
        self.assert_terms_refused("card_template_quick_none_or_two", actions=[quick] * 3)
        self.assert_terms_refused("card_template_components", benefits=[{}] * 13)
        self.assert_terms_refused("card_template_form_asks_something", form={"required": [], "optional": []})
        self.assert_terms_refused(
            "card_template_form_asks_once", form={"required": ["A", "B"], "optional": ["B"]}
        )
        many = [f"F{n}" for n in range(21)]
        self.assert_terms_refused("card_template_form_fields", form={"required": many, "optional": []})

    def test_two_rows_never_stand_for_one_template_of_the_platform(self) -> None:
        one, other = build_cards.template(self.mini_program), build_cards.template(self.mini_program)
        with self.assertRaisesMessage(IntegrityError, "card_template_id_unique"), transaction.atomic():
            CardTemplate.objects.filter(pk=other.pk).update(template_id=one.template_id)
        CardTemplate.objects.filter(pk=other.pk).update(version=F("version") + 1)
