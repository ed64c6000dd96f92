"""The life of a card: changes in their order, reminders, purchases, its end; a repetition changes nothing."""

from typing import Any

import pytest

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk, opened
from tests.simulator.screen import Page
from tests.simulator_process import SimulatorProcess

INVALID = "INVALID_PARAMETER"


@pytest.fixture(scope="module")
def desk(simulator: SimulatorProcess) -> Desk:
    return opened(simulator, card_limits={"templates": 1_000_000})


def _messages(desk: Desk, card_no: str) -> list[str]:
    """What lies in the holder's message list, newest first."""
    [card] = [one for one in desk.cards() if one["card_no"] == card_no]
    rows = Page.of(desk.merchant, card["open_id"]).screen("消息").all("a")
    return [one.text for one in rows if "会员" in one.text or "积分" in one.text]


def test_a_change_is_told_and_what_is_not_named_stays(desk: Desk) -> None:
    card_no = desk.card(info={"front_text_list": [{"label": "门店", "value": "湖滨"}]})

    desk.say(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), point="120.5", level="2"))

    info = desk.info(card_no)
    assert (info["point"], info["level"], info["balance"]) == ("120.50", "2", "0.00")
    assert info["front_text_list"] == [{"label": "门店", "value": "湖滨"}]


def test_changes_in_any_order_end_at_the_newest(desk: Desk) -> None:
    card_no, now = desk.card(), desk.now
    moments = [asks.moment(now, seconds=place) for place in range(4)]

    for place in (2, 0, 3, 1):
        desk.say(asks.UPDATE, desk.update(card_no, moments[place], point=str(place), points=f"+{place}"))

    assert desk.info(card_no)["point"] == "3.00"
    assert desk.effects(card_no)[-5:-1] == ["done", "older", "done", "older"]
    assert len([one for one in _messages(desk, card_no) if "资产变动" in one]) == 2


def test_the_same_change_three_times_is_one_change_and_one_message(desk: Desk) -> None:
    card_no = desk.card()
    change = desk.update(card_no, asks.moment(desk.now), point="120", points="20")

    told = [desk.say(asks.UPDATE, change) for _ in range(3)]

    assert told[0] == told[1] == told[2]
    assert [one for one in desk.effects(card_no) if one] == ["done", "done", "repeated", "repeated"]
    [message] = [one for one in _messages(desk, card_no) if "资产变动" in one]
    assert "+20" in message


def test_two_changes_of_one_second_are_both_taken_and_the_first_again_is_known(desk: Desk) -> None:
    card_no, at = desk.card(), asks.moment(desk.now)
    first, second = (desk.update(card_no, at, point=points) for points in ("1", "2"))

    for change in (first, second, first):
        desk.say(asks.UPDATE, change)

    assert desk.info(card_no)["point"] == "2.00"


@pytest.mark.parametrize(
    "info",
    [
        {"open_date": "2020-01-01 00:00:00"},
        {"valid_date": "2040-01-01 00:00:00"},
        {"level": "9"},
        {"point": "-1"},
    ],
    ids=lambda info: next(iter(info)),
)
def test_a_change_that_breaks_a_rule_changes_nothing(desk: Desk, info: dict[str, str]) -> None:
    card_no = desk.card()
    before = desk.info(card_no)

    refused = desk.refused(
        asks.UPDATE, desk.update(card_no, asks.moment(desk.now), **{"balance": "9", **info})
    )

    assert refused[0] == INVALID
    assert desk.info(card_no) == before


def test_a_card_may_go_over_to_another_template_where_its_holder_has_none(desk: Desk) -> None:
    person, first, second = desk.person(), desk.template(), desk.template(card_level_conf=[])
    card_no = desk.card(first, person)
    other = desk.card(desk.template(), person)
    theirs = desk.info(other)["template_id"]

    desk.say(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), template_id=second))
    occupied = desk.refused(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), template_id=theirs))

    assert desk.info(card_no)["template_id"] == second
    assert occupied[0] == INVALID
    assert desk.card(first, person), "the first template is free again"


