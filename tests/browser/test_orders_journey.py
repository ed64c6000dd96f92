"""A rental order from placed to overdue, entered by hand: what the page says is what the phone shows."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.utils.translation import override
from playwright.sync_api import Locator, Page, expect

from console import states
from membership.models import Customer
from merchants.models import User
from orders.models import ChosenScene, Order
from orders.scene_fields import FIELD_NAMES
from orders.scenes import SCENES
from tests.browser.hands import Hands, Keyboard, Mouse
from tests.browser.house import House, wait_for
from tests.browser.reading import Words, settled
from tests.browser.windows import OPERATOR, Windows

RENTAL = SCENES["online_rental"]
SYNCED_SECONDS = 20
ITEM_PAGE = "pages/order/detail?order_no=%s"
FIRST_FIELDS = {"total_rent": "299.00 元", "lease": "30 天"}


@dataclass(frozen=True)
class Step:
    """`fields`: what the operator fills in beside what the order has."""

    status: str
    fields: dict[str, str]


STEPS = [
    Step("APPROVAL", {}),
    Step("TO_SEND_GOODS", {"thaw_deposit": "5999 元"}),
    Step("IN_DELIVERY", {"delivery_time": "2026-11-20 10:00", "courier_number": "SF1234567890123"}),
    Step(
        "IN_THE_LEASE",
        {
            "receiving_time": "2026-11-21 15:00",
            "rent_due_date": "2026-12-20",
            "lease_period": "2026-11-21 至 2026-12-20",
            "give_back_date": "2026-12-21",
        },
    ),
    Step("OVERDUE", {"overdue_amount": "299.00 元"}),
]


@dataclass(frozen=True)
class Job:
    """`scene`: one that the shop has not chosen; `buyer`: place of a person of the demo."""

    language: str
    number: str
    scene: str
    buyer: int
    hands: type[Hands]


JOBS = [
    Job("zh-hans", "R20261122-0000000001", "shared_laundry", 20, Mouse),
    Job("en", "R20261122-0000000002", "home_delivery", 21, Keyboard),
]


@pytest.fixture(autouse=True)
def as_before(house: House) -> Iterator[None]:
    yield
    User.objects.filter(username=OPERATOR).update(language="zh-hans")
    ChosenScene.objects.filter(mini_program=house.app, scene__in=[job.scene for job in JOBS]).delete()


@dataclass
class Returner:
    """`buyer`: the open_id; `phone` shows what the platform sends to them."""

    hands: Hands
    words: Words
    house: House
    number: str
    buyer: str
    phone: Page

    @property
    def page(self) -> Page:
        return self.hands.page

    def press(self, words: str) -> None:
        main = self.page.get_by_role("main")
        name = self.words(words)
        link = main.get_by_role("link", name=name, exact=True)
        self.hands.press(link.or_(main.get_by_role("button", name=name, exact=True)).first)

    def named(self, name: str) -> Locator:
        return self.page.locator(f"[name={name}]")

    def fill(self, fields: dict[str, str]) -> None:
        for name, text in fields.items():
            self.hands.write(self.named(f"f_{name}"), text)

    def choose_status(self, status: str) -> None:
        self.hands.tick(self.page.locator(f"input[name=status][value={status}]"))

    # --- its steps ----------------------------------------------------------------------------------------
    def choose_scene(self, code: str) -> None:
        self.page.goto(self.house.at("orders/scenes/"))
        self.hands.press(self.page.get_by_role("link", name=self.name_of_scene(code), exact=True))
        mark = self.page.locator(".page-title .tag")
        expect(mark).to_have_text(self.words("Not chosen"))
        self.press("Choose this scene")
        expect(mark).to_have_text(self.words("Chosen"))

    def enter(self, buyer: str) -> None:
        """The order with its first status; the chosen scenes are offered."""
        self.page.goto(self.house.at("orders/"))
        self.press("Order by hand")
        self.hands.press(self.page.get_by_role("link", name=self.name_of_scene(RENTAL.code), exact=True))
        self.hands.write(self.named("out_biz_no"), self.number)
        self.hands.write(self.named("open_id"), buyer)
        self.hands.write(self.named("page"), ITEM_PAGE % self.number)
        self.choose_status("APPLYING")
        self.fill(FIRST_FIELDS)
        self.press("Save order")
        self.page.wait_for_url("**/orders/*/")

    def returns(self, step: Step, *, anyway: bool = False) -> None:
        self.press("Status by hand")
        self.page.wait_for_url("**/status/")
        self.choose_status(step.status)
        self.fill(step.fields)
        self.press("Save status")
        if anyway:
            self.hands.tick(self.named("anyway"))
            settled(self.page)
            self.press("Save status")
        self.page.wait_for_url(lambda url: "/status/" not in url)

    def sees(self, status: str, *, state: str, got: str) -> None:
        """Once the platform has answered; without a message the phone stays as it was."""
        line = self.page.locator(".steps-table tbody tr").first
        with_mark = self.word_of(state)
        wait_for(
            lambda: self.page.reload() and with_mark in line.inner_text(),
            SYNCED_SECONDS,
            lambda: f"{status} to be {with_mark!r}; there is {line.inner_text()!r}",
        )
        expect(line.locator(".steps-code")).to_have_text(status)
        expect(line.locator(".steps-got")).to_have_text(got)

    def on_the_phone(self) -> list[str]:
        """What the buyer was told of this order, in the zone of the merchant's messages."""
        self.phone.goto(f"{self.house.platform}/sim/phone/{self.buyer}?app_id={self.house.app.app_id}")
        rows = self.phone.get_by_role("region", name="消息", exact=True).locator("a.row")
        if not rows.count():
            return []
        rows.first.click()
        zone = self.phone.get_by_role("region", name="商家消息", exact=True)
        expect(zone).to_be_visible()
        return [text for text in zone.locator("article").all_inner_texts() if self.number in text]

    def name_of_scene(self, code: str) -> str:
        return self.in_words(SCENES[code].name)

    def in_words(self, name: object) -> str:
        with override(self.words.language):
            return str(name)

    def word_of(self, state: str) -> str:
        return self.in_words(states.word_of("order_sync", state).word)


