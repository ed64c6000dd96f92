from django.db import migrations, models

SOURCES = [("api", "API"), ("file", "File"), ("hand", "By hand"), ("repair", "Filled in here")]


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_order_imports'),
    ]

    operations = [
        migrations.AlterField(
            model_name='order',
            name='source',
            field=models.CharField(choices=SOURCES, max_length=6),
        ),
        migrations.AlterField(
            model_name='statuschange',
            name='source',
            field=models.CharField(choices=SOURCES, max_length=6),
        ),
    ]
