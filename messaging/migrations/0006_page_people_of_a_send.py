from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", '0005_recall_by_hour'),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["send", "id"], name="delivery_by_id"),
        ),
    ]
