"""Every text of the source has a Chinese translation with the same placeholders."""

import gettext
from pathlib import Path

import polib
import pytest

from console import catalogue
from console.catalogue import CatalogueError, Text, compile_stale, faults, python_texts, template_texts, texts


def test_every_text_is_translated() -> None:
    wanted = texts()
    assert wanted, "no text was found in the source"
    assert [path.parts[-3] for path in catalogue.catalogues()] == ["zh_Hans"]
    told = [fault for path in catalogue.catalogues() for fault in faults(polib.pofile(str(path)), wanted)]
    assert told == [], "run `make messages` and translate what it names"


def test_texts_of_python_are_found_with_their_forms() -> None:
    source = '_("a"\n "b")\nngettext("%(n)s a", "%(n)s b", n)\nself.pgettext("month", "May")\n'
    assert list(python_texts(source, "x.py")) == [
        ("x.py:1", Text("ab")),
        ("x.py:3", Text("%(n)s a", "%(n)s b")),
        ("x.py:4", Text("May", context="month")),
    ]


def test_texts_of_templates_are_found_as_django_looks_them_up() -> None:
    source = (
        '{% load i18n %}{% translate "It\'s here" %}{{ _(\'z\')|default:_("y") }}\n'
        "{% blocktranslate trimmed count n=rows %}\n One of {{ name }}\n{% plural %}\n {{ n }} at 5%\n"
        "{% endblocktranslate %}{% translate 'May' context 'month' as m %}"
    )
    assert [text for _, text in template_texts(source, "a.html")] == [
        Text("It's here"),
        Text("z"),
        Text("y"),
        Text("One of %(name)s", "%(n)s at 5%%"),
        Text("May", context="month"),
    ]


def test_a_text_that_is_put_together_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"x.py:1: _\(\) needs a literal text"):
        list(python_texts('_("a" + name)', "x.py"))


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (polib.POEntry(msgid="other", msgstr="x"), "missing"),
        (polib.POEntry(msgid="%(n)s rows", msgstr=""), "untranslated"),
        (polib.POEntry(msgid="%(n)s rows", msgstr="%(n)s 行", flags=["fuzzy"]), "fuzzy"),
        (polib.POEntry(msgid="%(n)s rows", msgstr="%(m)s 行"), "other placeholders"),
        (polib.POEntry(msgid="%(n)s rows", msgstr="%(n)s 行", obsolete=True), "missing"),
    ],
)
def test_a_faulty_entry_is_told(entry: polib.POEntry, fault: str) -> None:
    file = polib.POFile()
    file.append(entry)
    assert [told.split(":")[0] for told in faults(file, {Text("%(n)s rows"): ["a.py:1"]})] == [fault]


def test_an_update_keeps_translations_adds_new_texts_and_drops_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    file = polib.POFile()
    file.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    file.append(polib.POEntry(msgid="kept", msgstr="留"))
    file.append(polib.POEntry(msgid="gone", msgstr="去"))
    file.save(str(path))
    catalogue.update(path, {Text("kept"): ["a.py:1"], Text("%(n)s one", "%(n)s many"): ["b.html:2"]})
    entries = {entry.msgid: entry for entry in polib.pofile(str(path))}
    assert set(entries) == {"kept", "%(n)s one"}
    assert entries["kept"].msgstr == "留"
    assert entries["%(n)s one"].msgid_plural == "%(n)s many"
    assert "python-format" in entries["%(n)s one"].flags


def test_a_compiled_catalogue_is_read_by_gettext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    file = polib.POFile()
    file.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    file.append(polib.POEntry(msgid="kept", msgstr="留"))
    file.save(str(folder / "django.po"))
    monkeypatch.setattr(catalogue, "LOCALE", tmp_path)
    compile_stale()
    with open(folder / "django.mo", "rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("kept") == "留"
    assert sorted(path.name for path in folder.iterdir()) == ["django.mo", "django.po"]
