"""Apps from before open_id know people by their 2088 numbers too; apps made today do not."""

from tests.simulator.merchant import SEND, SUBSCRIBE_QUERY, Merchant


def test_an_app_made_today_has_no_numbers(merchant: Merchant, person: str, fresh_seed: int) -> None:
    merchant.configure(user_ids=True)
    [user_id] = merchant.user_ids(1, seed=fresh_seed)
    assert (user_id[:4], len(user_id)) == ("2088", 16)
    merchant.configure(user_ids=False)

    answer = merchant.call(SUBSCRIBE_QUERY, {"user_id": user_id, "template_id_list": ["x"]})

    assert answer.outcome == "40004/OPENID_INVALID"


def test_a_message_to_a_number_reaches_the_person(
    merchant: Merchant, coupon_template: str, fresh_seed: int
) -> None:
    merchant.configure(user_ids=True)
    [open_id] = merchant.people(1, seed=fresh_seed)
    [user_id] = merchant.user_ids(1, seed=fresh_seed)
    merchant.consent(coupon_template, [open_id])
    biz = {**merchant.message(coupon_template, ""), "to_user_id": user_id}
    asked = {"user_id": user_id, "template_id_list": [coupon_template]}

    before = merchant.call(SUBSCRIBE_QUERY, asked).node["subscribe_relations"][0]["subscribe_state"]
    answer = merchant.call(SEND, biz)
    after = merchant.call(SUBSCRIBE_QUERY, asked).node["subscribe_relations"][0]["subscribe_state"]

    assert (answer.outcome, before, after) == ("10000", "1", "0")
    phone = merchant.simulator.get(f"/sim/phone/{open_id}?app_id={merchant.app_id}")
    assert "优惠券领取提醒：甲" in phone


def test_a_token_tells_the_number_where_there_is_one(merchant: Merchant, person: str) -> None:
    merchant.configure(user_ids=True)
    body = {"app_id": merchant.app_id, "open_id": person, "scopes": ["auth_user"]}
    code = merchant.simulator.post("/sim/logins", body)["auth_code"]

    token = merchant.call("alipay.system.oauth.token", grant_type="authorization_code", code=code).node
    known = merchant.call("alipay.user.info.share", auth_token=token["access_token"]).node

    assert token["user_id"] == known["user_id"]
    assert known["user_id"].startswith("2088")
