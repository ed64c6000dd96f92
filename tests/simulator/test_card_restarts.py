"""Cards over a restart: templates, forms, who holds what, answers given before, and the run of numbers."""

from pathlib import Path

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk, opened
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess


def test_a_new_process_goes_on_where_the_old_one_stopped(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with SimulatorProcess.start(store=store) as first:
        desk = opened(first)
        logo = desk.upload(500, 500)
        style = {"card_show_name": "云朵会员卡", "logo_id": logo}
        template_id = desk.template(template_style_info=style)
        url = desk.address(template_id)
        benefit = asks.benefit(template_id, desk.now)
        benefit_id = desk.say(asks.ADD_BENEFIT, benefit)["benefit_id"]
        asked = desk.ask(template_id)
        wish = desk.wish(asked)
        opening = desk.say(asks.OPEN, wish, auth_token=asked.token)
        card_no = opening["card_info"]["biz_card_no"]
        change = desk.update(card_no, asks.moment(desk.now), point="120", points="20")
        desk.say(asks.UPDATE, change)
        ended = desk.card(template_id)
        desk.end(ended)
        waiting = desk.ask(template_id)
        before = desk.cards(), desk.told(template_id)
        texts, numbers = desk.merchant.texts, {card_no, ended}

    with SimulatorProcess.start(store=store) as second:
        desk = Desk(Merchant(second, {**texts, "gateway_url": f"{second.url}/gateway.do"}))

        assert (desk.cards(), desk.told(template_id)) == before
        assert desk.say(asks.OPEN, wish, auth_token=asked.token) == opening
        desk.say(asks.UPDATE, change)
        assert desk.effects(card_no)[-1] == "repeated"
        assert desk.say(asks.ADD_BENEFIT, benefit)["benefit_id"] == benefit_id
        assert desk.say(asks.OPEN, desk.wish(waiting), auth_token=waiting.token)["card_info"]
        assert {one["card_no"] for one in desk.cards()} > numbers
        assert len(desk.cards()) == 3
        assert desk.act(desk.person(), "apply", apply_url=url, call=False)["request_id"]
        again = asks.template(template_style_info=style)
        assert desk.say(asks.CREATE, again)["template_id"] != template_id, "the logo is still known"
