"""`add_provider_app`, and a mini program that names the app instead of keys."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.management import CommandError
from django.test import override_settings

from merchants.models import MiniProgram, ProviderApp
from tests.build import KEYS
from tests.console.management.test_commands import CommandCase


@override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:8700/gateway.do"})
class AddProviderApp(CommandCase):
    def add(self, **changes: str) -> str:
        with TemporaryDirectory() as folder:
            options = {
                "merchant": "qingcha",
                "app-id": "2021000000000009",
                "name": "青茶服务",
                "gateway": "simulated",
            }
            for kind in ("app_private_key", "alipay_public_key"):
                path = Path(folder) / kind
                path.write_text(KEYS[kind] + "\n", encoding="utf-8")
                options[f"{kind.replace('_', '-')}-file"] = str(path)
            options |= changes
            return self.run_command("add_provider_app", *(f"--{key}={v}" for key, v in options.items()))

    def add_run_by(self, app_id: str) -> str:
        return self.run_command(
            "add_mini_program",
            "--merchant=yunduo",
            "--app-id=2021000000000008",
            "--name=云朵三号",
            "--industry=rental",
            "--gateway=simulated",
            f"--provider-app={app_id}",
        )

    def test_the_merchant_becomes_a_provider_and_no_key_is_shown(self):
        printed = self.add()
        assert "SHA256:" in printed and KEYS["app_private_key"][:40] not in printed
        app = ProviderApp.objects.get()
        assert app.merchant == self.qingcha and app.merchant.is_provider
        assert KEYS["app_private_key"] not in app.app_private_key_sealed

    def test_an_app_id_is_registered_once(self):
        self.add()
        with pytest.raises(CommandError, match="already"):
            self.add()

    def test_an_unknown_merchant_is_an_error(self):
        with pytest.raises(CommandError, match="no merchant"):
            self.add(merchant="baita")

    def test_a_file_that_is_not_there_is_named(self):
        with pytest.raises(CommandError, match="/nowhere/key"):
            self.add(**{"app-private-key-file": "/nowhere/key"})

    def test_a_mini_program_names_it_instead_of_keys(self):
        self.add()
        self.add_run_by("2021000000000009")
        made = MiniProgram.objects.get(app_id="2021000000000008")
        assert (made.provider_app, made.app_private_key_sealed) == (ProviderApp.objects.get(), "")

    def test_an_app_that_is_not_there_is_named(self):
        with pytest.raises(CommandError, match="2021000000000007"):
            self.add_run_by("2021000000000007")
