"""The export of one person holds their orders and nobody else's."""

from orders.models import NamedInImport
from orders.personal import export_of
from tests import build_orders as made
from tests.base import CastCase


class Exporting(CastCase):
    def test_it_holds_the_persons_orders_with_each_status_and_no_other_persons(self) -> None:
        order = made.order(self.mini_program, shop={"name": "西湖店"}, fields={"total_rent": "897.00"})
        made.change(order, "WAIT_PAY", fields={"total_rent": "897.00"})
        other = made.order(self.mini_program)
        made.change(other, "WAIT_PAY")
        found = {part.name: [list(row) for row in part.rows] for part in export_of(order.customer)}
        self.assertEqual([row[0] for row in found["orders"]], [order.out_biz_no])
        self.assertIn("西湖店", str(found["orders"][0][-1]))
        self.assertEqual([row[:2] for row in found["order-statuses"]], [[order.out_biz_no, "WAIT_PAY"]])

    def test_it_holds_the_files_that_name_the_person(self) -> None:
        person = made.order(self.mini_program).customer
        waiting = made.order_import(self.mini_program)
        made.order_import(self.mini_program)
        NamedInImport.objects.create(order_import=waiting, customer=person)
        found = {part.name: [list(row) for row in part.rows] for part in export_of(person)}
        self.assertEqual(found["order-files"], [[waiting.file_name, waiting.created_at, "checked"]])
