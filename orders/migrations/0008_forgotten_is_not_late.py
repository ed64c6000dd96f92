from django.db import migrations

# The functions of 0006, told of one cause more: a status whose person was forgotten while it waited.
NOTE_MOVES = """
CREATE OR REPLACE FUNCTION orders_note_{name}() RETURNS trigger LANGUAGE plpgsql AS $note$
BEGIN
    INSERT INTO orders_nodemove (merchant_id, mini_program_id, day, scene, status, state, cause, n)
    SELECT o.merchant_id, o.mini_program_id, (c.received_at AT TIME ZONE m.time_zone)::date, o.scene, c.status,
        c.state, CASE WHEN c.state IN ('dead', 'not_notified'){forgotten} THEN c.cause
            WHEN c.state = 'synced' AND c.sub_code <> '' THEN 'message_unknown' ELSE '' END, sum(c.n)
    FROM ({rows}) AS c
    JOIN orders_order o ON o.id = c.order_id
    JOIN merchants_merchant m ON m.id = o.merchant_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0;
    RETURN NULL;
END $note$;
"""
FORGOTTEN = " OR (c.state = 'superseded' AND c.cause = 'forgotten')"
COLUMNS = "order_id, received_at, status, state, cause, sub_code"
BECAME, WAS = f"SELECT {COLUMNS}, 1 AS n FROM became", f"SELECT {COLUMNS}, -1 AS n FROM was"
ROWS = {"returned": BECAME, "moved": f"{BECAME} UNION ALL {WAS}", "deleted": WAS}


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_standing_statuses'),
    ]

    operations = [
        migrations.RunSQL(
            NOTE_MOVES.format(name=name, rows=rows, forgotten=FORGOTTEN),
            NOTE_MOVES.format(name=name, rows=rows, forgotten=""),
        )
        for name, rows in ROWS.items()
    ]
