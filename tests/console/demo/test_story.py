"""The story of the demo, told small against a real simulator process, cut off once and told again."""

import io
import json
import stat
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from console.demo.people_file import Rows, path_of, write_people_file
from console.demo.pretend import Pretend, PretendError
from console.demo.story import Size, tell
from membership import importing, lists
from membership.models import Customer
from merchants.models import Merchant, MiniProgram, Staff, User
from messaging.models import BatchSend, Consent, SubscriptionTemplate
from messaging.reports import send_figures
from tests.simulator_process import SimulatorProcess

SMALL = Size(
    customers=120,
    with_consent=90,
    standing=30,
    sent=20,
    came_back=5,
    rows=Rows(first=30, good=80, malformed=6, repeated=5, unknown=4),
)
SIGNALS = "http://127.0.0.1:1/api/v1/signals"


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


@pytest.mark.django_db(transaction=True)
def test_a_story_that_was_cut_off_is_finished_by_the_next_start_and_then_left_alone(
    platform: Pretend, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    with pytest.raises(CutOff):
        tell(platform, signals_url=SIGNALS, var=tmp_path, say=cut_off_before_sending, size=SMALL)
    assert not (tmp_path / "demo-logins.json").exists()
    assert tell(platform, signals_url=SIGNALS, var=tmp_path, say=quiet, size=SMALL)
    seen = everything()
    assert not tell(platform, signals_url=SIGNALS, var=tmp_path, say=quiet, size=SMALL)
    assert everything() == seen

    the_logins_open_the_console(tmp_path)
    the_templates_stand_as_the_platform_says()
    the_send_agrees_with_the_log_of_the_platform(simulator)
    the_file_to_upload_holds_what_it_promises(tmp_path)


def everything() -> dict[str, int]:
    counted = (Merchant, MiniProgram, Staff, User, Customer, Consent, SubscriptionTemplate, BatchSend)
    return {model.__name__: model.objects.count() for model in counted}


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
    mine = SubscriptionTemplate.objects.filter(merchant__slug="yunduo").order_by("pk")
    assert [(one.library_code, one.kind, one.state) for one in mine] == [
        ("TM0010004", "one_time", "approved"),
        ("TM0010005", "long_term", "approved"),
        ("TM0010010", "one_time", "rejected"),
    ]


def the_send_agrees_with_the_log_of_the_platform(simulator: SimulatorProcess) -> None:
    batch = BatchSend.objects.select_related("control", "template").get(control__state="finished")
    figures = send_figures(batch.control, at=timezone.now())
    assert (figures.accepted, figures.visits, figures.balanced) == (SMALL.sent, SMALL.came_back, True)
    assert batch.template is not None
    asked = f"/sim/log/summary?app_id={batch.mini_program.app_id}&template_id={batch.template.template_id}"
    summary = simulator.get(asked)
    assert summary["accepted_messages"] == summary["accepted_people"] == SMALL.sent
    held = Consent.objects.filter(template=batch.template)
    assert held.count() == SMALL.with_consent
    assert sum(held.values_list("units", flat=True)) == 2 * SMALL.with_consent - SMALL.sent


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
