"""The picture of the README: a send of thousands under way. `PICTURES=docs/pictures` keeps it there."""

import os
import shutil

from django.utils import timezone
from playwright.sync_api import expect

from membership.models import PeopleList
from messaging.models import BatchSend, SendControl, SendState, SubscriptionTemplate
from messaging.reports import deliveries, send_figures
from tests.browser.house import House, wait_for
from tests.browser.reading import send_word, state_of, zh
from tests.browser.scenes import SEND_METHOD, Scenes
from tests.browser.test_golden_thread import PAGE, VALUES
from tests.browser.windows import OPERATOR, Windows

BENEFIT = "TM0010004"
EVERYBODY = "全部老客"
RATE_PER_SECOND = 220
REFUSED, UNKNOWN, VISITS = 23, 9, 31
LARGEST_BYTES = 300_000


def test_a_send_of_thousands_under_way_makes_a_picture(house: House, windows: Windows) -> None:
    batch = launched(Scenes(house))
    wait_for(lambda: percent(batch.control) > 20, 90, "the first people to be written to")
    they_come(house, batch.control)
    wait_for(lambda: percent(batch.control) > 60, 90, "most people to have an outcome")
    page = windows(OPERATOR)
    page.goto(house.at(f"sends/{batch.pk}/"))
    expect(state_of(page)).to_have_text(send_word("sending"))
    expect(page.locator(".send-ledger .seal")).to_contain_text(zh("Books balance"), timeout=30_000)
    path = house.pictures / "send.png"
    page.screenshot(path=path)
    assert path.stat().st_size <= LARGEST_BYTES
    house.await_state(batch.control, SendState.FINISHED)
    house.forget_faults()
    if os.environ.get("PICTURES"):
        shutil.copy(path, os.environ["PICTURES"])


def launched(scenes: Scenes) -> BatchSend:
    """To everybody of the story. A few are refused, and of a few the platform says nothing certain: so
    seldom that it is no reason to pause.
    """
    for kind, value, n, rate in (
        ("sub_code", "MSG_REJECTED", REFUSED, 0.02),
        ("http_500", "after", UNKNOWN, 0.006),
    ):
        wanted = {"method": SEND_METHOD, "kind": kind, "value": value, "count": n, "rate": rate}
        scenes.house.tell("/sim/faults", wanted)
    app = scenes.house.app
    content = scenes.content(
        template=SubscriptionTemplate.objects.get(mini_program=app, library_code=BENEFIT),
        to=PeopleList.objects.get(mini_program=app, name=EVERYBODY),
        name="iPhone 17 首月立减 · 老客召回",
        values=list(VALUES.values()),
        page=PAGE,
    )
    batch = scenes.launched(content, rate=RATE_PER_SECOND)
    scenes.house.await_state(batch.control, SendState.SENDING)
    return batch


def percent(control: SendControl) -> float:
    control.refresh_from_db()
    return send_figures(control, at=timezone.now()).percent


def they_come(house: House, control: SendControl) -> None:
    """Taps of people who have the message, reported to the console as a mini program would."""
    for row in deliveries(control, state="accepted")[:VISITS]:
        body = {"app_id": house.app.app_id, "open_id": row.customer.open_id, "action": "visit"}
        house.tell("/sim/act", body)
