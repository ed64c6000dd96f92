"""The translation catalogues: extract, compare, compile, without the gettext programs.

Extraction reads Python by its syntax tree and templates by Django's own `templatize`, which `makemessages`
uses too; files are read and written by polib. So a machine without gettext shows Chinese and can check it.
"""

import argparse
import ast
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "locale"
PYTHON_FOLDERS = ["console", "messaging", "orders", "coupons", "membership", "merchants"]
# Position of the context, the singular and the plural among a function's arguments.
FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
# What templatize leaves of a template: calls with literal texts, between lines of X.
TEMPLATE_CALL = re.compile(
    r"\b(n?p?gettext|_)\(\s*((?:u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*,?\s*)+)"
)
LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|\{(\w*)\}")


@dataclass(frozen=True)
class Text:
    """One text to be translated; equal texts of several places are one entry."""

    msgid: str
    plural: str = ""
    context: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        return self.msgid, self.context


class CatalogueError(Exception):
    """The message names the place and what to do."""


def texts() -> dict[Text, list[str]]:
    """Every text of the source with the places (path:line) where it stands."""
    found: dict[Text, list[str]] = {}
    for place, text in _everywhere():
        found.setdefault(text, []).append(place)
    return found


def _everywhere() -> Iterator[tuple[str, Text]]:
    for folder in PYTHON_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from python_texts(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            yield from template_texts(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))


def python_texts(source: str, name: str) -> Iterator[tuple[str, Text]]:
    for node in ast.walk(ast.parse(source, name)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        called = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if called in FUNCTIONS:
            place = f"{name}:{node.lineno}"
            words = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
            yield place, _text(called, words, place)


def template_texts(source: str, name: str) -> Iterator[tuple[str, Text]]:
    code = templatize(source, origin=name)
    for call in TEMPLATE_CALL.finditer(code):
        place = f"{name}:{code.count(chr(10), 0, call.start()) + 1}"
        words = [ast.literal_eval(literal) for literal in LITERAL.findall(call[2])]
        yield place, _text(call[1], words, place)


def _text(called: str, words: Sequence[object], place: str) -> Text:
    def word(position: int) -> str:
        value = words[position] if position < len(words) else None
        if not isinstance(value, str):
            raise CatalogueError(
                f"{place}: {called}() needs a literal text; put values in with placeholders."
            )
        return value

    context, singular, plural = FUNCTIONS[called]
    return Text(
        word(singular),
        "" if plural is None else word(plural),
        None if context is None else word(context),
    )


def faults(catalogue: polib.POFile, wanted: dict[Text, list[str]]) -> list[str]:
    """Sentences about entries that are missing, untranslated, fuzzy or have other placeholders."""
    entries = {(entry.msgid, entry.msgctxt): entry for entry in catalogue if not entry.obsolete}
    told = []
    for text, places in wanted.items():
        entry = entries.get(text.key)
        if entry is None:
            told.append(f"missing: {text.msgid!r} ({places[0]})")
        elif "fuzzy" in entry.flags:
            told.append(f"fuzzy: {text.msgid!r}")
        elif not all(translations(entry)) or bool(text.plural) != bool(entry.msgid_plural):
            told.append(f"untranslated: {text.msgid!r} ({places[0]})")
        elif any(
            placeholders(said) != placeholders(text.plural or text.msgid) for said in translations(entry)
        ):
            told.append(f"other placeholders: {text.msgid!r}")
    return told


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def placeholders(text: str) -> set[str]:
    return {found[0] or found[1] for found in PLACEHOLDER.findall(text)}


def catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def update(path: Path, wanted: dict[Text, list[str]]) -> None:
    """Add missing texts with an empty translation, drop those no longer in the source, renew the places."""
    old = polib.pofile(str(path))
    known = {(entry.msgid, entry.msgctxt): entry for entry in old if not entry.obsolete}
    new = polib.POFile(wrapwidth=100)
    new.metadata, new.header = old.metadata, old.header
    for text, places in sorted(wanted.items(), key=lambda item: (item[1][0].split(":")[0], item[0].key[0])):
        entry = known.get(text.key) or polib.POEntry(msgid=text.msgid, msgctxt=text.context)
        if text.plural:
            entry.msgid_plural = text.plural
            entry.msgstr_plural = entry.msgstr_plural or {0: ""}
        # without line numbers: they would change with every edit of the source
        entry.occurrences = [(file, "") for file in sorted({place.split(":")[0] for place in places})]
        named = "%(" in text.msgid + text.plural
        entry.flags = [flag for flag in entry.flags if flag != "python-format"] + ["python-format"] * named
        new.append(entry)
    new.save(str(path))


def compile_stale() -> None:
    """Write the .mo files that are older than their .po; whole or not at all."""
    for path in catalogues():
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        half_made = target.with_suffix(f".{os.getpid()}")
        polib.pofile(str(path)).save_as_mofile(str(half_made))
        half_made.replace(target)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m console.catalogue", description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["compile", "check", "update"])
    action = parser.parse_args(words).action
    if action == "compile":
        compile_stale()
        return 0
    try:
        wanted = texts()
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    told = []
    for path in catalogues():
        if action == "update":
            update(path, wanted)
        told += [f"{path.relative_to(ROOT)}: {fault}" for fault in faults(polib.pofile(str(path)), wanted)]
    print("\n".join(told) or "Every text is translated.")
    return 1 if told and action == "check" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
