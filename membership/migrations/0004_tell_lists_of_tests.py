from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def mark(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Until now only test sends made lists by hand."""
    apps.get_model("membership", "PeopleList").objects.filter(source="hand").update(for_test=True)


class Migration(migrations.Migration):
    dependencies = [("membership", "0003_list_uploads")]

    operations = [
        migrations.AddField("peoplelist", "for_test", models.BooleanField(default=False)),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
