"""The export of one person: all that is kept, of nobody else, and without a name once they are forgotten."""

import csv
import io
import json
import zipfile
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from console.people import export
from membership import customers, lists
from membership.models import Customer
from merchants.models import Event
from messaging.engine.claim import claim
from messaging.engine.decisions import send_again
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import Delivery, SendControl, Signal, Visit
from messaging.recall import forgetting
from tests import build_cards
from tests import build_messaging as build
from tests.console.messaging.sends.base import SendCase

FILES = [
    *("person", "lists", "cards", "point-ledger", "balance-ledger", "history"),
    *("consents", "consent-ledger", "messages", "attempts", "signals"),
    *("orders", "order-statuses", "order-files"),
    *("coupons", "coupon-ledger", "coupon-alerts"),
]


class ExportCase(SendCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)
        self.person = self.people[0]

    def download(self, customer: Customer) -> zipfile.ZipFile:
        answer = self.client.post(reverse("person_export", args=["yunduo", customer.pk]))
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer["Cache-Control"], "no-store")
        self.assertIn(f"person-{customer.pk}.zip", answer["Content-Disposition"])
        return zipfile.ZipFile(io.BytesIO(answer.getvalue()))

    def everything(self, customer: Customer) -> dict[str, Any]:
        return json.loads(self.download(customer).read("everything.json"))

    def table(self, archive: zipfile.ZipFile, name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig"))))

    def story(self) -> SendControl:
        """An unknown outcome, sent again, accepted; a visit; texts and a list that name the person."""
        to = build.people_list(self.mini_program, self.people, texts=[["Li Xiang"]] * 8, columns=["nickname"])
        build.more_units(self.template, self.people[:6])
        batch = build.launched_batch(self.mini_program, self.operator, chosen=self.template, to=to)
        control = batch.control
        Delivery.objects.filter(send=control).update(data={"keyword1": {"value": "For Li Xiang"}})
        SendControl.objects.filter(pk=control.pk).update(pieces=[["For ", 0]])
        for outcome in ("unknown", "accepted"):
            ours = claim(control, limit=8)
            rows = mark(control, ours, ids=ours.ids, at=timezone.now())
            record(control, ours.token, [Answer(row.id, outcome, "timeout", 2.0) for row in rows])
            send_again(control, delivery_ids=None, by=self.operator, at=timezone.now())
        row = Delivery.objects.get(send=control, customer=self.person)
        Visit.objects.create(
            send=control, books_month=row.books_month, delivery_id=row.id, shared=False, at=timezone.now()
        )
        Signal.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, customer=self.person,
            kind="visited", caller_id="v-1", scene="1014", at=timezone.now(),
        )  # fmt: skip
        return control

    def forget(self) -> None:
        customers.forget(self.person, by=self.owner, at=timezone.now())
        event = Event.objects.get(kind="customer.forgotten")
        lists.erase_uploads_naming(event.id, at=timezone.now())
        forgetting.forget(event.id, at=timezone.now())