def test_points_are_told_only_where_the_card_shows_them_and_to_who_takes_messages(desk: Desk) -> None:
    without_column = desk.card(desk.template(column_info_list=[{"code": "LEVEL", "title": "等级"}]))
    silent = desk.card()
    [holder] = [one["open_id"] for one in desk.cards() if one["card_no"] == silent]
    desk.merchant.act(holder, "reject_messages")
    for card_no in (without_column, silent):
        desk.say(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), point="120", points="20"))

    assert [one for one in _messages(desk, without_column) if "资产变动" in one] == []
    assert [one for one in _messages(desk, silent) if "资产变动" in one] == []


def test_a_reminder_comes_once_for_each_number(desk: Desk) -> None:
    card_no = desk.card()
    reminder = asks.reminder(card_no, desk.now)

    for _ in range(3):
        desk.say(asks.NOTIFY, reminder)
    desk.say(asks.NOTIFY, {**reminder, "notify_no": asks.number()})

    assert len([one for one in _messages(desk, card_no) if "积分到期提醒：30" in one]) == 2
    assert desk.refused(asks.NOTIFY, {**reminder, "notify_info": '{"expired_point":"31"}'})[0] == INVALID


def test_a_purchase_changes_the_card_only_where_it_is_newer(desk: Desk) -> None:
    card_no, now = desk.card(), desk.now
    old, new = asks.moment(now, seconds=-60), asks.moment(now, seconds=60)
    desk.say(asks.UPDATE, desk.update(card_no, asks.moment(now), point="50"))

    told = desk.say(asks.CONSUME, asks.trade(card_no, old, card_info={"point": "1"}))
    unchanged = desk.info(card_no)["point"]
    newer = asks.trade(card_no, new, card_info={"point": "75"}, trade_type="DEPOSIT")
    for _ in range(3):
        desk.say(asks.CONSUME, newer)

    assert told["external_card_no"] == desk.info(card_no)["external_card_no"]
    assert (unchanged, desk.info(card_no)["point"]) == ("50.00", "75.00")
    assert [one for one in desk.effects(card_no) if one][2:] == ["older", "done", "repeated", "repeated"]


@pytest.mark.parametrize(
    "more",
    [{"trade_type": "GIFT"}, {"swipe_cert_type": "FACE"}, {"trade_amount": "x"}, {"trade_no": ""}],
    ids=str,
)
def test_a_purchase_that_cannot_be_is_refused(desk: Desk, more: dict[str, Any]) -> None:
    assert desk.refused(asks.CONSUME, asks.trade(desk.card(), asks.moment(desk.now), **more))[0] == INVALID


def test_a_card_is_found_by_each_of_its_numbers(desk: Desk) -> None:
    by_code, by_bar = (desk.template(write_off_type=one) for one in ("dqrcode", "dbarcode"))
    info = desk.opened(by_code)
    [held] = [one for one in desk.cards() if one["card_no"] == info["biz_card_no"]]
    barred = desk.card(by_bar)
    [code] = [one["code"] for one in desk.cards() if one["card_no"] == barred]

    def found(number: str, kind: str) -> str:
        biz = asks.about(number, target_card_no_type=kind)
        return str(desk.say(asks.QUERY, biz)["card_info"]["biz_card_no"])

    assert found(held["code"], "D_QR_CODE") == found(info["external_card_no"], "EXTERNAL_CARD")
    assert found(code, "D_BAR_CODE") == barred
    assert desk.refused(asks.QUERY, asks.about(code, target_card_no_type="D_QR_CODE"))[0] == "CARD_NOT_EXIT"
    of_person = {"template_id": by_code, "card_user_info": {"open_id": held["open_id"]}}
    assert desk.say(asks.QUERY, of_person)["card_info"]["biz_card_no"] == info["biz_card_no"]


def test_an_own_number_at_two_templates_needs_the_template_too(desk: Desk) -> None:
    info, templates = {"external_card_no": asks.number()}, [desk.template(), desk.template()]
    cards = [desk.card(template_id, info=info) for template_id in templates]
    biz = asks.about(info["external_card_no"], target_card_no_type="EXTERNAL_CARD")

    told = desk.say(asks.QUERY, {**biz, "template_id": templates[1]})

    assert desk.refused(asks.QUERY, biz)[0] == INVALID
    assert told["card_info"]["biz_card_no"] == cards[1]


