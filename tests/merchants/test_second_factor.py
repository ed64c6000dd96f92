"""Codes of an app: the vectors of RFC 6238, the window, once only, the lock, and recovery codes."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merchants import second_factor
from merchants.credentials import reseal_all
from merchants.models import Event, Merchant, RecoveryCode, SecondFactor, Staff
from merchants.second_factor import CodeRefused, step_at, step_of
from tests import build
from tests.base import CastCase

RFC_KEY = b"12345678901234567890"
# RFC 6238, appendix B, SHA-1: the last six of its eight digits.
RFC_CODES = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, tz=UTC)
    assert step_of(RFC_KEY, code, at=at, after=0) == seconds // 30


@settings(max_examples=30, deadline=None)
@given(off=st.integers(-4, 4), after=st.integers(-4, 4))
def test_a_code_fits_one_step_either_way_and_only_after_the_last_one_used(off: int, after: int) -> None:
    now = step_at(NOON)
    code = build.code_of(base64.b32encode(RFC_KEY).decode(), NOON + off * STEP)
    expected = now + off if abs(off) <= 1 and off > after else None
    assert step_of(RFC_KEY, code, at=NOON, after=now + after) == expected


class Codes(CastCase):
    factor: SecondFactor

    def setUp(self) -> None:
        self.factor, self.recovery = build.second_factor(self.operator, at=NOON - timedelta(hours=1))

    def code(self, at: datetime = NOON) -> str:
        return build.code_of(second_factor.manual_key(self.factor), at)

    def wrong(self, at: datetime = NOON) -> str:
        """A code of no step within reach."""
        near = {self.code(at + n * STEP) for n in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)

    def refused(self, code: str, at: datetime = NOON) -> str:
        with pytest.raises(CodeRefused) as refusal:
            second_factor.accept(self.operator, code, at=at)
        return str(refusal.value)

    def test_a_code_is_accepted_once(self) -> None:
        second_factor.accept(self.operator, self.code(), at=NOON)
        assert "was used before" in self.refused(self.code())

    def test_an_older_code_of_the_window_is_refused_after_a_newer_one(self) -> None:
        second_factor.accept(self.operator, self.code(), at=NOON)
        self.refused(self.code(NOON - STEP))
        second_factor.accept(self.operator, self.code(NOON + STEP), at=NOON)

    def test_spaces_and_full_width_digits_are_read(self) -> None:
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in self.code())
        second_factor.accept(self.operator, f" {wide[:3]} {wide[3:]}", at=NOON)

    def test_five_wrong_codes_lock_for_five_minutes_and_the_right_one_too(self) -> None:
        for second in range(4):
            assert "does not fit" in self.refused(self.wrong(), NOON + timedelta(seconds=second))
        assert "for 5 minutes" in self.refused(self.wrong(), NOON + timedelta(seconds=4))
        later = NOON + timedelta(minutes=4)
        assert "for 2 minutes" in self.refused(self.code(later), later)
        self.factor.refresh_from_db()
        assert self.factor.last_step < step_at(later), "a code that was not looked at is not used up"
        assert Event.objects.filter(kind="staff.second_factor_locked").count() == 1
        after = NOON + timedelta(minutes=5, seconds=5)
        second_factor.accept(self.operator, self.code(after), at=after)

    def test_wrong_codes_of_longer_ago_do_not_count(self) -> None:
        for minute in range(9):
            at = NOON + minute * timedelta(seconds=76)
            assert "does not fit" in self.refused(self.wrong(at), at)

    def test_a_right_code_between_does_not_make_room_for_more_guesses(self) -> None:
        for second in range(4):
            self.refused(self.wrong(), NOON + timedelta(seconds=second))
        second_factor.accept(self.operator, self.code(), at=NOON)
        assert "Too many wrong codes" in self.refused(self.wrong())

    def test_the_lock_is_of_one_person(self) -> None:
        build.second_factor(self.owner, at=NOON - timedelta(hours=1))
        for _n in range(5):
            self.refused(self.wrong())
        other = second_factor.factor_of(self.owner)
        assert other
        second_factor.accept(self.owner, build.code_of(second_factor.manual_key(other), NOON), at=NOON)

    def test_a_recovery_code_works_once_and_is_told(self) -> None:
        first, second = self.recovery[:2]
        second_factor.accept(self.operator, first.lower().replace("-", " "), at=NOON)
        self.refused(first)
        assert second_factor.codes_left(self.factor) == 9
        second_factor.accept(self.operator, second, at=NOON)
        assert Event.objects.filter(kind="staff.recovery_code_used", by=self.operator).count() == 2

    def test_a_recovery_code_of_somebody_else_is_a_wrong_one(self) -> None:
        _factor, others = build.second_factor(self.owner, at=NOON - timedelta(hours=1))
        self.refused(others[0])

    def test_new_recovery_codes_replace_the_old_ones(self) -> None:
        fresh = second_factor.renew_codes(self.operator, self.code(), at=NOON)
        assert len(set(fresh)) == 10 and not set(fresh) & set(self.recovery)
        self.refused(self.recovery[0])
        second_factor.accept(self.operator, fresh[0], at=NOON)

    def test_neither_secret_nor_recovery_code_stands_in_the_database(self) -> None:
        key = second_factor.manual_key(self.factor)
        assert len(base64.b32decode(key)) == 20
        assert key not in self.factor.secret_sealed
        kept = set(RecoveryCode.objects.values_list("hash", flat=True))
        assert not kept & {code.replace("-", "") for code in self.recovery}
        assert reseal_all() and second_factor.manual_key(SecondFactor.objects.get()) == key

    def test_turning_it_off_needs_a_code(self) -> None:
        with pytest.raises(CodeRefused):
            second_factor.turn_off(self.operator, self.wrong(), at=NOON)
        assert second_factor.factor_of(self.operator)
        second_factor.turn_off(self.operator, self.code(), at=NOON)
        assert second_factor.factor_of(self.operator) is None
        assert Event.objects.filter(kind="staff.second_factor_off", merchant=self.yunduo).count() == 1

    def test_a_reset_signs_the_person_out_and_tells_each_merchant_of_theirs(self) -> None:
        elsewhere = build.merchant("elsewhere")
        Staff.objects.create(merchant=elsewhere, user=self.operator, role="operator")
        self.sign_in(self.operator)
        second_factor.reset(self.operator, by=self.owner)
        assert self.client.get("/m/yunduo/").status_code == 302
        told = Event.objects.filter(kind="staff.second_factor_reset")
        assert {(event.merchant, event.by) for event in told} == {
            (self.yunduo, self.owner),
            (elsewhere, None),
        }
        with pytest.raises(CodeRefused):
            second_factor.reset(self.operator, by=self.owner)


class SettingUp(CastCase):
    def first(self) -> str:
        waiting = second_factor.setting_up(self.operator, at=NOON)
        assert waiting
        return build.code_of(second_factor.manual_key(waiting), NOON)

    def test_it_counts_from_the_first_code_on(self) -> None:
        second_factor.begin(self.operator, at=NOON)
        assert second_factor.factor_of(self.operator) is None
        first = self.first()
        codes = second_factor.confirm(self.operator, first, at=NOON)
        assert len(set(codes)) == 10
        assert all(len(code) == 19 and code.count("-") == 3 for code in codes)
        assert second_factor.factor_of(self.operator)
        with pytest.raises(CodeRefused):
            second_factor.accept(self.operator, first, at=NOON)
        with pytest.raises(CodeRefused):
            second_factor.begin(self.operator, at=NOON)

    def test_a_wrong_first_code_leaves_it_waiting_and_counts(self) -> None:
        second_factor.begin(self.operator, at=NOON)
        for words in ["does not fit"] * 4 + ["Too many"] * 2:
            with pytest.raises(CodeRefused, match=words):
                second_factor.confirm(self.operator, "12345", at=NOON)
        second_factor.begin(self.operator, at=NOON)
        with pytest.raises(CodeRefused, match="Too many"):
            second_factor.confirm(self.operator, self.first(), at=NOON)

    def test_what_waits_for_its_first_code_is_no_second_factor_and_ends_after_ten_minutes(self) -> None:
        second_factor.begin(self.operator, at=NOON - timedelta(minutes=10))
        assert second_factor.setting_up(self.operator, at=NOON) is None
        for act in (second_factor.confirm, second_factor.accept, second_factor.turn_off):
            with pytest.raises(CodeRefused):
                act(self.operator, "123456", at=NOON)

    def test_the_address_for_apps_names_console_person_and_key(self) -> None:
        factor = second_factor.begin(self.operator, at=NOON)
        uri = second_factor.otpauth_uri(factor, issuer="商户控制台")
        assert uri.startswith("otpauth://totp/%E5%95%86")
        assert ":operator?" in uri
        assert f"secret={second_factor.manual_key(factor)}" in uri


class AskAtLaunch(CastCase):
    def test_turning_it_on_twice_is_told_once(self) -> None:
        assert second_factor.ask_at_launch(self.yunduo, True, by=self.owner)
        stale = Merchant(pk=self.yunduo.pk)
        assert not second_factor.ask_at_launch(stale, True, by=self.owner)
        assert second_factor.ask_at_launch(self.yunduo, False, by=self.owner)
        kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
        assert kinds == ["rules.second_factor_on", "rules.second_factor_off"]
