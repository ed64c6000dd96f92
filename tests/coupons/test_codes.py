"""Uploaded codes on both sides: deposited in batches, each failure kept, their number the stock."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from coupons import code_files, codes, life
from coupons.models import CodeBook, Coupon, CouponCode
from membership.uploads import UploadRefused
from merchants import calls
from merchants.models import Event, GatewayCall
from tests.coupons import counter as counters
from tests.coupons.counter import Counter
from tests.simulator_process import SimulatorProcess

DEPOSIT = "alipay.marketing.activity.ordervoucher.codedeposit"
APPEND = "alipay.marketing.activity.ordervoucher.append"


def settle(call_id: int, *, merchant_id: int) -> bool:
    return codes.settle(call_id, merchant_id=merchant_id, at=timezone.now())


@pytest.fixture
def counter(platform: SimulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    monkeypatch.setitem(counters.SETTLED, codes.SETTLE_TASK, settle)
    yield Counter(platform)


def uploading(counter: Counter, **columns: Any) -> Coupon:
    return counter.live(family="merchant", code_mode="upload", stock=0, name="券码券", **columns)


def some(n: int, *, start: int = 1) -> list[str]:
    return [f"YD-{number:06d}" for number in range(start, start + n)]


def fill(coupon: Coupon) -> bool:
    return codes.fill(coupon.pk, merchant_id=coupon.merchant_id, at=timezone.now())


def filled(counter: Counter, coupon: Coupon, *, most: int = 12) -> Coupon:
    """Until there is nothing left to do."""
    for _n in range(most):
        if not fill(coupon):
            break
        counter.send()
    counter.ask(coupon)
    return counter.fresh(coupon)


def figures(coupon: Coupon) -> tuple[int, int, int]:
    book = CodeBook.objects.get(coupon=coupon)
    return book.deposited, book.failed, book.waiting


def numbers(method: str = DEPOSIT) -> list[str]:
    rows = GatewayCall.objects.filter(method=method).order_by("pk")
    return [str(one.body["out_biz_no"]) for one in rows]


def at_the_platform(counter: Counter, coupon: Coupon, given: list[str]) -> None:
    """Deposited by another system of the merchant."""
    from merchants import credentials

    client = credentials.client_for(coupon.mini_program)
    request = calls.METHODS[DEPOSIT].model_validate(
        {"activity_id": coupon.activity_id, "out_biz_no": f"elsewhere-{given[0]}", "voucher_codes": given}
    )
    assert client.call(request).response.success_count == len(given)


@pytest.mark.django_db(transaction=True)
class TestDepositing:
    def test_two_and_a_half_thousand_go_in_three_batches_and_become_the_stock(self, counter: Counter) -> None:
        coupon = uploading(counter)
        assert codes.add(coupon, some(2_500), by=counter.by) == 2_500
        coupon = filled(counter, coupon)
        assert (figures(coupon), coupon.state, coupon.stock) == ((2_500, 0, 0), "published", 2_500)
        assert counter.activity(coupon)["quantity"] == 2_500
        spans = [(1, 1000), (1001, 2000), (2001, 2500)]
        assert numbers() == [f"codes-{coupon.pk}-{first}-{last}" for first, last in spans]

    def test_what_the_platform_refuses_is_kept_with_its_words_and_the_rest_is_the_stock(
        self, counter: Counter
    ) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(1_500), by=counter.by)
        at_the_platform(counter, coupon, ["YD-000007", "YD-001200"])
        for _n in range(2):
            fill(coupon)
            counter.send()
        assert figures(coupon) == (1_498, 2, 0)
        refused = CouponCode.objects.filter(coupon=coupon).exclude(refusal="").order_by("number")
        assert [(one.number, one.refusal, one.words) for one in refused] == [
            (7, "VOUCHER_CODE_REPEATED", "券码重复"),
            (1_200, "VOUCHER_CODE_REPEATED", "券码重复"),
        ]
        fill(coupon)  # the platform has two more than we gave it, so no stock is asked for
        book = CodeBook.objects.get(coupon=coupon)
        assert (book.halted, book.counted, numbers(APPEND)) == (codes.COUNT_DIFFERS, 1_500, [])

        codes.go_on(coupon, by=counter.by)  # a person takes the platform's count as right
        coupon = filled(counter, coupon)
        assert (coupon.stock, coupon.state, figures(coupon)) == (1_500, "published", (1_498, 2, 0))
        assert fill(coupon) is False

    def test_a_difference_a_person_agreed_to_is_not_asked_about_again(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(10), by=counter.by)
        at_the_platform(counter, coupon, ["YD-000007", "ELSEWHERE-1"])
        coupon = filled(counter, coupon)
        assert (CodeBook.objects.get(coupon=coupon).halted, figures(coupon)) == ("count_differs", (9, 1, 0))
        codes.go_on(coupon, by=counter.by)
        coupon = filled(counter, coupon)
        assert coupon.stock == 11
        codes.add(coupon, some(1, start=50), by=counter.by)  # as many as ours were fewer
        coupon = filled(counter, coupon)
        assert (CodeBook.objects.get(coupon=coupon).halted, coupon.stock, figures(coupon)) == (
            "",
            12,
            (10, 1, 0),
        )
        assert counter.activity(coupon)["quantity"] == 12

    def test_an_append_that_is_refused_waits_for_a_person_and_then_asks_again(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(10), by=counter.by)
        counter.fault("ordervoucher.append", "sub_code", value="INVALID_PARAMETER", count=1)
        coupon = filled(counter, coupon)
        assert (coupon.state, coupon.stock, coupon.refusal) == ("published", 0, "INVALID_PARAMETER")
        assert (fill(coupon), codes.fill_due(at=timezone.now())) == (False, 0)
        codes.go_on(coupon, by=counter.by)
        coupon = filled(counter, coupon)
        assert (coupon.stock, coupon.refusal, len(numbers(APPEND))) == (10, "", 2)

    def test_a_code_the_answer_does_not_name_is_not_taken_for_deposited(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(4), by=counter.by)
        fill(coupon)
        call = GatewayCall.objects.get(method=DEPOSIT)
        illegal = {"voucher_code": "YD-000003", "error_code": "VOUCHER_CODE_ILLEGAL", "error_msg": "不合法"}
        answer = {
            "success_count": 3,
            "success_voucher_code_list": some(2),
            "fail_voucher_code_detail_list": [illegal],
        }
        rows = GatewayCall.objects.filter(pk=call.pk)
        rows.update(state="accepted", finished_at=timezone.now(), answer=answer)
        settle(call.pk, merchant_id=call.merchant_id)
        assert figures(coupon) == (2, 2, 0)
        left = CouponCode.objects.filter(coupon=coupon, deposited_at=None).order_by("number")
        assert list(left.values_list("code", "refusal", "words")) == [
            ("YD-000003", "VOUCHER_CODE_ILLEGAL", "不合法"),
            ("YD-000004", codes.NOT_TOLD, ""),
        ]

    def test_a_batch_that_is_never_answered_halts_after_three_times(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(5), by=counter.by)
        for _n in range(20):
            if not fill(coupon):
                break
            waiting = GatewayCall.objects.filter(method=DEPOSIT, state="waiting")
            for call in list(waiting):
                GatewayCall.objects.filter(pk=call.pk).update(state="unknown", finished_at=timezone.now())
                settle(call.pk, merchant_id=call.merchant_id)
        book = CodeBook.objects.get(coupon=coupon)
        assert (book.halted, len(numbers()), figures(coupon)) == (codes.UNANSWERED, 3, (0, 0, 5))
        codes.go_on(coupon, by=counter.by)
        coupon = filled(counter, coupon)
        assert (figures(coupon), coupon.stock, len(set(numbers()))) == ((5, 0, 0), 5, 1)

    def test_each_step_three_times_changes_nothing_more_and_then_it_is_silent(self, counter: Counter) -> None:
        coupon = uploading(counter)
        for _n in range(3):
            codes.add(coupon, some(1_100), by=counter.by)
        for _n in range(8):
            for _again in range(3):
                fill(coupon)
            counter.send()
            for call in GatewayCall.objects.filter(method=DEPOSIT, finished_at__isnull=False):
                assert settle(call.pk, merchant_id=call.merchant_id) is False
            counter.ask(coupon)
        coupon = counter.fresh(coupon)
        assert (figures(coupon), coupon.stock, coupon.state) == ((1_100, 0, 0), 1_100, "published")
        assert (len(numbers()), len(numbers(APPEND))) == (2, 1)
        assert codes.fill_due(at=timezone.now()) == 0
        assert Event.objects.filter(kind="coupon.codes_uploaded").count() == 1

    def test_killed_after_the_platform_took_it_the_same_batch_is_repeated(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(1_500), by=counter.by)
        counter.fault("ordervoucher.codedeposit", "timeout_after_success", count=1)
        coupon = filled(counter, coupon)
        if figures(coupon)[2]:
            counter.send()
            coupon = filled(counter, coupon)
        assert (figures(coupon), coupon.stock) == ((1_500, 0, 0), 1_500)
        assert len(set(numbers())) == 2

    @pytest.mark.parametrize("is_there", [True, False])
    def test_a_batch_nobody_answered_is_counted_and_asked_for_again_only_if_missing(
        self, counter: Counter, is_there: bool
    ) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(300), by=counter.by)
        fill(coupon)
        call = GatewayCall.objects.get(method=DEPOSIT)
        if is_there:
            at_the_platform(counter, coupon, some(300))
        GatewayCall.objects.filter(pk=call.pk).update(state="unknown", finished_at=timezone.now())
        settle(call.pk, merchant_id=call.merchant_id)
        assert CodeBook.objects.get(coupon=coupon).is_unsure
        coupon = filled(counter, coupon)
        assert (figures(coupon), coupon.stock) == ((300, 0, 0), 300)
        assert len(numbers()) == (1 if is_there else 2) and len(set(numbers())) == 1

    def test_a_refused_batch_waits_for_a_person_and_goes_on_as_the_same(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(20), by=counter.by)
        counter.fault("ordervoucher.codedeposit", "sub_code", value="INVALID_PARAMETER", count=1)
        fill(coupon)
        counter.send()
        book = CodeBook.objects.get(coupon=coupon)
        assert (book.halted, figures(coupon), fill(coupon)) == ("INVALID_PARAMETER", (0, 0, 20), False)
        codes.add(coupon, some(5, start=500), by=counter.by)
        codes.go_on(coupon, by=counter.by)
        with pytest.raises(life.MoveRefused):
            codes.go_on(coupon, by=counter.by)
        coupon = filled(counter, coupon)
        assert (figures(coupon), coupon.stock) == ((25, 0, 0), 25)
        assert numbers()[:2] == [f"codes-{coupon.pk}-1-20"] * 2

    def test_more_codes_later_make_the_stock_grow_to_the_new_number(self, counter: Counter) -> None:
        coupon = uploading(counter)
        codes.add(coupon, some(10), by=counter.by)
        coupon = filled(counter, coupon)
        assert codes.add(coupon, some(15), by=counter.by) == 5
        coupon = filled(counter, coupon)
        assert (coupon.stock, figures(coupon)) == (15, (15, 0, 0))

    def test_another_coupon_may_have_the_same_codes(self, counter: Counter) -> None:
        first, second = uploading(counter), uploading(counter)
        for one in (first, second):
            assert codes.add(one, some(3), by=counter.by) == 3
            assert filled(counter, one).stock == 3

    def test_codes_come_in_while_it_is_created_and_wait_until_it_is_live(self, counter: Counter) -> None:
        coupon = counter.submitted(family="merchant", code_mode="upload", stock=0)
        codes.add(coupon, some(4), by=counter.by)
        assert fill(coupon) is False and numbers() == []
        counter.send()
        counter.ask(coupon)
        assert filled(counter, coupon).stock == 4

    def test_a_coupon_whose_codes_the_platform_makes_takes_none(self, counter: Counter) -> None:
        coupon = counter.live(family="merchant")
        with pytest.raises(life.MoveRefused):
            codes.add(coupon, some(1), by=counter.by)


LINES = st.lists(
    st.one_of(
        st.text(alphabet="aZ09-_+=|", min_size=1, max_size=64),
        st.text(alphabet='A1-= ,"券', max_size=6),
        st.sampled_from(["", "same", "x" * 65]),
    ),
    max_size=12,
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_filled_line_is_told_once_with_its_number(lines: list[str], end: str) -> None:
    text = end.join(lines)
    found = code_files.read("\ufeff" + text)
    told = [line.number for kind in (found.new, found.repeated, found.malformed) for line in kind]
    filled_lines = [
        n for n, line in enumerate(lines, start=1) if line.replace('"', "").replace(",", "").strip()
    ]
    assert sorted(told) == filled_lines
    assert len(set(found.codes)) == len(found.codes)
    assert all(code_files.SHAPE.fullmatch(code) for code in found.codes)
    assert {line.text for line in found.repeated} <= set(found.codes)


@given(LINES)
def test_what_was_read_reads_the_same_again(lines: list[str]) -> None:
    once = code_files.read("\n".join(lines)).codes
    assert code_files.read("\n".join(once)).codes == once


def test_a_code_of_one_and_of_sixty_four_characters_is_one_and_longer_is_none() -> None:
    found = code_files.read("a\n" + "b" * 64 + "\n" + "c" * 65 + '\nd e\n"q",\nx,y')
    assert found.codes == ["a", "b" * 64, "q"]
    assert [line.number for line in found.malformed] == [3, 4, 6]


def test_a_file_of_a_chinese_spreadsheet_is_read_and_one_that_is_no_text_refused() -> None:
    assert code_files.decoded(["券码\nA1".encode("gb18030")]) == "券码\nA1"
    with pytest.raises(UploadRefused):
        code_files.decoded([b"\xff\xfe\x00\x81\x00"])
