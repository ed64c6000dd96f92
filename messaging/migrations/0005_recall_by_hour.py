import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

MERCHANT = models.ForeignKey(
    on_delete=django.db.models.deletion.PROTECT, related_name="+", to="merchants.merchant"
)
MINI_PROGRAM = models.ForeignKey(
    on_delete=django.db.models.deletion.CASCADE, related_name="+", to="merchants.miniprogram"
)


class Migration(migrations.Migration):

    dependencies = [
        ("membership", "0002_list_columns"),
        ("merchants", "0003_end_sessions_by_epoch"),
        ("messaging", "0004_text_per_person_and_draft_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecallHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("hour", models.PositiveSmallIntegerField()),
                ("sends", models.PositiveIntegerField()),
                ("accepted", models.PositiveIntegerField()),
                ("visits", models.PositiveIntegerField()),
                ("shared_visits", models.PositiveIntegerField()),
                ("merchant", MERCHANT.clone()),
                ("mini_program", MINI_PROGRAM.clone()),
                (
                    "template",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="messaging.subscriptiontemplate",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "day"], name="recall_hour_of_merchant")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("mini_program", "day", "hour", "template"), name="recall_hour_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitHour",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "send", "hour", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("hour", models.PositiveSmallIntegerField()),
                ("visits", models.PositiveIntegerField()),
                ("shared_visits", models.PositiveIntegerField()),
                (
                    "send",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="messaging.sendcontrol",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UntiedVisits",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("visits", models.PositiveIntegerField(default=0)),
                ("merchant", MERCHANT.clone()),
                ("mini_program", MINI_PROGRAM.clone()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("mini_program", "day"), name="untied_visits_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Rollup",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("computed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddIndex(
            model_name="recallcount",
            index=models.Index(fields=["updated_at"], name="recall_updated"),
        ),
        migrations.AddIndex(
            model_name="sendcontrol",
            index=models.Index(fields=["touched_at"], name="send_touched"),
        ),
        migrations.AddIndex(
            model_name="sendcontrol",
            index=models.Index(fields=["mini_program", "started_at"], name="send_started"),
        ),
    ]
