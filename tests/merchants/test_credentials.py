from unittest import mock

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from merchants import credentials, secrets
from tests.base import CastCase
from tests.build import KEYS

URLS = {
    "production": "https://openapi.alipay.com/gateway.do",
    "simulated": "http://127.0.0.1:8700/gateway.do",
}


@override_settings(GATEWAY_URLS=URLS)
class ClientFor(CastCase):
    def test_it_calls_the_address_behind_the_name(self):
        client = credentials.client_for(self.mini_program)
        assert (client.app_id, client.gateway_url) == (self.mini_program.app_id, URLS["simulated"])

    def test_it_is_made_once(self):
        assert credentials.client_for(self.mini_program) is credentials.client_for(self.mini_program)

    def test_each_mini_program_has_its_own(self):
        assert credentials.client_for(self.mini_program) is not credentials.client_for(
            self.other_mini_program
        )

    def test_a_changed_key_takes_effect_with_the_next_call(self):
        before = credentials.client_for(self.mini_program)
        self.mini_program.app_private_key_sealed = secrets.encrypt(KEYS["alipay_private_key"])
        assert credentials.client_for(self.mini_program) is not before

    def test_a_changed_address_takes_effect_with_the_next_call(self):
        before = credentials.client_for(self.mini_program)
        with override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:8799/gateway.do"}):
            assert credentials.client_for(self.mini_program) is not before

    def test_the_timeouts_are_those_of_the_settings(self):
        with override_settings(GATEWAY_READ_SECONDS=1.5, GATEWAY_TOTAL_SECONDS=2.5):
            self.mini_program.app_auth_token_sealed = secrets.encrypt("202611BB")
            timeouts = credentials.client_for(self.mini_program).timeouts
        assert (timeouts.read_seconds, timeouts.total_seconds) == (1.5, 2.5)

    def test_no_more_clients_are_kept_than_needed(self):
        self.enterContext(mock.patch.object(credentials, "CLIENTS_KEPT", 2))
        first = credentials.client_for(self.mini_program)
        for number in (11, 12, 13):
            self.mini_program.app_id = f"2021{number:012d}"
            credentials.client_for(self.mini_program)
        assert len(credentials._clients) == 2
        self.mini_program.app_id = "2021000000000001"
        assert credentials.client_for(self.mini_program) is not first

    @override_settings(GATEWAY_URLS={"production": URLS["production"]})
    def test_simulated_without_an_address_says_what_to_set(self):
        with pytest.raises(credentials.GatewayNotConfigured, match="Set GATEWAY_URL"):
            credentials.client_for(self.mini_program)

    @override_settings(GATEWAY_URLS={"production": URLS["production"]})
    def test_another_name_without_an_address_lists_those_that_have_one(self):
        self.mini_program.gateway = "sandbox"
        with pytest.raises(credentials.GatewayNotConfigured, match="Choose one of: production"):
            credentials.client_for(self.mini_program)

    @override_settings(GATEWAY_URLS={"simulated": "http://openapi.example/gateway.do"})
    def test_a_plain_address_elsewhere_is_refused(self):
        with pytest.raises(credentials.GatewayNotConfigured, match="https://"):
            credentials.client_for(self.mini_program)

    def test_a_key_that_cannot_be_used_is_refused_without_being_repeated(self):
        self.mini_program.app_private_key_sealed = secrets.encrypt("c2VjcmV0IHdvcmRz")
        with pytest.raises(credentials.GatewayNotConfigured, match="not a private key") as refused:
            credentials.client_for(self.mini_program)
        assert "c2VjcmV0" not in str(refused.value)

    def test_a_lost_field_key_says_what_to_put_back(self):
        with override_settings(FIELD_KEYS=[Fernet.generate_key().decode()]):
            self.mini_program.app_id = "2021999999999999"
            with pytest.raises(credentials.GatewayNotConfigured, match="FIELD_KEYS"):
                credentials.client_for(self.mini_program)


class Fingerprints(CastCase):
    def test_they_name_the_public_halves(self):
        own = credentials.fingerprint(self.mini_program)
        platform = credentials.alipay_fingerprint(self.mini_program)
        assert own.startswith("SHA256:") and platform.startswith("SHA256:") and own != platform

    def test_a_broken_key_has_none(self):
        self.mini_program.app_private_key_sealed = secrets.encrypt("c2VjcmV0IHdvcmRz")
        self.mini_program.alipay_public_key = "c2VjcmV0IHdvcmRz"
        with pytest.raises(credentials.GatewayNotConfigured):
            credentials.fingerprint(self.mini_program)
        with pytest.raises(credentials.GatewayNotConfigured):
            credentials.alipay_fingerprint(self.mini_program)


def test_a_fitting_pair_passes():
    credentials.check_keys(
        app_private_key=KEYS["app_private_key"], alipay_public_key=KEYS["alipay_public_key"]
    )


def test_the_apps_own_public_key_in_place_of_alipays_is_refused():
    with pytest.raises(credentials.InvalidKey, match="own public key"):
        credentials.check_keys(
            app_private_key=KEYS["app_private_key"], alipay_public_key=KEYS["app_public_key"]
        )
