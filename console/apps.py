from django.apps import AppConfig

from console import celery_app, checks


class ConsoleConfig(AppConfig):
    name = "console"
    default_auto_field = "django.db.models.BigAutoField"
    # so that the web process, too, queues to our broker and not to Celery's default
    celery = celery_app.app
    # importing them registers them with Django's check framework
    system_checks = (checks.settings_are_safe,)
