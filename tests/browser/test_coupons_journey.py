"""A pay coupon from its design to its use, in both languages: what the pages say is what the phone shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from coupons.models import Coupon, CouponGrant
from coupons.models.grant import GrantState
from merchants.models import User
from messaging.models import BatchSend, Reminder, ReminderPolicy, SubscriptionTemplate
from messaging.sends.reminder_rounds import count_rounds
from tests.browser.hands import Mouse
from tests.browser.house import House, wait_for
from tests.browser.operator import AHEAD, CHINA, UNTIL_DUE_MS, Operator
from tests.browser.reading import Words, number, settled
from tests.browser.windows import OPERATOR, OWNER, Windows

LIVE_SECONDS, TOLD_SECONDS, REMINDED_SECONDS, COUNTED_SECONDS = 60, 30, 150, 120
STOCK, PEOPLE = 50, 4
BILL_YUAN, OFF_YUAN = "20", "5"
PAGE = "pages/benefit/index"


@dataclass(frozen=True)
class Job:
    """`template` and `standing`: codes of the library, adopted and online in the story."""

    login: str
    language: str
    name: str
    template: str
    start: int
    standing: str = "TM0010005"


JOBS = [
    Job(OPERATOR, "zh-hans", "满10减5", "TM0010004", 120),
    Job(OWNER, "en", "满10减5（复购）", "TM0010006", 130),
]


@pytest.fixture(autouse=True)
def as_before(house: House) -> Iterator[None]:
    """No message of another test carries what was designed here, and nobody is reminded of it any more."""
    yield
    User.objects.filter(username__in=[job.login for job in JOBS]).update(language="zh-hans")
    mine = Coupon.objects.filter(mini_program=house.app, name__in=[job.name for job in JOBS])
    ReminderPolicy.objects.filter(coupon__in=mine).update(stopped_at=datetime.now(CHINA))


@dataclass
class Marketer(Operator):
    """An operator's work with coupons."""

    def named_so(self, name: str) -> Locator:
        return self.page.locator(f"[name={name}]")

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.hands.write(self.named_so(name), text)

    def tick_value(self, name: str, value: str) -> None:
        self.hands.tick(self.page.locator(f"[name={name}][value={value}]"))

    def choose_coupon(self, coupon: Coupon) -> None:
        choices = self.named_so("coupon")
        label = choices.locator(f"option[value='{coupon.pk}']").inner_text()
        self.hands.choose(choices, label.strip())

    def design(self, name: str) -> Coupon:
        """Money off, usable from now to tomorrow night."""
        now = datetime.now(CHINA)
        begins, last_day = f"{now:%Y-%m-%dT%H:%M}", f"{now + timedelta(days=1):%Y-%m-%d}"
        claimed_until, ends = f"{last_day}T22:00", f"{last_day}T23:00"
        words = self.words("Coupons", "menu")
        self.hands.press(self.page.get_by_role("navigation").first.get_by_role("link", name=words))
        self.page.wait_for_url("**/coupons/")
        self.hands.press(self.link(self.words("New coupon")))
        self.hands.press(self.link(self.words("Design a pay coupon")))
        self.tick_value("kind", "reduction")
        self.fill(name=name, amount_fen=OFF_YUAN, floor_fen="10", publish_from=begins)
        self.fill(publish_until=claimed_until)
        self.tick_value("validity", "fixed")
        self.fill(use_from=begins, use_until=ends, stock=str(STOCK), description="每单限用一张")
        expect(self.page.locator("#coupon-preview")).to_contain_text(name)
        settled(self.page)
        self.hands.press(self.button(self.words("Save draft")))
        self.page.wait_for_url(lambda url: "/new/" not in url)
        return Coupon.objects.get(pk=int(self.page.url.rstrip("/").rpartition("/")[2]))

    def make_live(self, coupon: Coupon) -> None:
        """Each step is confirmed on a page of its own, and the mark follows by itself."""
        for step, reached in (("submit", "created"), ("publish", "published")):
            self.hands.press(self.page.locator(f"a[href$='/coupons/{coupon.pk}/{step}/']").first)
            self.page.wait_for_url(f"**/coupons/{coupon.pk}/{step}/")
            self.hands.press(self.page.locator("#move-form button.act"))
            self.page.wait_for_url(f"**/coupons/{coupon.pk}/")
            there = Coupon.objects.filter(pk=coupon.pk, state=reached)
            wait_for(there.exists, LIVE_SECONDS, f"coupon {coupon.pk} to be {reached}")
            self.page.reload()

    def place_after_paying(self, coupon: Coupon) -> None:
        self.page.goto(self.house.at(f"coupons/{coupon.pk}/placements/new/"))
        self.tick_value("booth", "PAYMENT_RESULT")
        self.hands.press(self.button(self.words("Ask the platform to show it")))
        self.page.wait_for_url(lambda url: "/placements/" in url and "/new/" not in url)
        live = self.words("Live", "placement")
        wait_for(
            lambda: self.page.reload() and live in self.page.locator(".page-title").inner_text(),
            LIVE_SECONDS,
            lambda: f"it to be {live}; there is {self.page.locator('.page-title').inner_text()!r}",
        )

    def remind(self, coupon: Coupon, template: SubscriptionTemplate) -> None:
        self.page.goto(self.house.at(f"reminders/new/?template={template.pk}"))
        self.choose_coupon(coupon)
        self.fill(days_before="1", hour="00:00", holdout_percent="0", page=PAGE)
        self.fill(text1="{coupon}", text2="付款时自动抵扣", text3="{until}")
        self.hands.press(self.button(self.words("Save")))
        self.page.wait_for_url(lambda url: "/new/" not in url)


