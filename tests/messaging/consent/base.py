"""The cast's mini program, known to a platform that runs beside the tests."""

from typing import Any

import pytest
from django.test import override_settings

from merchants import rate, secrets
from tests.base import CastCase
from tests.simulator_process import SimulatorProcess

APPLY = "alipay.open.mini.message.template.apply"
LIST = "alipay.open.mini.message.template.batchquery"
LIBRARY = "alipay.open.mini.message.templatelib.batchquery"
QUERY = "alipay.open.app.messagetemplate.subscribe.query"


class PlatformCase(CastCase):
    """A fresh app for each test, whose templates are online as soon as they are adopted."""

    sim: SimulatorProcess

    @pytest.fixture(autouse=True)
    def _platform(self, platform: SimulatorProcess) -> None:
        self.sim = platform

    def setUp(self) -> None:
        super().setUp()
        app = self.sim.post("/sim/apps", {"industry": "rental", "review_seconds": 0})
        self.app_id = app["app_id"]
        self.mini_program.app_id = self.app_id
        self.mini_program.app_private_key_sealed = secrets.encrypt(app["app_private_key_pkcs8"])
        self.mini_program.alipay_public_key = app["alipay_public_key"]
        self.mini_program.rate_per_second = 100_000
        self.mini_program.save()
        rate.connection().flushdb()
        self.use_gateway(app["gateway_url"])
        self.addCleanup(self.sim.delete, "/sim/faults")

    def use_gateway(self, url: str) -> None:
        # half a second of patience is plenty on loopback, and keeps the tests of silence short
        chosen = override_settings(GATEWAY_URLS={"simulated": url}, GATEWAY_READ_SECONDS=0.5)
        chosen.enable()
        self.addCleanup(chosen.disable)

    def fault(self, kind: str, method: str, *, count: int = 1, value: Any = None) -> None:
        body = {"kind": kind, "method": method, "rate": 1, "count": count, "value": value}
        self.sim.post("/sim/faults", {name: given for name, given in body.items() if given is not None})

    def staff(self, status: str, **named: str) -> None:
        """The platform's staff sets a template or a library entry to a status."""
        self.sim.post("/sim/templates", {"app_id": self.app_id, "status": status, **named})

    def calls_of(self, method: str) -> list[dict[str, Any]]:
        found = self.sim.get(f"/sim/log?app_id={self.app_id}&method={method}")
        return found["entries"]
