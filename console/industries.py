"""Industries in words. A name or a code that nobody here knows shows as it is."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

# `MiniProgram.industry` holds the name, the library's entries hold the platform's code of it.
CODES: Mapping[str, str] = {"XS1000": "general", "XS1012": "rental", "XS1003": "tea", "XS1001": "retail"}
WORDS: Mapping[str, str | Promise] = {
    "general": pgettext_lazy("industry", "General"),
    "rental": pgettext_lazy("industry", "Rental"),
    "tea": pgettext_lazy("industry", "Tea and drinks"),
    "retail": pgettext_lazy("industry", "Retail"),
}


def industry_words(name: str) -> str:
    return str(WORDS.get(CODES.get(name, name), name))
