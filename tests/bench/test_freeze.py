"""Freezing a list with all gates, against INSERT … SELECT of the very rows it wrote into the same table."""

import json
import os
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from membership.models import PeopleList
from merchants.partitions import BEIJING
from messaging.engine.freeze import freeze
from messaging.engine.text import data_of
from messaging.models import DeliveryCounter, SendControl, SubscriptionTemplate
from messaging.models.templates import FatigueUnit
from tests import build
from tests import build_messaging as build_sends
from tests.bench.harness import FULL, Figure, tell, timed

ROWS = int(os.environ.get("BENCH_ROWS", 1_000_000 if FULL else 2_000))
BAR = 2.0
LONG = "长" * 60
PIECES = [[{"column": 0, "fallback": "老朋友"}, {"text": "，首月立减 46 元"}], [{"text": "本周内"}]]
PEOPLE = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT %(merchant)s, %(mini_program)s, 'bench' || n, 'bench' FROM generate_series(1, %(rows)s) n
"""
ENTRIES = """
INSERT INTO membership_peoplelistentry (people_list_id, customer_id, "values")
SELECT %(people_list)s, id, jsonb_build_array(CASE WHEN n %% 50 = 7 THEN %(long)s ELSE '张' || n END)
FROM (SELECT id, substring(open_id FROM 6)::int AS n FROM membership_customer WHERE source = 'bench') c
ORDER BY id
"""
CONSENTS = """
INSERT INTO messaging_consent (merchant_id, template_id, customer_id, units, standing, drift)
SELECT %(merchant)s, %(template)s, id, CASE WHEN n %% 10 = 4 THEN 0 ELSE 2 END, false, ''
FROM (SELECT id, substring(open_id FROM 6)::int AS n FROM membership_customer WHERE source = 'bench') c
WHERE n %% 10 <> 3
"""
TIRED = """
INSERT INTO messaging_frequencycount (customer_id, template_id, day, n)
SELECT id, %(template)s, %(day)s, 1
FROM (SELECT id, substring(open_id FROM 6)::int AS n FROM membership_customer WHERE source = 'bench') c
WHERE n %% 20 = 5
"""
DO_NOT_SEND = (
    "UPDATE membership_customer SET do_not_send_at = now() WHERE substring(open_id FROM 6)::int %% 100 = 1"
)
FORGOTTEN = (
    "UPDATE membership_customer SET forgotten_at = now(), open_id = NULL"
    " WHERE substring(open_id FROM 6)::int %% 100 = 2"
)
TABLES = (
    "membership_customer",
    "membership_peoplelistentry",
    "messaging_consent",
    "messaging_frequencycount",
)


def gate(number: int, *, personal: bool) -> str:
    """What the funnel says of one person, by another way than the statement's."""
    if number % 100 == 2:
        return "not_known"
    if number % 100 == 1:
        return "do_not_send"
    if personal and number % 50 == 7:
        return "does_not_fit"
    if number % 10 in (3, 4):
        return "no_consent"
    return "fatigue" if number % 20 == 5 else ""


def run(statement: str, **parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def people(cast: build.Cast) -> tuple[SubscriptionTemplate, PeopleList]:
    """A million with consents, counts of yesterday, some forgotten and some on the do-not-send list."""
    app = cast.mini_program
    chosen = build_sends.template(
        app, fatigue_total=1, fatigue_value=2, fatigue_unit=FatigueUnit.DAY, kind="one_time"
    )
    to = build_sends.people_list(app, [], columns=["name"], rows=ROWS, count=ROWS)
    run(PEOPLE, merchant=app.merchant_id, mini_program=app.pk, rows=ROWS)
    run(ENTRIES, people_list=to.pk, long=LONG)
    run(CONSENTS, merchant=app.merchant_id, template=chosen.pk)
    yesterday = timezone.now().astimezone(BEIJING).date() - timedelta(days=1)
    run(TIRED, template=chosen.pk, day=yesterday)
    run(DO_NOT_SEND)
    run(FORGOTTEN)
    for table in TABLES:
        run(f"ANALYZE {table}")
    return chosen, to


def frozen(cast: build.Cast, chosen: SubscriptionTemplate, to: PeopleList, *, personal: bool) -> float:
    """Seconds of the freeze; every row is where its gate says."""
    texts = {"data": data_of(["老朋友，首月立减 46 元", "本周内"]), "pieces": PIECES if personal else []}
    control = build_sends.send(cast.mini_program, chosen, to, state="preparing", **texts)
    with timed() as clock:
        assert freeze(control)
    expected = Counter(gate(number, personal=personal) for number in range(1, ROWS + 1))
    counted = {(row.state, row.reason): row.n for row in DeliveryCounter.objects.filter(send=control)}
    assert counted == {("skipped" if reason else "queued", reason): n for reason, n in expected.items()}
    assert SendControl.objects.get(pk=control.pk).frozen_total == ROWS
    return clock.seconds


def copied_again() -> float:
    """Seconds of the reference: the rows that stand there, put aside, then inserted into the empty table."""
    run("CREATE TABLE bench_rows AS SELECT * FROM messaging_delivery")
    run("ANALYZE bench_rows")
    run("TRUNCATE messaging_delivery")
    with timed() as clock:
        run("INSERT INTO messaging_delivery SELECT * FROM bench_rows")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(data) FROM messaging_delivery")
        assert cursor.fetchone()[0] == ROWS
    run("DROP TABLE bench_rows")
    run("TRUNCATE messaging_delivery")
    return clock.seconds


@pytest.mark.django_db(transaction=True)
def test_every_person_of_a_list_is_frozen_and_counted_at_the_gate_that_stops_them() -> None:
    cast = build.cast()
    chosen, to = people(cast)
    frozen(cast, chosen, to, personal=False)  # the first rows to copy
    before = copied_again()
    ours = frozen(cast, chosen, to, personal=False)
    after = copied_again()
    personal = frozen(cast, chosen, to, personal=True)
    personal_reference = copied_again()
    reference = (before + after) / 2
    paths = tell(
        [Figure("freeze with all gates", ours, reference, "s", BAR)],
        notes=[
            f"{ROWS:,} people, {ROWS / ours:,.0f} a second; "
            f"reference: INSERT … SELECT of the rows before {before:.2f} s, after {after:.2f} s",
            f"with a {{column}} in the text: {personal:.2f} s against {personal_reference:.2f} s,"
            f" ratio {personal / personal_reference:.2f}",
        ],
    )
    assert json.loads(paths[0].read_text("utf-8"))["bar"] == BAR
