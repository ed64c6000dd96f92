import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_node_counts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='statuschange',
            name='order',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='orders.order'),
        ),
        migrations.AddIndex(
            model_name='statuschange',
            index=models.Index(condition=models.Q(('state', 'dead')), fields=['merchant', 'sub_code', 'words', 'received_at'], name='change_by_cause'),
        ),
        migrations.RemoveIndex(
            model_name='statuschange',
            name='change_dead',
        ),
        migrations.AddIndex(
            model_name='statuschange',
            index=models.Index(condition=models.Q(('state__in', ['pending', 'syncing', 'not_notified', 'unknown', 'superseded', 'dead'])), fields=['merchant', 'state', 'received_at'], name='change_longest'),
        ),
        migrations.AddIndex(
            model_name='statuschange',
            index=models.Index(condition=models.Q(('state__in', ['pending', 'syncing', 'not_notified', 'unknown', 'superseded', 'dead'])), fields=['order', 'state'], name='change_beside'),
        ),
        migrations.AddIndex(
            model_name='nodecount',
            index=models.Index(condition=models.Q(('state__in', ['pending', 'syncing', 'dead']), models.Q(('n', 0), _negated=True)), fields=['merchant', 'state'], name='node_count_standing'),
        ),
    ]
