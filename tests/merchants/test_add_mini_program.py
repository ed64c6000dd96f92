import pytest
from django.test import override_settings
from django.utils.translation import override

from merchants import credentials, secrets
from merchants.models import Event, MiniProgram
from tests import build
from tests.base import CastCase
from tests.build import KEYS


@override_settings(
    GATEWAY_URLS={"simulated": "http://127.0.0.1:8700/gateway.do"},
    ENGINE_RATE_PER_SECOND=300.0,
    ENGINE_RESERVE_PER_SECOND=15.0,
)
class AddMiniProgram(CastCase):
    def add(self, **changes) -> MiniProgram:
        given = {
            "merchant": self.yunduo,
            "name": "云朵二号",
            "app_id": "2021000000000003",
            "industry": "rental",
            "gateway": "simulated",
            "app_private_key": KEYS["app_private_key"],
            "alipay_public_key": KEYS["alipay_public_key"],
            "by": self.owner,
            **changes,
        }
        with override("en"):
            return credentials.add_mini_program(**given)

    def test_its_keys_are_sealed_and_it_is_told(self):
        row = self.add()
        assert KEYS["app_private_key"] not in row.app_private_key_sealed
        assert secrets.decrypt(row.app_private_key_sealed) == KEYS["app_private_key"]
        event = Event.objects.get(kind="mini_program.added")
        assert (event.by, event.mini_program, event.detail) == (self.owner, row, {})

    def test_a_provider_s_app_signs_instead_of_keys_of_its_own(self):
        app = build.provider_app(self.qingcha)
        no_keys = {"app_private_key": "", "alipay_public_key": ""}
        row = self.add(run_by=credentials.RunBy(app, "202611BB"), **no_keys)
        assert (row.app_private_key_sealed, row.provider_app) == ("", app)
        assert secrets.decrypt(row.app_auth_token_sealed) == "202611BB"
        with pytest.raises(credentials.MiniProgramRefused, match="no keys of its own"):
            self.add(run_by=credentials.RunBy(app), app_id="2021000000000004")

    def test_the_provider_calls_the_same_gateway(self):
        app = build.provider_app(self.qingcha, gateway="production")
        with pytest.raises(credentials.MiniProgramRefused, match="Choose the same one"):
            self.add(run_by=credentials.RunBy(app), app_private_key="", alipay_public_key="")

    def test_it_starts_with_the_rate_of_the_settings(self):
        row = self.add()
        assert (row.rate_per_second, row.reserve_per_second) == (300, 15)

    def test_keys_that_do_not_fit_are_refused(self):
        with pytest.raises(credentials.InvalidKey, match="own public key"):
            self.add(alipay_public_key=KEYS["app_public_key"])

    def test_a_gateway_without_an_address_is_refused_with_those_that_have_one(self):
        with pytest.raises(credentials.MiniProgramRefused, match="Choose one of: simulated"):
            self.add(gateway="production")

    def test_an_app_id_has_sixteen_digits(self):
        for wrong in ("", "2021", "2021000000000003 ", "wx12345678901234"):
            with pytest.raises(credentials.MiniProgramRefused, match="16 digits"):
                self.add(app_id=wrong)

    def test_an_app_id_is_registered_once(self):
        with pytest.raises(credentials.MiniProgramRefused, match="already"):
            self.add(app_id=self.other_mini_program.app_id)
