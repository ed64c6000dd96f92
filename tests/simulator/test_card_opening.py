"""Opening a card: the form, the callback, the token for two calls, and the card that comes of it."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Asked, Desk, opened
from tests.simulator.documented import SUBSCRIBE
from tests.simulator_process import SimulatorError, SimulatorProcess

INVALID = "INVALID_PARAMETER"


class Callback:
    """The merchant's server, where a person's phone is led after the form."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        callback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
                callback.calls.append({name: values[0] for name, values in query.items()})
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/cards"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def callback() -> Iterator[Callback]:
    listening = Callback()
    yield listening
    listening.close()


@pytest.fixture(scope="module")
def desk(simulator: SimulatorProcess) -> Desk:
    return opened(simulator, card_limits={"templates": 1_000_000})


def _answers(desk: Desk, asked: Asked) -> dict[str, str]:
    biz = {"biz_type": "MEMBER_CARD", "template_id": asked.template_id, "request_id": asked.request_id}
    infos = json.loads(desk.say(asks.ANSWERS, biz, auth_token=asked.token)["infos"])
    return {name: value for one in infos for name, value in one.items()}


def test_who_sends_in_the_form_is_led_to_the_merchant_who_then_opens_the_card(
    desk: Desk, callback: Callback
) -> None:
    template_id, person = desk.template(asks.MOBILE, asks.NAME, asks.CITY), desk.person()
    url = desk.address(template_id, callback.url, out_string="门店一")

    sent = desk.act(person, "apply", apply_url=url)
    [call] = callback.calls
    asked = Asked(person, template_id, call["request_id"], desk.token(call["auth_code"]))
    answers = _answers(desk, asked)
    card = desk.say(asks.OPEN, desk.wish(asked), auth_token=asked.token)["card_info"]

    assert sent["called"] == "200"
    assert call == {
        "app_id": desk.merchant.app_id,
        "scope": "auth_ecard",
        "auth_code": sent["auth_code"],
        "request_id": sent["request_id"],
        "template_id": template_id,
        "out_string": "门店一",
    }
    assert set(answers) == {asks.MOBILE, asks.NAME, asks.CITY}
    assert len(answers[asks.MOBILE]) == 11
    assert desk.cards(open_id=person)[0]["card_no"] == card["biz_card_no"]


def test_what_a_person_writes_is_what_the_merchant_reads_and_nothing_required_is_left_out(
    desk: Desk, callback: Callback
) -> None:
    template_id, person = desk.template(asks.MOBILE), desk.person()
    url = desk.address(template_id, callback.url)

    sent = desk.act(
        person, "apply", apply_url=url, answers={asks.MOBILE: "13900000000", asks.CITY: "no field"}
    )
    asked = Asked(person, template_id, sent["request_id"], desk.token(sent["auth_code"]))

    assert _answers(desk, asked) == {asks.MOBILE: "13900000000"}
    with pytest.raises(SimulatorError, match="must not be empty"):
        desk.act(person, "apply", apply_url=url, answers={asks.MOBILE: " "})


def test_an_address_that_is_not_the_apps_own_ends_in_an_error_on_the_phone(
    desk: Desk, callback: Callback
) -> None:
    desk.merchant.configure(auth_callback="https://shop.example/cards")
    url = desk.address(desk.template(), callback.url)

    sent = desk.act(desk.person(), "apply", apply_url=url)
    desk.merchant.configure(auth_callback="")

    assert (sent["called"], "auth_code" in sent, callback.calls) == ("ERR010", False, [])


def test_the_token_of_a_form_is_for_its_two_calls_only(desk: Desk) -> None:
    asked = desk.ask(desk.template())
    topic = {"topic": "alipay.marketing.activity.message.used", "comm_type": "HTTP", "auth_type": "user_auth"}

    known = desk.merchant.call(asks.USER, auth_token=asked.token).node
    listening = desk.refused(SUBSCRIBE, {**topic, "auth_token": asked.token})

    assert (known["sub_code"], listening[0]) == ("aop.invalid-auth-token",) * 2
    assert set(_answers(desk, asked)) == {asks.MOBILE, asks.NAME}
    desk.say(asks.OPEN, desk.wish(asked), auth_token=asked.token)


