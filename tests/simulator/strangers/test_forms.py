"""What a form or a trade pays for: a refused message leaves it exactly as it was, whatever was wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.documented import PAYS_FOR, SEND
from tests.simulator.merchant import Merchant
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.refused_messages import TWO, data_of
from tests.simulator.strangers.world import World

OTHER = {"form": "trade", "trade": "form"}
Biz = dict[str, Any]
Spoil = Callable[[World, Biz, str], Merchant | None]
"""Make the right message wrong; the merchant who says it, where that is not the shop."""


def _template(world: World, kind: str) -> str:
    return world.form_template if kind == "form" else world.trade_template


def _right(world: World, kind: str) -> Biz:
    person = world.person(world.shop)
    form_id = world.form(world.shop, person, kind)
    return {
        "to_open_id": person,
        "user_template_id": _template(world, kind),
        "data": TWO,
        "page": "pages/index",
        "form_id": form_id,
    }


def _with(**changes: Any) -> Spoil:
    return lambda world, biz, kind: biz.update(changes)


def _in_state(state: str) -> Spoil:
    return lambda world, biz, kind: world.configure(world.shop, state=state)


def _of_another_kind(world: World, biz: Biz, kind: str) -> None:
    biz["user_template_id"] = _template(world, OTHER[kind])


def _of_a_subscription(world: World, biz: Biz, kind: str) -> None:
    biz["user_template_id"] = world.coupon


def _in_review(world: World, biz: Biz, kind: str) -> None:
    world.force(world.shop, biz["user_template_id"], "AUDITING")


def _taken_away(world: World, biz: Biz, kind: str) -> None:
    world.take_from_library(world.shop, {"form": "TM0090001", "trade": "TM0090002"}[kind])


def _for_somebody_else(world: World, biz: Biz, kind: str) -> None:
    biz["to_open_id"] = world.person(world.shop)


def _by_another_app(world: World, biz: Biz, kind: str) -> Merchant:
    template = world.old_template(kind, world.tea)
    biz |= {"to_open_id": world.person(world.tea), "user_template_id": template}
    return world.tea


def _rejecting(world: World, biz: Biz, kind: str) -> None:
    world.shop.act(biz["to_open_id"], "reject_messages")
    world.afterwards(lambda: world.shop.act(biz["to_open_id"], "allow_messages"))


def _not_interested(world: World, biz: Biz, kind: str) -> None:
    biz["user_template_id"] = world.old_template(kind)
    world.shop.act(biz["to_open_id"], "not_interested", template_id=biz["user_template_id"])


def _tired(world: World, biz: Biz, kind: str) -> None:
    biz["user_template_id"] = world.old_template(kind)
    for _ in range(10):
        other = world.form(world.shop, biz["to_open_id"], kind)
        assert world.shop.call(SEND, {**biz, "form_id": other}).outcome == "10000"


LONG = '{"keyword1":{"value":"a","color":"' + "#" * 2048 + '"},"keyword2":{"value":"b"}}'
SPOILT: dict[str, tuple[Spoil, str]] = {
    "offline": (_in_state("offline"), "APP_NO_AVAIABLE"),
    "no capability": (_in_state("no_message_capability"), "MSG_UNAUTHORIZED"),
    "no permission": (_in_state("no_send_permission"), "MESSAGE_SEND_AUTH_ERROR"),
    "no mini program": (_in_state("not_a_mini_program"), "APP_TYPE_ERROR"),
    "template id too long": (_with(user_template_id="x" * 65), "MSG_TEMPLATE_ID_VALID"),
    "template not adopted": (_with(user_template_id="0" * 32), "USER_TEMPLATE_ILLEGAL"),
    "template of another kind": (_of_another_kind, "USER_TEMPLATE_ILLEGAL"),
    "template of a subscription": (_of_a_subscription, "USER_TEMPLATE_ILLEGAL"),
    "template in review": (_in_review, "USER_TEMPLATE_STATUS_ILLEGAL"),
    "template gone from the library": (_taken_away, "TEMPLATE_ILLEGAL"),
    "no data": (_with(data=""), "DATA_IS_EMPTY"),
    "data unreadable": (_with(data="nonsense"), "DATA_CONTENT_FORMAT_ERROR"),
    "data too long": (_with(data=LONG), "ILLEGAL_ARGUMENT_PARAMS"),
    "a keyword missing": (_with(data=data_of("一个")), "USER_TEMPLATE_LACK_KEYWORD"),
    "a keyword empty": (_with(data=data_of("甲", " ")), "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL"),
    "a keyword too long": (_with(data=data_of("汉" * 51, "乙")), "USER_KEYWORD_LENGTH_ERROR"),
    "page too long": (_with(page="p" * 129), "PAGE_OVER_LIMIT"),
    "a sensitive word": (_with(data=data_of("网上赌博", "乙")), "DATA_SENSITIVE"),
    "nobody": (_with(to_open_id="074nobody"), "USER_ID_INVALID"),
    "no recipient": (_with(to_open_id=""), "ILLEGAL_ARGUMENT_PARAMS"),
    "somebody else": (_for_somebody_else, ""),
    "another app": (_by_another_app, "FORM_ID_NOT_MATCH_APPID"),
    "a person who takes none": (_rejecting, "MSG_REJECTED"),
    "a person not interested": (_not_interested, "MSG_CONTENT_NOT_INTERESTED"),
    "a person who has had enough": (_tired, "MSG_SINGLE_SD_OVER"),
}
NOT_THEIRS = {"form": "FORM_ID_INVALID", "trade": "TRADE_NO_NOT_MATCH_USERID"}


@pytest.mark.parametrize("kind", PAYS_FOR)
@pytest.mark.parametrize("case", SPOILT)
def test_a_refused_message_leaves_what_would_have_paid_for_it(
    official: Stranger, world: World, kind: str, case: str
) -> None:
    right = _right(world, kind)
    spoil, sub_code = SPOILT[case]
    spoilt = dict(right)
    who = spoil(world, spoilt, kind) or world.shop

    refused = official(who).call(SEND, spoilt)
    world.restore()

    assert refused["sub_code"] == (sub_code or NOT_THEIRS[kind])
    outcomes = [world.shop.call(SEND, right).outcome for _ in range(PAYS_FOR[kind] + 1)]
    assert outcomes == ["10000"] * PAYS_FOR[kind] + ["40004/FORM_ID_SEND_LIMIT"]
