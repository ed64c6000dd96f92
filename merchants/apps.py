from django.apps import AppConfig
from django.conf import settings

from gateway import loop


class MerchantsConfig(AppConfig):
    name = "merchants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        loop.configure(connections_per_host=settings.GATEWAY_POOL_SIZE)