def test_a_card_that_ended_is_told_without_a_place_in_the_card_pack_and_ends_once(desk: Desk) -> None:
    card_no = desk.card()
    held = desk.say(asks.QUERY, asks.about(card_no))
    ending = asks.about(card_no, out_serial_no=asks.number(), reason_code="PRESENT")
    ending["ext_info"] = '{"new_card_no":"N1","donee_user_id":"2088000000000000"}'

    [serial] = {desk.say(asks.DELETE, ending)["biz_serial_no"] for _ in range(3)}
    told = desk.say(asks.QUERY, asks.about(card_no))

    assert (bool(held["schema_url"]), "schema_url" in told, bool(serial)) == (True, False, True)
    assert (
        desk.refused(asks.DELETE, {**ending, "out_serial_no": asks.number()})[0] == "CARD_IS_DELETED_ALREADY"
    )
    assert desk.refused(asks.NOTIFY, asks.reminder(card_no, desk.now))[0] == "CARD_NOT_EXIT"
    [card] = [one for one in desk.cards(state="ended") if one["card_no"] == card_no]
    assert card["reason"] == "PRESENT"
    kinds = [one["kind"] for one in desk.settle()]
    assert kinds.count("alipay.marketing.card.delete") == len(desk.cards(state="ended"))


def test_a_card_of_another_merchant_is_none(desk: Desk, simulator: SimulatorProcess) -> None:
    other = opened(simulator)

    assert other.refused(asks.QUERY, asks.about(desk.card()))[0] == "CARD_NOT_EXIT"


def test_an_expired_card_is_never_revived(clocked: SimulatorProcess) -> None:
    desk = opened(clocked)
    card_no = desk.card(info={"valid_date": asks.moment(desk.now, 3)})
    desk.later(4)

    changed = desk.refused(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), point="1"))
    revived = {"valid_date": asks.moment(desk.now, 30)}
    prolonged = desk.refused(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), **revived))

    assert (changed[0], prolonged[0]) == (INVALID, INVALID)
    assert [one["state"] for one in desk.cards()] == ["expired"]
    assert desk.say(asks.QUERY, asks.about(card_no))["schema_url"], "it lies in the card pack, and is over"


def test_a_dynamic_code_is_good_for_two_minutes(clocked: SimulatorProcess) -> None:
    desk = opened(clocked)
    desk.card(desk.template(write_off_type="dqrcode"))
    [code] = [one["code"] for one in desk.cards()]
    biz = asks.about(code, target_card_no_type="D_QR_CODE")

    desk.say(asks.QUERY, biz)
    desk.later(130 / 86_400)

    assert desk.refused(asks.QUERY, biz)[0] == "CARD_NOT_EXIT"
    assert [one["code"] for one in desk.cards()] != [code]


def test_the_log_names_the_card_its_holder_the_time_and_the_merchants_number(desk: Desk) -> None:
    card_no, at = desk.card(), asks.moment(desk.now)
    [holder] = [one["open_id"] for one in desk.cards() if one["card_no"] == card_no]
    desk.say(asks.UPDATE, desk.update(card_no, at, point="5"))
    reminder = asks.reminder(card_no, desk.now)
    desk.say(asks.NOTIFY, reminder)
    desk.refused(asks.UPDATE, desk.update(card_no, at, point="-5"))

    path = f"/sim/log?app_id={desk.merchant.app_id}&card_no={card_no}"
    opening, change, notice, broken = desk.simulator.get(path)["entries"]

    assert {one["to"] for one in (opening, change, notice)} == {holder}
    assert (change["occur_time"], change["card_effect"]) == (at, "done")
    assert notice["out_biz_no"] == reminder["notify_no"]
    assert (broken["accepted"], broken["card_effect"], broken["sub_code"]) == (False, None, INVALID)


def test_cards_are_listed_by_person_template_and_state_page_by_page(desk: Desk) -> None:
    template_id = desk.template()
    made = [desk.card(template_id) for _ in range(5)]
    desk.end(made[2])

    def listed(query: str) -> list[str]:
        path = f"/sim/cards?app_id={desk.merchant.app_id}&template_id={template_id}{query}"
        return [one["card_no"] for one in desk.simulator.get(path)["cards"]]

    assert listed("") == made
    assert [*listed("&limit=2"), *listed("&after=2&limit=2"), *listed("&after=4")] == made
    assert listed("&state=ended") == [made[2]]
    path = f"/sim/cards?app_id={desk.merchant.app_id}&template_id={template_id}&limit=1"
    assert desk.simulator.get(path)["total"] == 5
