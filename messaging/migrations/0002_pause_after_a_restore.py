from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="sendcontrol",
            name="pause_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("operator", "Paused by a person"),
                    ("gateway", "The mini program's keys or its gateway cannot be used"),
                    ("restored", "The database was restored, so some people may have the message already"),
                ],
                max_length=20,
            ),
        ),
    ]