@dataclass
class Journey:
    marketer: Marketer
    template: SubscriptionTemplate
    standing: SubscriptionTemplate
    people: list[str]
    coupon: Coupon
    batch: BatchSend


def test_a_pay_coupon_is_designed_sent_claimed_reminded_of_and_used(
    house: House, windows: Windows, tmp_path: Path
) -> None:
    """Two colleagues at once, each in their language: what one waits for the other waits for too."""
    journeys = [begun(job, house, windows, tmp_path / f"{job.name}.csv") for job in JOBS]
    phone = windows(OPERATOR).context.new_page()
    for one in journeys:
        one.marketer.is_("finished", timeout=UNTIL_DUE_MS)
        assert one.marketer.ledger()[one.marketer.words.person("accepted")] == PEOPLE
        claims_from_the_message(phone, house, one.coupon, one.people[0])
        reads_and_leaves_it(phone, house, one.coupon, one.people[1])
        one.marketer.remind(one.coupon, one.standing)
    for one in journeys:
        is_reminded_and_pays(phone, house, one.coupon, one.people[0])
    for one in journeys:
        pages_show_it_all(one.marketer, one.coupon, one.batch)


def begun(job: Job, house: House, windows: Windows, path: Path) -> Journey:
    """Live, shown after paying, and on its way with a message."""
    User.objects.filter(username=job.login).update(language=job.language)
    page = windows(job.login, refused=True)
    page.goto(house.at(""))
    marketer = Marketer(Mouse(page), Words(job.language), house)
    template, standing = adopted(house, job.template), adopted(house, job.standing)
    people = willing(house, job.start, [template, standing])
    coupon = marketer.design(job.name)
    marketer.make_live(coupon)
    marketer.place_after_paying(coupon)
    batch = schedule_with_it(marketer, template, coupon, people, path)
    return Journey(marketer, template, standing, people, coupon, batch)


def adopted(house: House, code: str) -> SubscriptionTemplate:
    return SubscriptionTemplate.objects.get(mini_program=house.app, library_code=code, state="approved")


def willing(house: House, start: int, templates: list[SubscriptionTemplate]) -> list[str]:
    """People of the demo who say yes to both kinds of message on their phones."""
    rows = dict.fromkeys(house.people_file.read_text("utf-8-sig").splitlines()[1:])
    people = [one for one in rows if len(one) == 31 and not one.startswith("999")][start : start + PEOPLE]
    for template in templates:
        told = {"app_id": house.app.app_id, "template_id": template.template_id, "kind": template.kind}
        house.tell("/sim/consents", {**told, "open_ids": people, "units": 1})
    return people


def schedule_with_it(
    marketer: Marketer, template: SubscriptionTemplate, coupon: Coupon, people: list[str], path: Path
) -> BatchSend:
    """Scheduled; it goes out once the platform shows the coupon in messages of that template."""
    lines = ["open_id,姓名,等级", *(f"{one},顾客,1" for one in people)]
    path.write_text("\r\n".join(lines), encoding="utf-8-sig")
    marketer.upload(path, purpose=coupon.name)
    marketer.check_the_file(left_out="等级")
    marketer.take_in(PEOPLE)
    marketer.begin(template.name)
    values = dict.fromkeys(template.keywords, "到店出示")
    marketer.write(name=f"{coupon.name} 送券", values=values, page=PAGE)
    marketer.choose_coupon(coupon)
    marketer.set_time(datetime.now(CHINA) + AHEAD)
    marketer.review()
    expect(marketer.page.get_by_role("main")).to_contain_text(coupon.name)
    assert list(marketer.who_will_get_it().values())[-1] == PEOPLE
    return marketer.confirm()


