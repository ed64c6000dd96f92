import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from merchants import credentials, secrets
from merchants.models import MiniProgram
from tests.base import CastCase
from tests.build import KEYS

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_is_sealed_can_be_opened_and_does_not_look_like_it():
    sealed = secrets.encrypt("MIIE…")
    assert secrets.decrypt(sealed) == "MIIE…" and "MIIE" not in sealed


def test_an_old_key_still_opens_and_a_missing_one_says_what_to_put_back():
    with override_settings(FIELD_KEYS=[OLD]):
        sealed = secrets.encrypt("x")
    with override_settings(FIELD_KEYS=[NEW, OLD]):
        assert secrets.decrypt(sealed) == "x"
        renewed = secrets.rotate(sealed)
    with override_settings(FIELD_KEYS=[NEW]):
        assert secrets.decrypt(renewed) == "x"
        for read in (secrets.decrypt, secrets.rotate):
            with pytest.raises(secrets.CannotDecrypt, match="behind the new one"):
                read(sealed)


class ResealAll(CastCase):
    def stored_with(self, keys: list[str]) -> None:
        with override_settings(FIELD_KEYS=keys):
            sealed = secrets.encrypt(KEYS["app_private_key"])
            token = secrets.encrypt("202611BB")
        MiniProgram.objects.update(app_private_key_sealed=sealed)
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(app_auth_token_sealed=token)

    def test_afterwards_the_newest_key_is_enough(self):
        self.stored_with([OLD])
        with override_settings(FIELD_KEYS=[NEW, OLD]):
            assert credentials.reseal_all() == 3
            assert credentials.reseal_all() == 3
        with override_settings(FIELD_KEYS=[NEW]):
            row = MiniProgram.objects.get(pk=self.mini_program.pk)
            assert secrets.decrypt(row.app_private_key_sealed) == KEYS["app_private_key"]
            assert secrets.decrypt(row.app_auth_token_sealed) == "202611BB"

    def test_a_value_no_key_opens_stops_it(self):
        self.stored_with([OLD])
        with override_settings(FIELD_KEYS=[NEW]), pytest.raises(secrets.CannotDecrypt):
            credentials.reseal_all()
