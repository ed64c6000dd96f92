"""A shop whose mini program is run by a service provider, known on both sides."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from merchants import authorisation, secrets
from merchants.models import Merchant, MiniProgram, ProviderApp
from tests import build
from tests.shop import Shop
from tests.simulator_process import SimulatorProcess


@dataclass
class Provider:
    merchant: Merchant
    app: ProviderApp
    simulator: SimulatorProcess

    def code_of(self, shop: Shop, **more: Any) -> str:
        """The merchant says yes on the platform."""
        made = self.simulator.post(
            "/sim/grants", {"app_id": shop.app.app_id, "provider_app_id": self.app.app_id, **more}
        )
        return str(made["app_auth_code"])

    def revoke(self, shop: Shop) -> None:
        self.simulator.post(
            "/sim/grants",
            {"app_id": shop.app.app_id, "provider_app_id": self.app.app_id, "revoke": True},
        )

    def take_over(self, shop: Shop) -> None:
        """From now on the provider's app signs; the mini program has no key of its own any more."""
        MiniProgram.objects.filter(pk=shop.app.pk).update(
            provider_app=self.app, app_private_key_sealed="", alipay_public_key=""
        )
        shop.app.refresh_from_db()

    def authorise(self, shop: Shop) -> None:
        self.take_over(shop)
        authorisation.exchange(shop.app, code=self.code_of(shop), by=None, at=timezone.now())
        shop.app.refresh_from_db()


def open_provider(simulator: SimulatorProcess, *, notify_url: str = "") -> Provider:
    more = {"notify_url": notify_url} if notify_url else {}
    made = simulator.post("/sim/apps", {"industry": "general", "kind": "provider", **more})
    owner = build.merchant(name="云帆服务商")
    app = build.provider_app(
        owner,
        app_id=made["app_id"],
        app_private_key_sealed=secrets.encrypt(made["app_private_key"]),
        alipay_public_key=made["alipay_public_key"],
    )
    return Provider(owner, app, simulator)