def message_of(phone: Page, house: House, open_id: str) -> Locator:
    """The newest that this person has got, opened."""
    phone.goto(f"{house.platform}/sim/phone/{open_id}?app_id={house.app.app_id}")
    phone.get_by_role("region", name="消息", exact=True).get_by_role("link").first.click()
    return phone.get_by_role("main") if phone.get_by_role("main").count() else phone.locator("body")


def claims_from_the_message(phone: Page, house: House, coupon: Coupon, open_id: str) -> None:
    expect(message_of(phone, house, open_id)).to_contain_text(coupon.name)
    ticket = phone.locator(".ticket").filter(has_text=coupon.name).first
    expect(ticket).to_contain_text("可领取")
    ticket.get_by_role("button", name="领取").click()
    expect(phone.locator(".ticket").filter(has_text=coupon.name).first).to_contain_text("已领取")
    wait_for(lambda: grants(coupon).count() == 1, TOLD_SECONDS, "the claim to be told")
    assert grants(coupon).get().customer.open_id == open_id


def reads_and_leaves_it(phone: Page, house: House, coupon: Coupon, open_id: str) -> None:
    """Nobody is told that somebody looked: there is nothing of this person here."""
    expect(message_of(phone, house, open_id)).to_contain_text(coupon.name)
    assert not grants(coupon).filter(customer__open_id=open_id).exists()


def is_reminded_and_pays(phone: Page, house: House, coupon: Coupon, open_id: str) -> None:
    grant = grants(coupon).get()
    reminders = Reminder.objects.filter(policy__coupon=coupon)
    wait_for(
        lambda: reminders.filter(single__delivery_id__isnull=False).exists(),
        REMINDED_SECONDS,
        lambda: f"the reminder; there is {list(reminders.values())}",
    )
    assert [one.grant_id for one in reminders] == [grant.pk]
    wait_for(
        lambda: "付款时自动抵扣" in message_of(phone, house, open_id).inner_text(),
        TOLD_SECONDS,
        "the reminder to be on the phone",
    )
    expect(message_of(phone, house, open_id)).to_contain_text(coupon.name)
    phone.goto(f"{house.platform}/sim/phone/{open_id}/coupons?app_id={house.app.app_id}")
    phone.get_by_placeholder("元").fill(BILL_YUAN)
    phone.get_by_role("button", name="付款").click()
    expect(phone.locator(".ticket").filter(has_text=coupon.name).first).to_contain_text("已使用")
    used = grants(coupon).filter(state=GrantState.REDEEMED)
    wait_for(used.exists, TOLD_SECONDS, "the use to be told")


def grants(coupon: Coupon) -> QuerySet[CouponGrant]:
    return CouponGrant.objects.filter(coupon=coupon).select_related("customer")


def pages_show_it_all(marketer: Marketer, coupon: Coupon, batch: BatchSend) -> None:
    """The figures, the coupon, the send that carried it and the reminder each count one."""
    page, words = marketer.page, marketer.words
    page.goto(marketer.house.at(f"coupons/figures/?coupon={coupon.pk}"))
    lines = page.locator("section[aria-labelledby=by-coupon] tbody tr").filter(has_text=coupon.name)
    claimed, used = (lines.locator("td").nth(at).inner_text() for at in (0, 1))
    assert (number(claimed), number(used)) == (1, 1)
    page.goto(marketer.house.at(f"coupons/{coupon.pk}/"))
    stock = [number(text) for text in page.locator(".coupon-figures b").all_inner_texts()]
    assert stock == [STOCK, 1, 0, STOCK - 1]
    page.goto(marketer.house.at(f"sends/{batch.pk}/"))
    whole = words("%(claimed)s of its people claimed it afterwards, %(used)s used it; counted at %(time)s")
    said = (whole % {"claimed": 1, "used": 1, "time": "|"}).split("|")[0]
    wait_for(
        lambda: page.reload() and said in page.get_by_role("main").inner_text(),
        COUNTED_SECONDS,
        lambda: f"{said!r}; there is {page.get_by_role('main').inner_text()!r}",
    )
    policy = ReminderPolicy.objects.get(coupon=coupon)
    count_rounds(at=timezone.now(), policy_id=policy.pk)  # what beat does every ten minutes
    page.goto(marketer.house.at(f"reminders/{policy.pk}/"))
    row = page.locator("section:has(table caption) tbody tr").first.locator("td").all_inner_texts()
    assert [number(one) for one in row[:3]] == [1, 1, 1]  # reminded, accepted, used afterwards
