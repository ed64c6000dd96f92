"""What membership keeps about one person: their cards and every line of their ledgers, and nobody else's."""

from typing import Any

from membership import balance, personal
from membership.models import Customer
from tests import build_cards, build_messaging
from tests.base import CastCase
from tests.build_cards import earn, fact


class Personal(CastCase):
    def parts(self, customer: Customer) -> dict[str, list[list[Any]]]:
        return {part.name: list(part.rows) for part in personal.export_of(customer)}

    def test_cards_and_ledgers_are_this_persons_own(self) -> None:
        column = [{"code": "BALANCE", "title": "余额"}]
        template = build_cards.template(self.mini_program, mode="stored_value", columns=column)
        people = build_messaging.people(self.mini_program, 2)
        mine, other = (build_cards.card(template, person) for person in people)
        earn(mine, 30, order_no="A1")
        earn(other, 99)
        balance.top_up(mine, fact(reason="开业"), fen=5_000)
        mine.refresh_from_db()
        found = self.parts(people[0])
        [card] = found["cards"]
        self.assertEqual((card[0], card[1], card[3], card[7]), (mine.number, "青茶会员", "open", "普通会员"))
        self.assertEqual(card[8:], [30, 0, 5_000, 0])
        [point] = found["point-ledger"]
        self.assertEqual((point[1], point[3], point[5], point[6]), ("earned", 30, 30, "A1"))
        [fen] = found["balance-ledger"]
        self.assertEqual((fen[1], fen[3], fen[7]), ("topped_up", 5_000, "开业"))
        for part in personal.export_of(people[0]):
            self.assertTrue(all(len(row) == len(part.columns) for row in part.rows))

    def test_who_has_no_card_has_empty_parts(self) -> None:
        [person] = build_messaging.people(self.mini_program, 1)
        found = self.parts(person)
        self.assertEqual((found["cards"], found["point-ledger"], found["balance-ledger"]), ([], [], []))
