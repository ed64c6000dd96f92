from django.apps import AppConfig

from console import checks


class ConsoleConfig(AppConfig):
    name = "console"
    default_auto_field = "django.db.models.BigAutoField"
    # importing them registers them with Django's check framework
    system_checks = (checks.settings_are_safe,)