def test_the_token_opens_no_second_card_after_the_first_ended(desk: Desk) -> None:
    asked = desk.ask(desk.template())
    card = desk.say(asks.OPEN, desk.wish(asked), auth_token=asked.token)["card_info"]
    desk.end(card["biz_card_no"])

    again = desk.refused(asks.OPEN, desk.wish(asked), auth_token=asked.token)
    anew = desk.card(asked.template_id, asked.open_id)

    assert (again[0], anew != card["biz_card_no"]) == ("USER_AUTH_FAIL", True)


def test_the_same_call_three_times_is_one_card(desk: Desk) -> None:
    asked = desk.ask(desk.template())
    wish = desk.wish(asked)

    told = [desk.say(asks.OPEN, wish, auth_token=asked.token) for _ in range(3)]

    assert told[0] == told[1] == told[2]
    assert len(desk.cards(open_id=asked.open_id)) == 1
    kinds = [one["kind"] for one in desk.settle()]
    assert kinds.count("alipay.marketing.card.open") == len(desk.cards())


def test_of_many_openings_at_once_for_one_person_one_is_a_card(desk: Desk) -> None:
    template_id, person = desk.template(), desk.person()
    asked = [desk.ask(template_id, person) for _ in range(8)]

    def outcome(one: Asked) -> str:
        return desk.merchant.call(asks.OPEN, desk.wish(one), auth_token=one.token).outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(outcome, asked))

    assert sorted(outcomes) == ["10000", *["40004/CARD_HAS_OPENED"] * 7]
    assert len(desk.cards(open_id=person)) == 1


def test_one_person_holds_one_card_of_a_template_and_one_of_another(desk: Desk) -> None:
    first, second = desk.template(), desk.template()
    person = desk.person()
    desk.card(first, person)
    desk.card(second, person)
    asked = desk.ask(first, person)

    refused = desk.refused(asks.OPEN, desk.wish(asked), auth_token=asked.token)

    assert refused[0] == "CARD_HAS_OPENED"
    assert {one["template_id"] for one in desk.cards(open_id=person)} == {first, second}


def test_a_number_belongs_to_one_living_card_and_a_cancelled_one_to_none_any_more(desk: Desk) -> None:
    template_id, info = desk.template(), {"external_card_no": asks.number()}
    card_no = desk.card(template_id, info=info)
    asked = desk.ask(template_id)

    taken = desk.refused(asks.OPEN, desk.wish(asked, info=info), auth_token=asked.token)
    desk.end(card_no, "USER_UNBUND")
    freed = desk.card(template_id, asked.open_id, info=info)
    desk.end(freed, "CANCEL")
    cancelled = desk.ask(template_id)
    never = desk.refused(asks.OPEN, desk.wish(cancelled, info=info), auth_token=cancelled.token)

    assert (taken[0], never[0]) == (INVALID, INVALID)
    assert "已销户" in never[1]


def test_numbers_have_the_prefix_and_length_of_the_template_and_are_never_given_twice(desk: Desk) -> None:
    first, second = (desk.template(biz_no_prefix="VIP", biz_no_suffix_len="12") for _ in range(2))

    numbers = [desk.card(template_id) for template_id in (first, second, first, second)]

    assert len(set(numbers)) == 4
    assert {(number[:3], len(number)) for number in numbers} == {("VIP", 15)}


