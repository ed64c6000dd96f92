"""The story of the demo, told small against a real simulator process, cut off once and told again."""

import io
import json
import stat
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db.models import F, Q, Sum
from django.test import Client
from django.utils import timezone

from console.demo.crowd import Crowd
from console.demo.order_plan import OrderPast
from console.demo.people_file import Rows, path_of, write_people_file
from console.demo.plan import Past
from console.demo.pretend import Pretend, PretendError
from console.demo.shops import SHOPS
from console.demo.story import SEED, Size, beginning, tell
from coupons.models import Coupon, CouponCount, CouponGrant, GrantEntry, Placement
from membership import importing, lists
from membership.models import Customer, PeopleList
from merchants.models import Event, GatewayCall, Merchant, MiniProgram, Staff, User
from messaging.consent import sampling
from messaging.engine import reconcile
from messaging.models import (
    BatchSend,
    Consent,
    ConsentEntry,
    Delivery,
    SendControl,
    Signal,
    SubscriptionTemplate,
    Visit,
)
from messaging.recall import rollups
from messaging.reports import send_figures
from orders.models import Order, StatusChange
from tests.console.demo.order_facts import (
    each_call_stands_in_the_log,
    every_trouble_is_there_and_explained,
    no_order_is_dated_after,
    the_orders_are_those_of_the_order_centre,
    the_scenes_are_chosen,
)
from tests.simulator_process import SimulatorProcess

SMALL = Size(
    customers=400,
    with_consent=150,
    standing=60,
    sent=20,
    came_back=5,
    rows=Rows(first=30, good=170, malformed=6, repeated=5, unknown=4),
    tea=150,
    past=0.08,
    orders=0.3,
)
SEND = "alipay.open.app.mini.templatemessage.send"
API = "http://127.0.0.1:1/api/v1"


class CutOff(Exception):
    pass


@pytest.fixture
def platform(simulator: SimulatorProcess, settings: Any, clean_redis: object) -> Pretend:
    settings.GATEWAY_URLS = {**django_settings.GATEWAY_URLS, "simulated": simulator.gateway_url}
    return Pretend(simulator.url)


def quiet(line: str) -> None:
    pass


def cut_off_before_sending(line: str) -> None:
    if line.startswith("Sending"):
        raise CutOff


class Leaving(Pretend):
    """A platform that goes away in the middle of the past: each answer to the fifth send is lost."""

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        found = super().post(path, body)
        if path == "/sim/history" and body["key"] == "send 5":
            raise PretendError("gone")
        return found


class LosingOrders(Pretend):
    """A platform that took every order, and whose answer is lost."""

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        found = super().post(path, body)
        if path == "/sim/orders":
            raise PretendError("gone")
        return found


