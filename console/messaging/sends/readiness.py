"""What is checked before a send may go, line by line, each with its evidence or the way to its repair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from console.messaging.sends.compose_form import PROBLEM_FIELDS
from console.messaging.sends.lookup import address
from console.messaging.sends.sample import Sample
from console.states import send_word
from gateway import wire
from messaging.models import BatchSend, SkipReason
from messaging.sends import batches, personal
from messaging.sends.advice import claims_in
from messaging.sends.placeholders import PlaceholderError

LIMIT = wire.KEYWORD_VALUE_MAX_CHARACTERS
NEWEST_TESTS = 20


@dataclass(frozen=True)
class Check:
    """`tone`: good; hint, which does not keep it from being sent; bad, which does.

    `evidence` and `at`: what it rests on; `note`: what was not looked at; `url` and `verb`: the repair.
    """

    tone: str
    sentence: str
    evidence: str = ""
    at: datetime | None = None
    note: str = ""
    url: str = ""
    verb: str = ""


def checks_of(batch: BatchSend, problems: Sequence[batches.Problem], sample: Sample) -> list[Check]:
    """One pass over the list where the text differs from person to person."""
    return [
        _template(batch, problems),
        _texts(batch, problems, sample),
        _claims(batch, sample),
        _page(batch, problems),
        _test(batch),
    ]


def passed_of(checks: Sequence[Check]) -> int:
    return sum(check.tone == "good" for check in checks)


def _template(batch: BatchSend, problems: Sequence[batches.Problem]) -> Check:
    for problem in _about("template", problems):
        return _bad(batch, problem)
    if batch.template is None:
        raise ValueError(f"draft {batch.pk} has neither a template nor a problem with it")
    keywords = len(batch.template.keywords)
    filled = sum(bool(value) for value in batch.values[:keywords])
    evidence = f"{filled} / {keywords}" if filled == keywords else ""
    return Check("good", _("The template is online"), evidence)


def _texts(batch: BatchSend, problems: Sequence[batches.Problem], sample: Sample) -> Check:
    wrong = list(_about("values", problems))
    if wrong:
        return _bad(batch, wrong[0])
    if batch.template is None:
        return Check("hint", _("The texts are checked once a template is chosen"))
    lengths = [wire.text_length(said) for _keyword, said in sample.message.fields]
    failing, longest = _on_the_list(batch)
    evidence = _("longest %(n)s") % {"n": max([*lengths, longest])}
    if failing:
        words = ngettext(
            "The text of %(n)s person does not fit; they are skipped",
            "The texts of %(n)s people do not fit; they are skipped",
            failing,
        )
        url = f"{address('send_launch', batch)}{SkipReason.DOES_NOT_FIT}/"
        return Check("hint", words % {"n": f"{failing:,}"}, url=url, verb=_("See who"))
    return Check("good", _("Every text fits in %(n)s characters") % {"n": LIMIT}, evidence)


def _on_the_list(batch: BatchSend) -> tuple[int, int]:
    """How many people's texts do not fit, and the length of the longest; 0, 0 where all get the same."""
    try:
        pieces = batches.pieces_of(batch)
    except PlaceholderError:
        return 0, 0
    found = personal.fits_of(batch.people_list, pieces) if batch.people_list else None
    if found is None:
        return 0, 0
    return found.failing, max((one.characters for one in found.longest.values()), default=0)


def _claims(batch: BatchSend, sample: Sample) -> Check:
    """In what was written, and in what the person shown reads; nobody reads through a whole list for it."""
    if not any(batch.values):
        return Check("hint", _("There is no text to look through yet"))
    written = claims_in(batch.values)
    found = written or claims_in([said for _keyword, said in sample.message.fields])
    if found:
        comma = pgettext("between items of a list", ", ")
        words = comma.join(dict.fromkeys(one.word for one in found))
        sentence = _("Absolute claims: %(words)s. The platform may refuse the whole batch.") % {
            "words": words
        }
        return Check("hint", sentence, **_change(batch, f"id_value_{found[0].position}"))
    note = _("Texts of columns are looked at for the person shown only.") if sample.is_personal else ""
    return Check("good", _("No forbidden words"), note=note)


def _page(batch: BatchSend, problems: Sequence[batches.Problem]) -> Check:
    for problem in _about("page", problems):
        return _bad(batch, problem)
    length = len(wire.page_with_parameters(batch.page, {"rt": batches.TOKEN_SAMPLE}))
    evidence = f"{length} / {wire.PAGE_MAX_CHARACTERS}"
    return Check("good", _("The page link fits, recall token included"), evidence)


def _test(batch: BatchSend) -> Check:
    """The newest test that the platform took with these very words; else the newest."""
    tests = batch.tests.select_related("control", "author").prefetch_related("control__counters")
    rows = list(tests.order_by("-pk")[:NEWEST_TESTS])
    taken = [row for row in rows if _was_accepted(row)]
    for row in taken:
        if _says_the_same(row, batch):
            return Check("good", _("A test was accepted"), str(row.author), row.control.launched_at)
    trial: dict[str, Any] = {"url": address("send_trial", batch), "verb": _("Send a test")}
    if not rows:
        return Check("hint", _("Nobody has tested it"), **trial)
    if taken:
        tested_at = taken[0].control.launched_at
        return Check("hint", _("It was changed after its last test"), at=tested_at, **trial)
    word = send_word(rows[0].control.state, rows[0].control.pause_reason).word
    sentence = _("The test is “%(state)s” and was not accepted") % {"state": word}
    return Check("hint", sentence, url=address("send", rows[0]), verb=_("Look"))


def _was_accepted(test: BatchSend) -> bool:
    return any(row.state == "accepted" and row.n for row in test.control.counters.all())


def _says_the_same(test: BatchSend, batch: BatchSend) -> bool:
    return all(getattr(test, name) == getattr(batch, name) for name in ("template_id", "values", "page"))


def _about(field: str, problems: Sequence[batches.Problem]) -> Iterator[batches.Problem]:
    return (one for one in problems if one.field.partition(".")[0] == field)


def _bad(batch: BatchSend, problem: batches.Problem) -> Check:
    return Check("bad", str(problem.message), **_change(batch, anchor(problem.field)))


def _change(batch: BatchSend, field_id: str) -> dict[str, Any]:
    return {"url": f"{address('send_edit', batch)}?check=1#{field_id}", "verb": _("Change")}


def anchor(field: str) -> str:
    """The id of the form's field a problem belongs to."""
    return "id_" + PROBLEM_FIELDS.get(field, field.replace("values.", "value_"))
