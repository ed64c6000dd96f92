"""A file of orders through the pages: upload, counts, the yes, the result; each without script."""

import re
import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from console.orders.import_words import REASONS
from merchants.models import Event
from orders.importing import checking, files, running
from orders.importing.columns import look_at, template_of
from orders.models import ChosenScene, Order, OrderImport
from orders.scenes import SCENES
from tests import build_orders
from tests.orders.importing.base import HEADER, FileCase, as_csv, row
from tests.source_tree import ROOT

HTMX = {"HX-Request": "true"}


class PageCase(FileCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.operator)

    def at(self, name: str, *args: object) -> str:
        return reverse(name, args=["yunduo", *args])

    def upload(self, content: bytes, *, headers: dict[str, str] | None = None, **changes: Any) -> Any:
        given = {
            "file": SimpleUploadedFile("orders.csv", content),
            "scene": "online_rental",
            "form_token": str(uuid.uuid4()),
            **changes,
        }
        return self.client.post(self.at("order_import_new"), given, headers=headers or {})

    def uploaded(self, content: bytes) -> OrderImport:
        assert self.upload(content).status_code == 303
        made = OrderImport.objects.get()
        checking.check_import(made.merchant_id, made.job_id or 0)
        return made

    def page(self, made: OrderImport) -> str:
        return self.client.get(self.at("order_import", made.pk)).content.decode()


class Upload(PageCase):
    def test_it_leads_to_the_page_of_the_import_with_and_without_script(self) -> None:
        answer = self.upload(as_csv([row()]))
        made = OrderImport.objects.get()
        self.assertRedirects(answer, self.at("order_import", made.pk), 303)
        self.assertEqual(
            (made.file_name, made.scene, made.created_by), ("orders.csv", "online_rental", self.operator)
        )
        answer = self.upload(as_csv([row()]), headers=HTMX)
        self.assertIn("/orders/import/", answer.headers["HX-Redirect"])

    def test_a_form_sent_twice_makes_one_import(self) -> None:
        token = str(uuid.uuid4())
        first, second = (self.upload(as_csv([row()]), form_token=token) for _press in range(2))
        self.assertEqual(first.headers["Location"], second.headers["Location"])
        self.assertEqual(OrderImport.objects.count(), 1)
        self.assertEqual(len(list(self.uploads.iterdir())), 1)

    def test_what_is_no_file_of_orders_is_told_at_its_field_and_nothing_is_kept(self) -> None:
        lines = as_csv([row()])
        cases = {
            "This file is empty": b"",
            "only blank lines": b"\n\n",
            "a header and no rows": as_csv([]),
            "these are missing: 买家open_id (open_id)": as_csv(
                [["R1", "p", "2026"]], ("out_biz_no", "page", "order_created_at")
            ),
            "mean the same": as_csv(
                [[*row(), "R1"]],
                ("out_biz_no", "open_id", "page", "order_created_at", "a", "b", "c", "订单号"),
            ),
            "neither in UTF-8 nor in GB18030": lines + b"\xff\xfe\xfd\x81\xff\n",
            "does not say its unit": lines.replace(b"total_rent", "订单金额".encode()),
            "go together": lines.replace(b"order_modified_time", b"note"),
            "This is an old Excel file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
        }
        for words, content in cases.items():
            for headers in ({}, HTMX):
                with self.subTest(words, headers=headers):
                    answer = self.upload(content, headers=headers)
                    self.assertContains(answer, words, status_code=422)
        self.assertFalse(OrderImport.objects.exists())
        self.assertEqual(list(self.uploads.iterdir()), [])

    def test_a_scene_is_asked_for_at_its_own_field_unless_the_file_has_one(self) -> None:
        refused = self.upload(as_csv([row()]), scene="", headers=HTMX)
        self.assertContains(refused, "has no column for the scene", status_code=422)
        self.assertIn('hx-preserve="true"', refused.content.decode())
        named = as_csv([row()]).replace(b"total_rent", b"scene").replace(b"897.00", "上门回收".encode())
        self.assertEqual(self.upload(named, scene="").status_code, 303)

    def test_without_a_chosen_scene_there_is_no_form(self) -> None:
        ChosenScene.objects.all().delete()
        self.assertContains(self.client.get(self.at("order_import_new")), "No scene is chosen yet")
        self.upload(as_csv([row()]))
        self.assertFalse(OrderImport.objects.exists())

    def test_the_template_of_a_scene_is_read_back_in_both_languages(self) -> None:
        answer = self.client.get(self.at("order_import_template", "online_rental"))
        self.assertIn("out_biz_no,open_id,page", answer.content.decode("utf-8-sig"))
        for language in ("zh-hans", "en"):
            with translation.override(language):
                header = template_of(SCENES["online_rental"])
            path = self.uploads / "template.csv"
            path.write_bytes(as_csv([["x"] * len(header)], header))
            layout = look_at(path, has_scene=True)
            self.assertEqual(layout.unknown, [])
            self.assertIn("fields.total_rent", layout.targets)
        self.assertEqual(self.client.get(self.at("order_import_template", "moon_landing")).status_code, 404)


