"""The dynamic code of a card: Alipay makes it anew on the phone, and it is good for about two minutes."""

from typing import TYPE_CHECKING

from simulator.card_templates import limits_of
from simulator.card_terms import DYNAMIC_CODES

if TYPE_CHECKING:
    from simulator.cards import Card
    from simulator.store import Store

_START, _NUMBER_DIGITS, _DRAWN_DIGITS = "28", 9, 7


def shown(store: "Store", card: "Card", kind: str) -> str:
    return valid(store, card, kind)[0]


def valid(store: "Store", card: "Card", kind: str) -> list[str]:
    """That of this half of its life, and that of the half before; none but of the template's kind."""
    template = store.card_templates.templates[card.template_id]
    if DYNAMIC_CODES.get(template.write_off_type) != kind:
        return []
    half = max(1, limits_of(store.apps[card.app_id])["code_seconds"] // 2)
    now = int(store.clock.now() // half)
    return [_code(store, card, kind, moment) for moment in (now, now - 1)]


def number_in(code: str) -> int:
    """Which card of this platform the code is of, 0 for anything else."""
    length = len(_START) + _NUMBER_DIGITS + _DRAWN_DIGITS
    if len(code) != length or not (code.isascii() and code.isdigit()) or not code.startswith(_START):
        return 0
    return int(code[len(_START) : len(_START) + _NUMBER_DIGITS])


def _code(store: "Store", card: "Card", kind: str, moment: int) -> str:
    drawn = int(store.derived("card code", card.number, kind, moment)[:12], 16) % 10**_DRAWN_DIGITS
    return f"{_START}{card.number:0{_NUMBER_DIGITS}d}{drawn:0{_DRAWN_DIGITS}d}"
