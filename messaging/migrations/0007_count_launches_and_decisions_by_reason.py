from django.db import migrations, models

# Decided outcomes were counted in one counter a send; from here on there is one for each reason.
BY_REASON = """
INSERT INTO messaging_deliverycounter (send_id, state, reason, n)
SELECT d.send_id, 'decided', d.reason, count(*)
FROM messaging_deliverycounter c
JOIN messaging_sendcontrol s ON s.id = c.send_id
JOIN messaging_delivery d ON d.send_id = s.id AND d.books_month = s.books_month
WHERE c.state = 'decided' AND c.reason = '' AND d.state = 'unknown' AND d.decision <> '' AND d.reason <> ''
GROUP BY d.send_id, d.reason
ON CONFLICT DO NOTHING;
DELETE FROM messaging_deliverycounter WHERE state = 'decided' AND reason = '';
"""
IN_ONE = """
INSERT INTO messaging_deliverycounter (send_id, state, reason, n)
SELECT send_id, 'decided', '', sum(n) FROM messaging_deliverycounter WHERE state = 'decided' GROUP BY send_id;
DELETE FROM messaging_deliverycounter WHERE state = 'decided' AND reason <> '';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0006_page_people_of_a_send"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchsend",
            name="launches",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunSQL(BY_REASON, IN_ONE),
    ]
