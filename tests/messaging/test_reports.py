"""What pages ask of the big table, and that it answers without sorting or walking it."""

import pytest
from django.db import connection

from messaging import reports
from tests import build, build_messaging

SENDS, ROWS = 12, 600
FILL = """
INSERT INTO messaging_delivery (books_month, send_id, customer_id, due_at, state, reason, attempt,
    failed_tries, spent, kept_unknown, cause, decision)
SELECT %(month)s, %(send)s + (n - 1) / %(each)s, 900000 + n, now(), 'accepted', '', 1, 0, true, false, '', ''
FROM generate_series(1, %(rows)s) AS n
"""


@pytest.mark.django_db
def test_a_page_of_all_people_reads_one_index_and_sorts_nothing() -> None:
    owner = build.merchant()
    app = build.mini_program(owner)
    template = build_messaging.template(app)
    people = build_messaging.people(app, 5)
    control = build_messaging.send(app, template, build_messaging.people_list(app, people))
    with connection.cursor() as cursor:
        sizes = {"each": ROWS, "rows": SENDS * ROWS}  # one send after the other, as freezes write them
        cursor.execute(FILL, {"month": control.books_month, "send": control.pk, **sizes})
        cursor.execute("ANALYZE messaging_delivery")
    page = reports.deliveries(control).select_related(None).order_by("-id")[:51]
    plan = page.explain()
    assert "Sort" not in plan, plan
    assert "send_id" in "".join(line for line in plan.splitlines() if "Index Cond" in line), plan
