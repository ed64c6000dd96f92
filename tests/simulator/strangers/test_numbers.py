"""An app from before open_id says who is meant by a 2088 number: it sends, asks and signs in by number."""

from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.refused_messages import SEND, SUBSCRIBED, data_of
from tests.simulator.strangers.refused_others import USER, USER_TOKEN
from tests.simulator.strangers.world import World

SUCCESS = {"code": "10000", "msg": "Success"}


def test_a_person_is_known_asked_about_and_reached_by_number(stranger: Stranger, world: World) -> None:
    client = stranger(world.old_shop)
    person = world.subscriber(world.old_shop, world.old_shop_coupon)
    code = world.auth_code(world.old_shop, person, "auth_user")

    tokens = client.call(USER_TOKEN, grant_type="authorization_code", code=code)
    number = tokens["user_id"]
    known = client.call(USER, auth_token=tokens["access_token"])
    asked = {"user_id": number, "template_id_list": [world.old_shop_coupon]}
    before = client.call(SUBSCRIBED, asked)["subscribe_relations"]
    message = {
        "to_user_id": number,
        "user_template_id": world.old_shop_coupon,
        "data": data_of("满 200 减 30", "到店出示"),
    }
    sent, again = (client.call(SEND, message) for _ in range(2))
    after = client.call(SUBSCRIBED, asked)["subscribe_relations"]

    assert (number[:4], len(number), known["user_id"], known["open_id"]) == ("2088", 16, number, person)
    assert (sent, again["sub_code"]) == (SUCCESS, "MSG_UNSUBSCRIBED")
    assert [one[0]["subscribe_state"] for one in (before, after)] == ["1", "0"]
    assert "优惠券领取提醒：满 200 减 30" in world.phone(world.old_shop, person)
    assert world.units(world.old_shop, world.old_shop_coupon)[person] == 0


def test_the_number_of_nobody_is_refused_and_so_is_any_number_at_an_app_of_today(
    stranger: Stranger, world: World
) -> None:
    [person] = world.old_shop.people(1, seed=424_242)
    [number] = world.old_shop.user_ids(1, seed=424_242)
    [here] = world.shop.people(1, seed=424_242)
    world.shop.consent(world.coupon, [here])
    before = world.units(world.shop, world.coupon)[here]
    message = {"to_user_id": number, "user_template_id": world.coupon, "data": data_of("甲", "乙")}
    unknown = {**message, "to_user_id": "2088000000000000", "user_template_id": world.old_shop_coupon}

    assert stranger(world.old_shop).call(SEND, unknown)["sub_code"] == "USER_ID_INVALID"
    assert stranger(world.shop).call(SEND, message)["sub_code"] == "USER_ID_INVALID"
    assert world.units(world.shop, world.coupon)[here] == before > 0
    assert here != person
