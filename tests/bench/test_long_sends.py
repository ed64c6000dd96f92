"""A long send: as fast in its middle and at its end as a short one, in constant memory."""

import json
import os
import threading
from pathlib import Path

from django.db import connection

from messaging.engine import control as engine
from messaging.engine.freeze import freeze
from messaging.engine.reconcile import lines
from messaging.models import SendControl
from tests import build, build_messaging
from tests.bench.engine_stage import ENGINE, PATIENCE_SECONDS, EngineStage, Run, send_all
from tests.bench.harness import FULL, Figure, in_full_size, tell, timed
from tests.faults.stage import wait_for
from tests.shop import Shop

ROWS = int(os.environ.get("BENCH_ROWS", 1_000_000 if FULL else 2_400))
PART = ROWS // 20  # measured at the start, in the middle and at the end
SHORT = ROWS // 100
KNOWN = PART + max(300, PART // 10)  # whom the platform knows there: a pause takes effect a moment later
MIDDLE = ROWS // 2
MOST_MEGABYTES = 300
PEOPLE = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT %(merchant)s, %(app)s, one.open_id, 'bench'
FROM unnest(%(open_ids)s::text[]) WITH ORDINALITY AS one (open_id, place) ORDER BY place
"""
CONSENTS = """
INSERT INTO messaging_consent (merchant_id, template_id, customer_id, units, standing, drift)
SELECT merchant_id, %(template)s, id, 1, false, '' FROM membership_customer WHERE source = 'bench'
"""
LEDGER = """
INSERT INTO messaging_consententry
    (merchant_id, customer_id, template_id, kind, units, source, source_key, at)
SELECT merchant_id, id, %(template)s, 'granted', 1, 'bench', 'bench' || id, now()
FROM membership_customer WHERE source = 'bench'
"""
ENTRIES = """
INSERT INTO membership_peoplelistentry (people_list_id, customer_id)
SELECT %(people_list)s, id FROM membership_customer WHERE source = 'bench' ORDER BY id
"""
SKIPPED_OVER = """
UPDATE messaging_delivery d SET state = 'accepted', attempt = 1, spent = true, sent_at = now(),
    recorded_at = now(), duration_ms = 20
FROM (
    SELECT books_month, id FROM messaging_delivery WHERE send_id = %(send)s AND state = 'queued'
    ORDER BY id LIMIT %(rows)s FOR UPDATE
) o WHERE d.books_month = o.books_month AND d.id = o.id
"""
UNITS = """
UPDATE messaging_consent k SET units = 0 FROM messaging_delivery d
WHERE d.send_id = %(send)s AND d.state = 'accepted' AND k.template_id = %(template)s
    AND k.customer_id = d.customer_id AND k.units > 0
"""
COUNTERS = """
UPDATE messaging_deliverycounter c SET n = r.n
FROM (
    SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
        count(*) FILTER (WHERE state = 'accepted') AS accepted, count(*) FILTER (WHERE spent) AS units
    FROM messaging_delivery WHERE send_id = %(send)s
) a, LATERAL (VALUES ('queued', a.queued), ('accepted', a.accepted), ('units', a.units)) AS r (state, n)
WHERE c.send_id = %(send)s AND c.state = r.state AND c.reason = ''
"""


class Memory(threading.Thread):
    """The most that one sending process held, in MB resident."""

    def __init__(self, stage: EngineStage) -> None:
        super().__init__(daemon=True)
        self.parent = stage.children[ENGINE].pid
        self.most = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            for status in Path("/proc").glob("[0-9]*/status"):
                try:
                    lines_of_it = status.read_text().splitlines()
                except OSError:
                    continue
                told = dict(line.split(":\t", 1) for line in lines_of_it if ":\t" in line)
                if int(told.get("PPid", 0)) == self.parent and "VmRSS" in told:
                    self.most = max(self.most, int(told["VmRSS"].split()[0]) / 1024)


def run(statement: str, **parameters: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def accepted(control: SendControl) -> int:
    row = control.counters.filter(state="accepted").values_list("n", flat=True).first()
    return row or 0


def now() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def part_of(control: SendControl) -> Run:
    """Resumes, waits for a part to be accepted and pauses: how fast it went."""
    before, begun, by = accepted(control), now(), build.user(display_name="李想")
    control.refresh_from_db()
    engine.resume(control, by=by)
    wait_for(lambda: accepted(control) >= before + PART, PATIENCE_SECONDS, f"{PART} more accepted")
    control.refresh_from_db()
    engine.pause(control, by=by)
    out = control.counters.filter(state="sending", n__gt=0)
    wait_for(lambda: not out.exists(), 30, "the last answers")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE state = 'accepted'),"
            " extract(epoch FROM max(recorded_at) - min(sent_at))"
            " FROM messaging_delivery WHERE send_id = %s AND sent_at > %s",
            [control.pk, begun],
        )
        number, taken, seconds = cursor.fetchone()
    assert number == taken <= KNOWN, "it went past the people whom the platform knows"
    return Run(number, float(seconds))


def skip_to(control: SendControl, place: int) -> None:
    """As if everybody before this place of the list had been sent to: rows, counters and balances."""
    queued = control.counters.get(state="queued", reason="").n
    run(SKIPPED_OVER, send=control.pk, rows=place - (ROWS - queued))
    run(UNITS, send=control.pk, template=control.template_id)
    run(COUNTERS, send=control.pk)
    for table in ("messaging_delivery", "messaging_consent"):
        run(f"ANALYZE {table}")


def long_send(stage: EngineStage, shop: Shop) -> SendControl:
    """ROWS people; the platform knows those that are measured: at the start, in the middle, at the end."""
    app = shop.app
    made = stage.simulator.post("/sim/people", {"app_id": app.app_id, "count": 3 * KNOWN, "seed": 8})
    known = made["open_ids"]
    for first in range(0, len(known), 10_000):
        told = {"app_id": app.app_id, "template_id": shop.template.template_id, "kind": shop.template.kind}
        stage.simulator.post(
            "/sim/consents", {**told, "open_ids": known[first : first + 10_000], "units": 1, "report": False}
        )
    strangers = [f"stranger{number}" for number in range(ROWS - 3 * KNOWN)]
    half = MIDDLE - KNOWN
    order = [*known[:KNOWN], *strangers[:half], *known[KNOWN : 2 * KNOWN], *strangers[half:]]
    order += known[2 * KNOWN :]
    run(PEOPLE, merchant=app.merchant_id, app=app.pk, open_ids=order)
    run(CONSENTS, template=shop.template.pk)
    run(LEDGER, template=shop.template.pk)
    to = build_messaging.people_list(app, [], rows=ROWS, count=ROWS)
    run(ENTRIES, people_list=to.pk)
    for table in ("membership_customer", "membership_peoplelistentry", "messaging_consent"):
        run(f"ANALYZE {table}")
    return build_messaging.send(app, shop.template, to, state="preparing")


@in_full_size
def test_a_long_send_is_as_fast_at_its_end_as_a_short_one(stage: EngineStage) -> None:
    shop = stage.shop(SHORT)
    control = long_send(stage, shop)
    with timed() as freezing:
        assert freeze(control)
    SendControl.objects.filter(pk=control.pk).update(state="paused", started_at=control.due_at)
    stage.slots(1)
    memory = Memory(stage)
    memory.start()
    short = send_all(shop, 0, SHORT)
    parts = [part_of(control)]
    for place in (MIDDLE, ROWS - KNOWN):
        skip_to(control, place)
        parts.append(part_of(control))
    memory.over.set()
    memory.join()
    assert not [line for line in lines(control) if line.difference], lines(control)
    slowest = min(part.rate for part in parts)
    paths = tell(
        [
            Figure(
                "slowest part of a long send", slowest, short.rate, "messages/s", 0.9, higher_is_better=True
            ),
            Figure("memory of a sending process", memory.most, MOST_MEGABYTES, "MB resident", 1.0),
        ],
        notes=[
            f"{ROWS:,} people frozen in {freezing.seconds:.1f} s; {PART:,} at the start, in the middle and at"
            f" the end: {', '.join(f'{part.rate:.0f}' for part in parts)} messages/s, one sending process",
        ],
    )
    assert all(json.loads(path.read_text("utf-8"))["ours"] > 0 for path in paths)