class Export(ExportCase):
    def test_every_part_of_every_floor_is_in_it(self) -> None:
        self.story()
        customers.set_do_not_send(self.person, by=self.operator, at=timezone.now())
        archive = self.download(self.person)
        self.assertEqual(
            archive.namelist(), [f"{name}.csv" for name in FILES] + ["everything.json", "read-me.txt"]
        )
        found = json.loads(archive.read("everything.json"))
        (person,) = found["person"]
        self.assertEqual((person["open_id"], person["number"]), (self.person.open_id, self.person.pk))
        self.assertIsNotNone(person["do_not_send_since"])
        self.assertEqual(
            [(row["list"], row["purpose"], row["kept"]) for row in found["lists"]],
            [("老客名单", "召回", ""), ("老客名单", "召回", "nickname: Li Xiang")],
        )
        self.assertEqual([row["units"] for row in found["consents"]], [0])
        self.assertEqual([row["change"] for row in found["consent-ledger"]], ["granted", "granted"])
        (message,) = found["messages"]
        self.assertEqual((message["state"], message["text"]), ("accepted", "For Li Xiang"))
        self.assertIsNotNone(message["visited_at"])
        self.assertEqual([row["state"] for row in found["attempts"]], ["unknown"])
        self.assertEqual([row["scene"] for row in found["signals"]], ["1014"])
        self.assertEqual(
            [row["event"] for row in found["history"]], ["customer.do_not_send_set", "customer.exported"]
        )

    def test_a_card_and_its_ledgers_are_in_it_in_words(self) -> None:
        card = build_cards.card(build_cards.template(self.mini_program), self.person)
        build_cards.earn(card, 30)
        archive = self.download(self.person)
        head, row = self.table(archive, "cards")
        self.assertEqual((row[head.index("Status")], row[head.index("Points")]), ("Open", "30"))
        head, row = self.table(archive, "point-ledger")
        self.assertEqual((row[head.index("What happened")], row[head.index("Moved")]), ("Earned", "30"))
        self.assertEqual(self.table(archive, "balance-ledger")[1:], [])

    def test_tables_say_codes_in_words_and_in_the_language_of_who_asks(self) -> None:
        self.story()
        archive = self.download(self.person)
        head, row = self.table(archive, "messages")
        self.assertEqual(row[head.index("Status")], "Accepted")
        self.assertIn("All that 云朵租机 keeps about person", archive.read("read-me.txt").decode())
        self.owner.language = "zh-hans"
        self.owner.save()
        head, row = self.table(self.download(self.person), "messages")
        self.assertIn("已受理", row)
        self.assertNotIn("Status", head)

    def test_a_spreadsheet_that_opens_it_runs_nothing(self) -> None:
        build.people_list(
            self.mini_program,
            [self.person],
            texts=[["x"]],
            columns=["=HYPERLINK()"],
            name="+cmd|' /C calc'!A0",
        )
        rows = self.table(self.download(self.person), "lists")
        self.assertIn("'+cmd|' /C calc'!A0", rows[-1])
        self.assertIn("'=HYPERLINK(): x", rows[-1])

    def test_the_same_open_id_at_another_merchant_is_somebody_else(self) -> None:
        (stranger,) = build.people(self.other_mini_program, 1, open_ids=[str(self.person.open_id)])
        theirs = build.template(self.other_mini_program, name="Of another merchant")
        build.consents(theirs, [stranger], units=7)
        to = build.people_list(self.other_mini_program, [stranger], name="List of another merchant")
        build.send(self.other_mini_program, theirs, to)
        archive = self.download(self.person)
        told = b"".join(archive.read(name) for name in archive.namelist()).decode()
        self.assertNotIn("another merchant", told)
        self.assertNotIn("青茶", told)
        self.assertEqual(json.loads(archive.read("everything.json"))["messages"], [])
        address = reverse("person_export", args=["yunduo", stranger.pk])
        self.assertEqual(self.client.post(address).status_code, 404)

    def test_who_took_it_is_written_down_and_only_the_owner_may(self) -> None:
        self.download(self.person)
        event = Event.objects.get(kind="customer.exported")
        self.assertEqual((event.by, event.subject_id), (self.owner, self.person.pk))
        page = reverse("person", args=["yunduo", self.person.pk])
        self.assertContains(self.client.get(page), "Export all that is kept")
        self.sign_in(self.operator)
        self.assertNotContains(self.client.get(page), "Export all that is kept")

    def test_archived_months_are_named(self) -> None:
        build.month_books(self.mini_program, timezone.now().date().replace(day=1), archived_at=timezone.now())
        archive = self.download(self.person)
        self.assertIn("are in an archive outside of this console", archive.read("read-me.txt").decode())
        self.assertIsNotNone(json.loads(archive.read("everything.json"))["archived_up_to"])

    def test_many_messages_cost_no_more_queries_than_few(self) -> None:
        self.launched()
        few = self.cost()
        for _number in range(5):
            self.launched()
        self.assertEqual(self.cost(), few)

    def cost(self) -> int:
        with CaptureQueriesContext(connection) as captured:
            export.write_zip(self.person, at=timezone.now()).close()
        return len(captured)


class Forgotten(ExportCase):
    def test_what_is_left_are_ledger_rows_that_name_nobody(self) -> None:
        self.story()
        open_id = str(self.person.open_id)
        before = self.everything(self.person)
        self.forget()
        self.person.refresh_from_db()
        archive = self.download(self.person)
        told = b"".join(archive.read(name) for name in archive.namelist()).decode()
        for name in (open_id, "Li Xiang"):
            self.assertNotIn(name, told)
        after = json.loads(archive.read("everything.json"))
        self.assertIsNone(after["person"][0]["open_id"])
        self.assertIsNotNone(after["person"][0]["erased_at"])
        self.assertEqual(after["signals"], [])
        for part in ("messages", "attempts"):
            self.assertEqual(len(after[part]), len(before[part]))
        self.assertEqual([row["text"] for row in after["messages"]], [""])
        self.assertGreaterEqual(len(after["consent-ledger"]), len(before["consent-ledger"]))