@pytest.mark.parametrize("job", JOBS, ids=["zh", "en by keyboard"])
def test_a_rental_from_placed_to_overdue_and_a_status_that_lacks_a_field(
    job: Job, house: House, windows: Windows
) -> None:
    page = windows(OPERATOR, refused=True)
    User.objects.filter(username=OPERATOR).update(language=job.language)
    buyer = Customer.objects.filter(mini_program=house.app, forgotten_at=None).order_by("pk")[job.buyer]
    words, phone = Words(job.language), page.context.new_page()
    returner = Returner(job.hands(page), words, house, job.number, buyer.open_id, phone)

    returner.choose_scene(job.scene)
    returner.enter(buyer.open_id)
    returner.sees("APPLYING", state="synced", got=words("Not a sending node", "notified"))
    assert returner.on_the_phone() == []
    each_status_is_told_as_its_node_says(returner)
    one_that_lacks_a_field_is_explained(returner)
    assert getattr(returner.hands, "unseen", []) == []


def each_status_is_told_as_its_node_says(returner: Returner) -> None:
    """On the page, and on the phone: one message more for each that notifies, none for the others."""
    words, told = returner.words, 0
    for step in STEPS:
        node = RENTAL.node(step.status)
        assert node is not None
        returner.returns(step)
        got = words("Not a sending node", "notified")
        if node.notifies:
            told += 1
            got = words("Message + push") if node.pushes else words("Message", "notified")
        returner.sees(step.status, state="synced", got=got)
        shown = returner.on_the_phone()
        assert len(shown) == told, (step.status, shown)
        if node.notifies:
            assert any(with_name(step.status, returner.house) in one for one in shown), shown


def with_name(status: str, house: House) -> str:
    """As the platform names it to the customer."""
    scenes = {one["biz_type"]: one for one in house.ask("/sim/scenes")["scenes"]}
    statuses = {one["code"]: one["name"] for one in scenes[RENTAL.biz_type]["statuses"]}
    return str(statuses[status])


def one_that_lacks_a_field_is_explained(returner: Returner) -> None:
    """Saved all the same; the diagnosis finds the order and names the field."""
    page, words = returner.page, returner.words
    before = returner.on_the_phone()
    returner.returns(Step("RELET", {}), anyway=True)
    returner.sees("RELET", state="not_notified", got=words("Not sent", "notified"))
    assert returner.on_the_phone() == before
    page.goto(returner.house.at("orders/diagnosis/"))
    returner.hands.write(page.locator("#id_q"), returner.number)
    returner.press("Find the order")
    returner.press("See why")
    answer = page.locator(".answer")
    relet = RENTAL.node("RELET")
    assert relet is not None
    name = returner.in_words(relet.name)
    sentence = words("“%(name)s” sent no message because fields are missing: %(fields)s")
    fields = returner.in_words(FIELD_NAMES["real_date"])
    expect(answer.get_by_role("heading")).to_have_text(sentence % {"name": name, "fields": fields})
    expect(answer).to_contain_text("ext_info.business_info.real_date")
    order = Order.objects.get(mini_program=returner.house.app, out_biz_no=returner.number)
    asked = f"app_id={order.mini_program.app_id}&out_biz_no={order.out_biz_no}"
    (held,) = returner.house.ask(f"/sim/orders?{asked}")["orders"]
    assert held["status"] == order.synced_status == "RELET"