@pytest.mark.django_db(transaction=True)
def test_a_story_that_was_cut_off_is_finished_by_the_next_start_and_then_left_alone(
    platform: Pretend, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    with pytest.raises(PretendError):
        tell(Leaving(simulator.url), api_url=API, var=tmp_path, say=quiet, size=SMALL)
    with pytest.raises(PretendError):
        tell(LosingOrders(simulator.url), api_url=API, var=tmp_path, say=quiet, size=SMALL)
    with pytest.raises(CutOff):
        tell(platform, api_url=API, var=tmp_path, say=cut_off_before_sending, size=SMALL)
    assert not (tmp_path / "demo-logins.json").exists()
    assert tell(platform, api_url=API, var=tmp_path, say=quiet, size=SMALL)
    seen = everything(simulator)
    assert not tell(platform, api_url=API, var=tmp_path, say=quiet, size=SMALL)
    assert everything(simulator) == seen

    the_logins_open_the_console(tmp_path)
    the_templates_stand_as_the_platform_says()
    sends_stand_in_every_state_that_can_stand_still()
    the_books_of_every_send_balance()
    nothing_of_the_past_is_dated_after_the_beginning(tmp_path)
    the_send_of_now_agrees_with_the_log_of_the_platform(simulator)
    for app in MiniProgram.objects.all():
        the_coupons_agree_with_the_platform(simulator, app)
        what_each_person_was_sent_agrees_with_the_log(simulator, app)
        the_balances_agree_with_the_platform(app)
        the_orders_are_those_of_the_order_centre(simulator, app)
        each_call_stands_in_the_log(simulator, app)
        the_scenes_are_chosen(app, before=beginning(tmp_path)[0])
    every_trouble_is_there_and_explained(MiniProgram.objects.get(merchant__slug="yunduo"))
    no_order_is_dated_after(beginning(tmp_path)[0])
    the_file_to_upload_holds_what_it_promises(tmp_path)


def everything(simulator: SimulatorProcess) -> dict[str, Any]:
    counted = (
        Merchant,
        MiniProgram,
        Staff,
        User,
        Customer,
        Consent,
        ConsentEntry,
        SubscriptionTemplate,
        PeopleList,
        BatchSend,
        Delivery,
        Signal,
        Event,
        Order,
        StatusChange,
        GatewayCall,
        Coupon,
        CouponGrant,
        GrantEntry,
        Placement,
    )
    found: dict[str, Any] = {model.__name__: model.objects.count() for model in counted}
    found["units"] = Consent.objects.aggregate(n=Sum("units"))["n"]
    found["log"] = simulator.get(f"/sim/log/summary?method={SEND}")
    return found


def the_logins_open_the_console(var: Path) -> None:
    path = var / "demo-logins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    logins = json.loads(path.read_text("utf-8"))
    assert [row["role"] for row in logins] == [
        "owner",
        "operator",
        "reviewer",
        "analyst",
        "owner",
        "operator",
    ]
    for row in logins:
        assert User.objects.get(username=row["login"]).is_demo
        browser = Client()
        given = {"username": row["login"], "password": row["password"]}
        assert browser.post("/sign-in/", given).status_code in {302, 303}
    provider = User.objects.get(username="zhoulan")
    assert sorted(seat.merchant.slug for seat in provider.seats.all()) == ["qingcha", "yunduo"]


def the_templates_stand_as_the_platform_says() -> None:
    mine = SubscriptionTemplate.objects.filter(merchant__slug="yunduo").order_by("library_code")
    assert [(one.library_code, one.kind, one.state, one.differs) for one in mine] == [
        ("TM0010002", "long_term", "approved", True),
        ("TM0010003", "one_time", "offline", False),
        ("TM0010004", "one_time", "approved", False),
        ("TM0010005", "long_term", "approved", False),
        ("TM0010006", "one_time", "approved", False),
        ("TM0010007", "long_term", "approved", False),
        ("TM0010008", "one_time", "applied", False),
        ("TM0010010", "one_time", "rejected", False),
    ]
    theirs = SubscriptionTemplate.objects.filter(merchant__slug="qingcha")
    assert {one.state for one in theirs} == {"approved", "rejected", "offline", "applied"}


def sends_stand_in_every_state_that_can_stand_still() -> None:
    states = Counter(BatchSend.objects.values_list("merchant__slug", "control__state"))
    for slug in ("yunduo", "qingcha"):
        assert states[slug, "finished"] >= 12
        assert states[slug, "draft"] and states[slug, "scheduled"] == states[slug, "missed"] == 1
        assert states[slug, "cancelled"]
    assert states["yunduo", "failed"] == states["qingcha", "paused"] == 1
    reasons = Delivery.objects.filter(state="refused").values_list("reason", flat=True)
    assert set(reasons) == {"MSG_REJECTED", "MSG_CONTENT_NOT_INTERESTED", "MSG_UNSUBSCRIBED"}
    skipped = Delivery.objects.filter(state="skipped").values_list("reason", flat=True)
    assert set(skipped) == {"do_not_send", "no_consent", "fatigue", "cancelled"}
    decided = Delivery.objects.filter(state="unknown").values_list("decision", flat=True)
    assert set(decided) == {"", "treated_as_sent"}


def the_books_of_every_send_balance() -> None:
    frozen = SendControl.objects.filter(books_month__isnull=False)
    assert frozen.count() > 30
    for control in frozen:
        assert [line.difference for line in reconcile.lines(control)] == [0] * 5, control
        assert control.balanced is True
    assert rollups.rebuild(repair=False) == []


def nothing_of_the_past_is_dated_after_the_beginning(var: Path) -> None:
    began_at, seed = beginning(var)
    assert seed == SEED
    past = SendControl.objects.filter(books_month__isnull=False, due_at__lt=began_at)
    assert past.filter(started_at=F("due_at")).count() == past.count()
    events = Event.objects.filter(subject_kind="sendcontrol", subject_id__in=past.values("pk"))
    assert not events.filter(at__gte=began_at).exists()
    rows = Delivery.objects.filter(send__in=past, sent_at__isnull=False)
    assert not rows.filter(Q(sent_at__gte=began_at) | Q(recorded_at__lt=F("sent_at"))).exists()
    assert not Visit.objects.filter(send__in=past, at__gte=began_at).exists()


def the_send_of_now_agrees_with_the_log_of_the_platform(simulator: SimulatorProcess) -> None:
    batch = BatchSend.objects.select_related("control").get(name="iPhone 17 首月立减 · 首批试发")
    figures = send_figures(batch.control, at=timezone.now())
    assert (figures.accepted, figures.visits, figures.balanced) == (SMALL.sent, SMALL.came_back, True)
    summary = simulator.get(f"/sim/log/summary?method={SEND}&app_id={batch.mini_program.app_id}")
    assert summary["accepted_messages"] == summary["accepted_people"] == SMALL.sent
    assert summary["repeated"] == {}


def what_each_person_was_sent_agrees_with_the_log(simulator: SimulatorProcess, app: MiniProgram) -> None:
    rows = Delivery.objects.filter(send__mini_program=app, sent_at__isnull=False)
    ours = Counter(
        rows.filter(state="accepted").values_list("customer__open_id", "send__template__template_id")
    )
    unknown = Counter(rows.filter(state="unknown").values_list("customer__open_id", flat=True))
    theirs: Counter[tuple[str, str]] = Counter()
    open_outcomes: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    entries = simulator.get(f"/sim/log?app_id={app.app_id}&method={SEND}&limit=10000")["entries"]
    for entry in entries:
        if entry["ambiguous"]:
            open_outcomes[entry["to"]] += 1
        elif entry["accepted"]:
            theirs[entry["to"], entry["template_id"]] += 1
        else:
            refused[entry["sub_code"]] += 1
    assert len(entries) == rows.count()
    assert theirs == ours
    assert open_outcomes == unknown
    assert refused == Counter(rows.filter(state="refused").values_list("reason", flat=True))


def the_coupons_agree_with_the_platform(simulator: SimulatorProcess, app: MiniProgram) -> None:
    live = Coupon.objects.filter(mini_program=app)
    assert live and {one.state for one in live} == {"published"}
    assert {one.state for one in Placement.objects.filter(mini_program=app)} == {"active"}
    for coupon in live:
        asked = f"/sim/vouchers?app_id={app.app_id}&activity_id={coupon.activity_id}&limit=1000"
        theirs = simulator.get(asked)["vouchers"]
        count = CouponCount.objects.get(coupon=coupon)
        assert count.claimed == count.taken == len(theirs) > 20
        assert count.redemptions == sum(len(one["uses"]) for one in theirs)
        ours = CouponGrant.objects.filter(coupon=coupon, state="redeemed").values_list(
            "voucher_id", flat=True
        )
        assert set(ours) == {one["voucher_id"] for one in theirs if one["status"] == "USED"}


def the_balances_agree_with_the_platform(app: MiniProgram) -> None:
    """Asked one by one, as the hourly sample does; all of a few templates."""
    assert sampling.sample_consents(at=timezone.now(), calls=60, one_in=1) == 60
    assert not Consent.objects.filter(template__mini_program=app).exclude(drift="").exists()


def the_file_to_upload_holds_what_it_promises(var: Path) -> None:
    app = MiniProgram.objects.get(merchant__slug="yunduo")
    people_list = lists.receive(
        merchant=app.merchant,
        mini_program=app,
        file=io.BytesIO(path_of(var).read_bytes()),
        file_name="people.csv",
        name="Try it",
        purpose="To see what happens",
        add_unknown=False,
        by=User.objects.get(username="lixiang"),
        form_token=uuid.uuid4(),
    )
    people_list = importing.take_over(people_list, by=people_list.created_by)
    found = (people_list.count, people_list.malformed, people_list.repeated, people_list.unknown)
    assert found == (SMALL.rows.good, SMALL.rows.malformed, SMALL.rows.repeated, SMALL.rows.unknown)
    with_consent = Consent.objects.filter(customer__in=people_list.entries.values("customer"), units__gt=0)
    assert 0 < with_consent.values("customer").distinct().count() < people_list.count


def drawn_up(slug: str, *, seed: int) -> list[object]:
    people = [f"001person{number:06d}" for number in range(400)]
    crowd = Crowd(people, steady=250, standing=120, changing_from=300, scale=0.08)
    past = Past(SHOPS[slug], crowd, seed, datetime(2026, 3, 4, 6, 30, tzinfo=UTC))
    fates = [past.fates(send) for send in past.sends]
    return [past.lists, past.sends, list(past.grants()), fates, OrderPast(past).orders]


@pytest.mark.parametrize("slug", ["yunduo", "qingcha"])
def test_the_same_seed_draws_up_the_same_past_and_another_one_another(slug: str) -> None:
    first, again, other = (drawn_up(slug, seed=seed) for seed in (11, 11, 12))
    assert first == again
    assert all(one != two for one, two in zip(first, other, strict=True))


def test_everybody_has_consent_before_the_first_message_that_needs_it() -> None:
    people = [f"001person{number:06d}" for number in range(400)]
    crowd = Crowd(people, steady=250, standing=120, changing_from=300, scale=0.08)
    past = Past(SHOPS["yunduo"], crowd, 11, datetime(2026, 3, 4, 6, 30, tzinfo=UTC))
    first: dict[tuple[str, int], datetime] = {}
    for grant in past.grants():
        key = (grant.code, grant.place)
        first[key] = min(grant.at, first.get(key, grant.at))
    needed = {}
    for send in past.sends:
        for place in past.lists[send.plan.people]:
            needed.setdefault((send.plan.code, place), send.due_at)
    both = first.keys() & needed.keys()
    assert len(both) > 100
    assert all(first[key] < needed[key] for key in both)


def test_the_file_has_five_thousand_rows_under_a_header_and_is_the_same_every_time(tmp_path: Path) -> None:
    people = [f"001person{number:06d}" for number in range(6_000)]
    written = []
    for folder in ("one", "two"):
        write_people_file(tmp_path / folder, people, count=Rows())
        written.append(path_of(tmp_path / folder).read_text("utf-8-sig"))
    assert written[0] == written[1]
    lines = written[0].splitlines()
    assert (lines[0], len(lines)) == ("open_id", 5_001)


def test_a_platform_that_is_not_there_is_told_in_words() -> None:
    with pytest.raises(PretendError, match="does not answer"):
        Pretend("http://127.0.0.1:1").post("/sim/apps", {})


@pytest.mark.django_db
def test_the_command_does_nothing_where_people_work_for_real(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="does nothing with DEBUG=0"):
        call_command("seed_demo")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_command_says_which_address_is_missing(settings: Any) -> None:
    settings.DEBUG, settings.SIMULATOR_URL = True, ""
    with pytest.raises(CommandError, match="Set SIMULATOR_URL"):
        call_command("seed_demo")
