"""The export of one person holds their coupons and what happened to each, and nobody else's."""

from django.db import transaction

from coupons import ledger
from coupons.personal import export_of
from tests import build_alerts, build_coupons, build_messaging
from tests.base import CastCase


class Exporting(CastCase):
    def test_it_holds_the_persons_coupons_with_each_movement_and_no_other_persons(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        mine, _other = build_coupons.grant(coupon, code="C1"), build_coupons.grant(coupon, code="C2")
        with transaction.atomic():
            ledger.redeem(mine, build_coupons.fact(order_fen=2_000, saved_fen=500, order_no="O1"))
        found = {part.name: [list(row) for row in part.rows] for part in export_of(mine.customer)}
        self.assertEqual(
            [row[:4] for row in found["coupons"]], [[coupon.name, mine.voucher_id, "C1", "redeemed"]]
        )
        self.assertEqual([row[1] for row in found["coupon-ledger"]], ["claimed", "redeemed"])
        self.assertEqual(found["coupon-ledger"][1][4:7], [2_000, 500, "O1"])

    def test_it_holds_what_was_decided_about_the_person(self) -> None:
        person, other = build_messaging.people(self.mini_program, 2)
        alert = build_alerts.kept(self.mini_program, person)
        build_alerts.alert(self.mini_program, other)
        [rows] = [list(part.rows) for part in export_of(person) if part.name == "coupon-alerts"]
        told = ["claims", alert.day, 14, 10, "kept", alert.reason, alert.kept_until, alert.settled_at]
        self.assertEqual(rows, [told])

    def test_each_row_has_a_cell_for_each_column(self) -> None:
        grant = build_coupons.grant(build_coupons.coupon(self.mini_program))
        build_alerts.alert(self.mini_program, grant.customer)
        for part in export_of(grant.customer):
            self.assertTrue(all(len(list(row)) == len(part.columns) for row in part.rows), part.name)

    def test_it_costs_one_query_a_part(self) -> None:
        grant = build_coupons.grant(build_coupons.coupon(self.mini_program))
        with self.assertNumQueries(3):
            for part in export_of(grant.customer):
                list(part.rows)
