"""The whole job of an operator, from a template to a visit: in both languages, and by the keyboard alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from merchants.models import User
from messaging.models import BatchSend, Consent, SendControl, SubscriptionTemplate
from tests.browser.hands import Hands, Keyboard, Mouse
from tests.browser.house import House, wait_for
from tests.browser.operator import AHEAD, CHINA, UNTIL_DUE_MS, Operator
from tests.browser.reading import Words, card, fact
from tests.browser.scenes import SEND_METHOD
from tests.browser.windows import OPERATOR, Windows

PEOPLE, WITHOUT_CONSENT, MALFORMED, REPEATED, STRANGERS = 40, 4, 2, 1, 1
SLOWLY, QUICKLY = 1, 50
FAMILY_NAMES = "赵钱孙李周吴郑王冯陈"
TOO_LONG = "本周内到店，" * 20
PAGE = "pages/benefit/index"


@dataclass(frozen=True)
class Job:
    """`template` of the library, which the story has not online; `start`: which people it goes to."""

    language: str
    template: str
    values: dict[str, str]
    without: str
    start: int
    hands: type[Hands]


JOBS = [
    Job(
        "zh-hans",
        "优惠券领取提醒",
        {
            "优惠内容": "{姓名}的免押券",
            "使用方法": "下单时选用",
            "领券时间": "本周日前",
            "温馨提示": "每人一张",
        },
        "商户名称",
        0,
        Mouse,
    ),
    Job(
        "en",
        "订单完成奖励领取通知",
        {"奖励名称": "{姓名}的贴膜", "订单商品": "iPhone 17", "领取方式": "到店出示", "有效期": "本月底"},
        "温馨提示",
        60,
        Keyboard,
    ),
]


@pytest.fixture(autouse=True)
def language_again(house: House) -> Iterator[None]:
    yield
    User.objects.filter(username=OPERATOR).update(language="zh-hans")


@pytest.mark.parametrize("job", JOBS, ids=["zh", "en by keyboard"])
def test_from_a_template_of_the_library_to_somebody_who_comes_back(
    job: Job, house: House, windows: Windows, tmp_path: Path
) -> None:
    page = windows(OPERATOR, refused=True)
    User.objects.filter(username=OPERATOR).update(language=job.language)
    hands = job.hands(page)
    page.goto(house.at(""))
    operator = Operator(hands, Words(job.language), house)
    people = known_people(house, job.start)

    template = adopt(operator, job, people)
    upload(operator, tmp_path / "老客.csv", people)
    compose(operator, job)
    batch = schedule_undo_and_schedule_again(operator, template)
    watch_pause_and_resume(operator)
    figures_are_those_of_the_platform(operator, template)
    export_names_every_person(operator, people)
    somebody_comes_back(operator, batch, people[-1], job)
    assert getattr(hands, "unseen", []) == []


def known_people(house: House, start: int) -> list[str]:
    rows = house.people_file.read_text("utf-8-sig").splitlines()[1:]
    known = [one for one in dict.fromkeys(rows) if len(one) == 31 and not one.startswith("999")]
    return known[start : start + PEOPLE]


def adopt(operator: Operator, job: Job, people: list[str]) -> SubscriptionTemplate:
    """Reviewed by the platform; then all but a few say yes to it on their phones."""
    house = operator.house
    adopted = SubscriptionTemplate.objects.get(pk=operator.adopt(job.template, without=job.without))
    assert adopted.keywords == list(job.values)
    wait_for(lambda: adopted.refresh_from_db() or adopted.template_id, 60, "the platform to take it")
    whose = {"app_id": house.app.app_id, "template_id": adopted.template_id}
    house.tell("/sim/templates", {**whose, "status": "ONLINE"})
    operator.see_it_online()
    willing = people[WITHOUT_CONSENT:]
    house.tell("/sim/consents", {**whose, "open_ids": willing, "kind": adopted.kind, "units": 1})
    told = Consent.objects.filter(template=adopted, units=1)
    wait_for(lambda: told.count() == len(willing), 30, "the phones to report their consent")
    return adopted


def upload(operator: Operator, path: Path, people: list[str]) -> None:
    rows = [
        f"{one},{FAMILY_NAMES[at % 10]}女士,{at % 3}" for at, one in enumerate([*people, people[0], "9" * 31])
    ]
    rows += ["1380000,,", "一个名字,,"]
    path.write_text("\r\n".join(["open_id,姓名,等级", *rows]), encoding="utf-8-sig")
    operator.upload(path, purpose="请老客回来看看")
    expect(operator.page.get_by_text(f"{FAMILY_NAMES[0]}女士").first).to_be_visible()
    operator.check_the_file(left_out="等级")
    operator.take_in(PEOPLE)
    rows_of_the_file = PEOPLE + MALFORMED + REPEATED + STRANGERS
    assert operator.of_the_file() == [rows_of_the_file, PEOPLE, MALFORMED, REPEATED, STRANGERS]


def compose(operator: Operator, job: Job) -> None:
    """With one value too long; the page says which, and nothing that was written is lost."""
    wrong = list(job.values)[1]
    operator.begin(job.template)
    operator.write(name=f"{job.template}，一封", values=job.values | {wrong: TOO_LONG}, page=PAGE)
    operator.set_time(datetime.now(CHINA).replace(hour=10, minute=30) + timedelta(days=2))
    operator.review()
    operator.is_told_to_change(wrong)
    operator.correct(wrong, job.values[wrong])
    operator.review()


def schedule_undo_and_schedule_again(operator: Operator, template: SubscriptionTemplate) -> BatchSend:
    words = operator.words
    found = operator.who_will_get_it()
    assert next(iter(found.values())) == PEOPLE
    assert found[words("No consent left")] == WITHOUT_CONSENT
    assert list(found.values())[-1] == PEOPLE - WITHOUT_CONSENT
    first = operator.confirm()
    operator.undo()
    # slow from its first message, so that it is met under way
    SendControl.objects.filter(pk=first.control_id).update(rate_per_second=SLOWLY)
    assert summary(operator.house, template)["calls"] == {}
    operator.set_time(datetime.now(CHINA) + AHEAD)
    operator.review()
    assert operator.who_will_get_it() == found
    again = operator.confirm()
    assert again.pk == first.pk
    return again


def watch_pause_and_resume(operator: Operator) -> None:
    """The figures move on a page that is not loaded again, and stand still while it is paused."""
    accepted = operator.words.person("accepted")
    operator.page.evaluate("window.stayed = true")
    operator.is_("sending", timeout=UNTIL_DUE_MS)
    seen = operator.ledger()[accepted]
    wait_for(
        lambda: operator.ledger()[accepted] > seen,
        60,
        lambda: f"{seen} to grow by itself; there is {operator.ledger()}",
    )
    assert operator.page.evaluate("window.stayed") is True
    operator.pause()
    wait_for(
        lambda: operator.ledger()[operator.words.person("sending")] == 0, 30, "those in flight to settle"
    )
    went = operator.ledger()[accepted]
    assert 0 < went < PEOPLE - WITHOUT_CONSENT
    operator.set_speed(QUICKLY)
    assert operator.ledger()[accepted] == went
    operator.resume()
    operator.is_("finished")


def figures_are_those_of_the_platform(operator: Operator, template: SubscriptionTemplate) -> None:
    page, words = operator.page, operator.words
    expect(page.locator(".send-ledger .seal")).to_contain_text(words("Books balance"), timeout=30_000)
    log, found = summary(operator.house, template), operator.ledger()
    sent = PEOPLE - WITHOUT_CONSENT
    assert found[words("people frozen")] == PEOPLE
    assert found[words.person("skipped")] == WITHOUT_CONSENT
    assert found[words.person("accepted")] == sent == log["accepted_messages"] == log["accepted_people"]
    assert log["calls"] == {SEND_METHOD: {"10000": sent}}
    assert log["repeated"] == {}
    assert fact(page, words("Consent used")) == sent
    expect(card(page, words("Reconciliation")).locator("tbody")).to_contain_text(f"{sent:,}", timeout=30_000)


def export_names_every_person(operator: Operator, people: list[str]) -> None:
    rows = operator.export_people()
    states = {row["open_id"]: row["state"] for row in rows}
    expected = dict.fromkeys(people[:WITHOUT_CONSENT], "skipped")
    assert states == expected | dict.fromkeys(people[WITHOUT_CONSENT:], "accepted")
    assert len(rows) == PEOPLE
    assert {row["status"] for row in rows} == {operator.words.person(one) for one in ("skipped", "accepted")}


def somebody_comes_back(operator: Operator, batch: BatchSend, somebody: str, job: Job) -> None:
    """A tap on a phone; the phone is the customer's, who has a finger. The message is to them by name."""
    house = operator.house
    page, visits = operator.page, operator.words("Visits so far")
    assert fact(page, visits) == 0
    phone = operator.page.context.new_page()
    phone.goto(f"{house.platform}/sim/phone/{somebody}?app_id={house.app.app_id}")
    phone.get_by_role("region", name="消息", exact=True).get_by_role("link").first.click()
    name = f"{FAMILY_NAMES[(PEOPLE - 1) % 10]}女士"
    expect(phone.get_by_text(next(iter(job.values.values())).replace("{姓名}", name)).first).to_be_visible()
    phone.get_by_role("button", name="进入小程序").click()
    expect(phone.get_by_text("回访已报给控制台")).to_be_visible()
    phone.close()
    wait_for(lambda: page.reload() and fact(page, visits) == 1, 30, "the visit to be counted")
    of_all = operator.words("of %(n)s accepted") % {"n": PEOPLE - WITHOUT_CONSENT}
    assert operator.visits_of_the_send(batch) == f"1 {of_all}"


def summary(house: House, template: SubscriptionTemplate) -> dict[str, Any]:
    """Of all messages of this template, as the platform counts them."""
    asked = f"app_id={house.app.app_id}&template_id={template.template_id}&method={SEND_METHOD}"
    return house.ask(f"/sim/log/summary?{asked}")
