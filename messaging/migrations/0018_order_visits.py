import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0011_service_providers'),
        ('messaging', '0017_joint_sends'),
        ('orders', '0006_node_counts'),
    ]

    operations = [
        migrations.AddField(
            model_name='signal',
            name='order',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order'),
        ),
        migrations.CreateModel(
            name='OrderVisit',
            fields=[
                ('pk', models.CompositePrimaryKey('order', 'shared', blank=True, editable=False, primary_key=True, serialize=False)),
                ('shared', models.BooleanField()),
                ('at', models.DateTimeField()),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orders.order')),
            ],
        ),
        migrations.CreateModel(
            name='OrderVisitDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('scene', models.CharField(max_length=32)),
                ('visits', models.PositiveIntegerField(default=0)),
                ('shared_visits', models.PositiveIntegerField(default=0)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant')),
                ('mini_program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.miniprogram')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('mini_program', 'day', 'scene'), name='order_visits_once')],
            },
        ),
    ]
