import django.db.models.deletion
from django.db import migrations, models

# Transition tables let one statement note the moves of all the rows that another one changed.
NOTE_MOVES = """
CREATE FUNCTION orders_note_moves() RETURNS trigger LANGUAGE plpgsql AS $note$
BEGIN
    INSERT INTO orders_nodemove (merchant_id, mini_program_id, day, scene, status, state, cause, n)
    SELECT o.merchant_id, o.mini_program_id, (c.received_at AT TIME ZONE m.time_zone)::date, o.scene, c.status,
        c.state, CASE WHEN c.state IN ('dead', 'not_notified') THEN c.cause
            WHEN c.state = 'synced' AND c.sub_code <> '' THEN 'message_unknown' ELSE '' END, sum(c.n)
    FROM ({rows}) AS c
    JOIN orders_order o ON o.id = c.order_id
    JOIN merchants_merchant m ON m.id = o.merchant_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0;
    RETURN NULL;
END $note$;
"""
COLUMNS = "order_id, received_at, status, state, cause, sub_code"
BECAME, WAS = f"SELECT {COLUMNS}, 1 AS n FROM became", f"SELECT {COLUMNS}, -1 AS n FROM was"


def _trigger(name: str, on: str, rows: str, tables: str) -> str:
    function = NOTE_MOVES.replace("{rows}", rows).replace("orders_note_moves", f"orders_note_{name}")
    return function + f"""
CREATE TRIGGER note_{name} AFTER {on} ON orders_statuschange REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION orders_note_{name}();
"""


TRIGGERS = {
    "returned": ("INSERT", BECAME, "NEW TABLE AS became"),
    "moved": ("UPDATE", f"{BECAME} UNION ALL {WAS}", "NEW TABLE AS became OLD TABLE AS was"),
    "deleted": ("DELETE", WAS, "OLD TABLE AS was"),
}
COUNT_WHAT_IS_THERE = """
INSERT INTO orders_nodecount (merchant_id, mini_program_id, day, scene, status, state, cause, n)
SELECT o.merchant_id, o.mini_program_id, (c.received_at AT TIME ZONE m.time_zone)::date, o.scene, c.status,
    c.state, CASE WHEN c.state = 'synced' AND c.sub_code <> '' THEN 'message_unknown' ELSE '' END, count(*)
FROM orders_statuschange c
JOIN orders_order o ON o.id = c.order_id
JOIN merchants_merchant m ON m.id = o.merchant_id
GROUP BY 1, 2, 3, 4, 5, 6, 7;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0011_service_providers'),
        ('orders', '0005_repaired_statuses'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='told_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='statuschange',
            name='cause',
            field=models.CharField(blank=True, db_default='', default='', max_length=20),
        ),
        migrations.CreateModel(
            name='NodeCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('scene', models.CharField(max_length=32)),
                ('status', models.CharField(blank=True, max_length=32)),
                ('state', models.CharField(max_length=12)),
                ('cause', models.CharField(blank=True, max_length=20)),
                ('n', models.IntegerField()),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant')),
                ('mini_program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.miniprogram')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('mini_program', 'day', 'scene', 'status', 'state', 'cause'), name='node_count_once')],
            },
        ),
        migrations.CreateModel(
            name='NodeMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('scene', models.CharField(max_length=32)),
                ('status', models.CharField(blank=True, max_length=32)),
                ('state', models.CharField(max_length=12)),
                ('cause', models.CharField(blank=True, max_length=20)),
                ('n', models.IntegerField()),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant')),
                ('mini_program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.miniprogram')),
            ],
            options={
                'indexes': [models.Index(fields=['mini_program', 'day'], name='node_move_of_day')],
            },
        ),
        migrations.RunSQL(COUNT_WHAT_IS_THERE, migrations.RunSQL.noop),
        *(
            migrations.RunSQL(
                _trigger(name, *of), f"DROP FUNCTION orders_note_{name}() CASCADE;"
            )
            for name, of in TRIGGERS.items()
        ),
    ]