class Result(PageCase):
    CONTENT = as_csv(
        [
            row("R1", "IN_DELIVERY", "09:00:01"),
            row("R2", "APPLYING", "09:00:01"),
            row("R3", "ORBIT", "09:00:01"),
        ],
    )

    def test_while_it_is_checked_the_page_asks_again_and_works_without_script(self) -> None:
        self.upload(self.CONTENT)
        made = OrderImport.objects.get()
        page = self.page(made)
        self.assertIn('hx-trigger="load delay:2s, wake"', page)
        self.assertIn('<noscript><meta http-equiv="refresh"', page)
        partial = self.client.get(self.at("order_import", made.pk), headers=HTMX).content.decode()
        self.assertNotIn("<html", partial)
        self.assertIn('id="import-actions" class="thumb" hx-swap-oob="true"', partial)

    def test_the_counts_are_shown_before_the_yes_and_the_result_after_it(self) -> None:
        made = self.uploaded(self.CONTENT)
        page = self.page(made)
        self.assertIn("3 rows equal 2 new, 0 changed, 0 unchanged, 1 refused.", page)
        self.assertIn("2 statuses taken, 0 arrived late, 0 repeated, 0 without a status, 1 refused.", page)
        self.assertIn("The scene lacks this status", page)
        self.assertIn("线上租赁 · 已发货", page)
        self.assertIn("Import 2 rows", page)
        self.assertFalse(Order.objects.exists())
        answer = self.client.post(self.at("order_import_start", made.pk))
        self.assertRedirects(answer, self.at("order_import", made.pk), 303)
        made.refresh_from_db()
        running.import_orders(made.merchant_id, made.job_id or 0)
        page = self.page(made)
        self.assertIn("What the import did", page)
        self.assertNotIn("the counts differ", page)
        self.assertEqual(Order.objects.count(), 2)
        order = self.client.get(self.at("order", Order.objects.get(out_biz_no="R1").pk))
        for source in (
            "<dd>File</dd>",
            '<span class="cell-second">File</span>',
        ):  # of the order, of its status
            self.assertContains(order, source, 1)

    def test_what_changed_after_the_check_is_told(self) -> None:
        made = self.uploaded(self.CONTENT)
        build_orders.order(self.mini_program, out_biz_no="R1")
        files.start_import(made, by=self.operator)
        running.import_orders(made.merchant_id, made.job_id or 0)
        page = self.page(made)
        self.assertIn("Orders had changed since the check", page)
        self.assertIn("expected 2 new, 0 changed, 0 unchanged and 1 refused", page)

    def test_columns_nobody_knows_are_named(self) -> None:
        made = self.uploaded(as_csv([[*row(), "x"]], (*HEADER, "客服备注")))
        self.assertRegex(self.page(made), r"Columns not recognised.*客服备注")

    def test_problem_rows_are_downloaded_as_an_event_and_run_no_formula(self) -> None:
        made = self.uploaded(as_csv([row("=1+1", "ORBIT", "09:00:01", open_id="buyer-0000001")]))
        answer = self.client.get(self.at("order_import_problems", made.pk))
        text = b"".join(answer).decode("utf-8-sig")
        self.assertIn("\r\n2,'=1+1,status,Refused,", text)
        self.assertEqual(Event.objects.get(kind="orders.problems_downloaded").by, self.operator)
        self.assertIn("No row of this file can be taken", self.page(made))

    def test_discarded_or_cancelled_it_says_so_and_a_second_press_changes_nothing(self) -> None:
        made = self.uploaded(self.CONTENT)
        for _press in range(2):
            answer = self.client.post(self.at("order_import_cancel", made.pk))
            self.assertRedirects(answer, self.at("order_import", made.pk), 303)
        self.assertIn("Nothing of this file was taken over", self.page(made))
        self.assertEqual(Event.objects.filter(kind="orders.import_failed").count(), 1)
        self.client.post(self.at("order_import_start", made.pk))
        made.refresh_from_db()
        self.assertEqual(made.state, "failed")

    def test_a_cancelled_import_tells_how_many_rows_stay(self) -> None:
        made = build_orders.order_import(
            self.mini_program,
            state="failed",
            ending="cancelled",
            taken_rows=2,
            outcome=build_orders.order_import(self.mini_program).expected,
        )
        page = self.page(made)
        self.assertIn("The first 2 rows were taken over and stay", page)
        self.assertIn("What the import did", page)

    def test_the_job_leads_to_the_import_and_the_list_and_home_lead_to_the_upload(self) -> None:
        made = self.uploaded(self.CONTENT)
        self.assertContains(self.client.get(self.at("job", made.job_id)), self.at("order_import", made.pk))
        for name in ("orders", "home"):
            self.assertContains(self.client.get(self.at(name)), self.at("order_import_new"))
        self.assertContains(self.client.get(self.at("order_import_new")), self.at("order_import", made.pk))

    def test_another_merchants_import_is_not_found(self) -> None:
        theirs = build_orders.order_import(self.other_mini_program)
        for name in ("order_import", "order_import_problems"):
            self.assertEqual(self.client.get(self.at(name, theirs.pk)).status_code, 404)
        for name in ("order_import_start", "order_import_cancel"):
            self.assertEqual(self.client.post(self.at(name, theirs.pk)).status_code, 404)
        theirs.refresh_from_db()
        self.assertEqual(theirs.state, "checked")

    def test_every_refusal_has_words(self) -> None:
        sources = ("orders/given.py", "orders/intake.py", "orders/importing/rows.py")
        text = "".join((ROOT / source).read_text("utf-8") for source in sources)
        codes = set(re.findall(r'(?:OrderRefused|refuse)\(\s*"([a-z_]+)"', text)) | {"unreadable"}
        self.assertEqual(set(REASONS), codes)
