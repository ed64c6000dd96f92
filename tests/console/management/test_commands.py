from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils.translation import override

from merchants import secrets
from merchants.models import Merchant, MiniProgram, User
from tests.base import CastCase
from tests.build import KEYS


class CommandCase(CastCase):
    def run_command(self, *arguments: str) -> str:
        output = StringIO()
        with override("en"):
            call_command(*arguments, stdout=output)
        return output.getvalue()


class CreateMerchant(CommandCase):
    def test_it_prints_the_password_the_owner_signs_in_with(self):
        printed = self.run_command("create_merchant", "白塔", "--slug", "baita", "--owner", "ta")
        password = printed.strip().rpartition(" ")[2]
        assert "/m/baita/" in printed and User.objects.get(username="ta").check_password(password)

    def test_a_taken_name_is_an_error_that_says_what_to_do(self):
        with pytest.raises(CommandError, match="Choose another"):
            self.run_command("create_merchant", "云朵", "--slug", "yunduo", "--owner", "ta")

    def test_a_slug_fits_an_address(self):
        with pytest.raises(CommandError, match="letters, digits"):
            self.run_command("create_merchant", "白塔", "--slug", "白 塔", "--owner", "ta")
        assert Merchant.objects.count() == 2


@override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:8700/gateway.do"})
class AddMiniProgram(CommandCase):
    def add(self, **changes: str) -> str:
        with TemporaryDirectory() as folder:
            files = {
                "app-private-key-file": KEYS["app_private_key"],
                "alipay-public-key-file": KEYS["alipay_public_key"],
            }
            options = {
                "merchant": "yunduo",
                "app-id": "2021000000000003",
                "name": "云朵二号",
                "industry": "rental",
                "gateway": "simulated",
            }
            for name, content in files.items():
                path = Path(folder) / name
                path.write_text(content + "\n", encoding="utf-8")
                options[name] = str(path)
            options.update(changes)
            return self.run_command("add_mini_program", *(f"--{key}={v}" for key, v in options.items()))

    def test_it_shows_a_fingerprint_and_no_key(self):
        printed = self.add()
        assert "SHA256:" in printed and KEYS["app_private_key"][:40] not in printed
        assert MiniProgram.objects.get(app_id="2021000000000003").merchant == self.yunduo

    def test_an_unknown_merchant_lists_the_known_ones(self):
        with pytest.raises(CommandError, match="qingcha, yunduo"):
            self.add(merchant="baita")

    def test_a_file_that_is_not_there_is_named(self):
        with pytest.raises(CommandError, match="/nowhere/key"):
            self.add(**{"app-private-key-file": "/nowhere/key"})

    def test_a_gateway_that_is_not_set_up_is_an_error(self):
        with pytest.raises(CommandError, match="Choose one of"):
            self.add(gateway="sandbox")

    def test_an_app_id_that_is_none_is_an_error(self):
        with pytest.raises(CommandError, match="16 digits"):
            self.add(**{"app-id": "2021"})


class RotateFieldKeys(CommandCase):
    def test_afterwards_the_old_key_is_not_needed(self):
        new = Fernet.generate_key().decode()
        with override_settings(FIELD_KEYS=[new, *settings.FIELD_KEYS]):
            assert "Encrypted 2 values" in self.run_command("rotate_field_keys")
        with override_settings(FIELD_KEYS=[new]):
            self.mini_program.refresh_from_db()
            assert secrets.decrypt(self.mini_program.app_private_key_sealed) == KEYS["app_private_key"]

    def test_a_missing_old_key_is_an_error_that_says_what_to_do(self):
        lost = override_settings(FIELD_KEYS=[Fernet.generate_key().decode()])
        with lost, pytest.raises(CommandError, match="behind the new one"):
            self.run_command("rotate_field_keys")


class MakePartitions(CommandCase):
    def test_a_second_run_finds_all_there(self):
        self.run_command("make_partitions")
        assert self.run_command("make_partitions") == "All partitions are there.\n"