def test_rules_of_the_template_write_what_the_call_does_not(desk: Desk) -> None:
    rules = [
        {"field_name": "Point", "rule_name": "CONST", "rule_value": "8"},
        {"field_name": "ValidDate", "rule_name": "DATE_IN_FUTURE", "rule_value": "2m"},
        {"field_name": "OpenDate", "rule_name": "DATE_IN_FUTURE", "rule_value": "10d"},
        {"field_name": "Level", "rule_name": "ASSIGN_FROM_REQUEST", "rule_value": "Level"},
    ]
    now = desk.now

    card = desk.opened(desk.template(field_rule_list=rules), info={"point": "5", "level": "2"})

    months = int(card["valid_date"][:4]) * 12 + int(card["valid_date"][5:7])
    assert months - (int(now[:4]) * 12 + int(now[5:7])) == 2
    assert card["open_date"][:10] == asks.moment(now, 10)[:10]
    assert (card["point"], card["level"]) == ("8.00", "2")


@pytest.mark.parametrize(
    "info",
    [
        {"external_card_no": "E" * 33},
        {"level": "9"},
        {"point": "-1"},
        {"point": "1.234"},
        {"balance": "many"},
        {"valid_date": "2020-01-01 00:00:00"},
        {"open_date": "2026-01-01"},
        {"front_text_list": [{"label": "门店", "value": "湖滨"}] * 5},
        {"front_image_id": "nothing"},
    ],
    ids=lambda info: next(iter(info)),
)
def test_a_card_that_breaks_a_rule_is_refused_and_the_person_may_still_open_one(
    desk: Desk, info: dict[str, object]
) -> None:
    asked = desk.ask(desk.template())

    refused = desk.refused(asks.OPEN, desk.wish(asked, info=info), auth_token=asked.token)

    assert refused[0] == INVALID
    desk.say(asks.OPEN, desk.wish(asked), auth_token=asked.token)


@pytest.mark.parametrize(
    "more",
    [
        {"open_card_channel": "扫码"},
        {"member_ext_info": {"gende": "X"}},
        {"member_ext_info": {"birth": "1990-02-30"}},
    ],
    ids=["channel", "gende", "birth"],
)
def test_what_stands_around_the_card_is_judged_too(desk: Desk, more: dict[str, object]) -> None:
    asked = desk.ask(desk.template())

    assert desk.refused(asks.OPEN, desk.wish(asked, **more), auth_token=asked.token)[0] == INVALID


def test_a_person_is_named_by_number_where_the_app_knows_numbers(simulator: SimulatorProcess) -> None:
    desk = opened(simulator, user_ids=True)
    asked = desk.ask(desk.template())
    body = {"app_id": desk.merchant.app_id, "count": 1, "seed": 6_000_001}
    [number] = simulator.post("/sim/people", body)["user_ids"]

    user = {"user_uni_id": number, "user_uni_id_type": "UID"}
    card = desk.say(asks.OPEN, desk.wish(asked, card_user_info=user), auth_token=asked.token)["card_info"]

    assert desk.cards(open_id=asked.open_id)[0]["card_no"] == card["biz_card_no"]


def test_a_paid_card_is_opened_where_the_template_says_its_price(desk: Desk) -> None:
    price = {"price": "9.90", "price_type": "FIXED"}
    template_id = desk.template(paid_outer_card_conf={"open_selling_conf": {"price_detail": [price]}})
    paid = {"action": "OPEN", "purchase_info": {"price": "9.90"}}

    card_no = desk.card(template_id, paid_outer_card_info=paid)

    assert desk.say(asks.QUERY, asks.about(card_no))["paid_outer_card_info"] == paid


def test_many_send_in_the_form_at_once_and_each_gets_a_code_of_their_own(desk: Desk) -> None:
    template_id, people = desk.template(), desk.merchant.people(50, seed=77)
    body = {"app_id": desk.merchant.app_id, "template_id": template_id, "open_ids": people}

    openings = desk.simulator.post("/sim/card-openings", body)["openings"]

    assert [one["open_id"] for one in openings] == people
    assert len({one["auth_code"] for one in openings} | {one["request_id"] for one in openings}) == 100
