"""All five methods over HTTP against the simulated platform, whose log is the witness."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway import loop, signing, wire
from gateway.client import Client, Timeouts
from gateway.methods.messages import (
    OpenAppMessagetemplateSubscribeQuery,
    OpenAppMiniTemplatemessageSend,
    OpenMiniMessageTemplateApply,
    OpenMiniMessageTemplateBatchquery,
    OpenMiniMessageTemplatelibBatchquery,
)
from gateway.outcomes import Accepted, Busy, NotSent, Outcome, Refused, Unknown
from tests.simulator_process import SimulatorProcess

TIMEOUTS = Timeouts(read_seconds=1.0)
SEND = "alipay.open.app.mini.templatemessage.send"
VALUES = ("三天免租券", "活动中心领取", "三月底前有效", "每人限领一张", "回复可咨询")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.start(store=Path(tmp_path_factory.mktemp("platform")) / "store") as running:
        yield running
    loop.close()


@dataclass(frozen=True)
class App:
    simulator: SimulatorProcess
    app_id: str
    client: Client
    template_id: str
    keywords: int
    subscriber: str
    stranger: str

    def message(self, open_id: str, **changes: str) -> OpenAppMiniTemplatemessageSend:
        values = {f"keyword{n}": VALUES[n - 1] for n in range(1, self.keywords + 1)}
        fields = {
            "to_open_id": open_id,
            "user_template_id": self.template_id,
            "page": wire.page_with_parameters("pages/index/index", {"rt": "AbC-123_"}),
            "data": wire.message_data(values),
        }
        return OpenAppMiniTemplatemessageSend.model_validate({**fields, **changes})

    def log(self) -> list[dict]:
        return self.simulator.get(f"/sim/log?app_id={self.app_id}&method={SEND}")["entries"]


def _accepted(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def _client(made: dict, **changes: str) -> Client:
    keys = {name: made[name] for name in ("app_id", "app_private_key", "alipay_public_key", "gateway_url")}
    return Client(**{**keys, **changes}, timeouts=TIMEOUTS)


@pytest.fixture
def app(simulator: SimulatorProcess) -> App:
    """A rental shop that adopted the first library template it may, with one subscriber of two units."""
    made = simulator.post("/sim/apps", {"industry": "rental"})
    client = _client(made)
    library = _accepted(client.call(OpenMiniMessageTemplatelibBatchquery())).response
    entry = next(
        t for t in library.template_lib_list if t.selectable and t.scene_rule == "one_time_subscribe"
    )
    keywords = [{"name": name} for name in entry.keywords[:3]]
    adopt = {"lib_code": entry.code, "scene_rule": entry.scene_rule, "keyword_list": keywords}
    template_id = _accepted(
        client.call(OpenMiniMessageTemplateApply.model_validate(adopt))
    ).response.template_id
    app_id = made["app_id"]
    simulator.post("/sim/templates", {"app_id": app_id, "template_id": template_id, "status": "ONLINE"})
    people = simulator.post("/sim/people", {"app_id": app_id, "count": 2, "seed": 7})["open_ids"]
    simulator.post(
        "/sim/consents",
        {
            "app_id": app_id,
            "template_id": template_id,
            "open_ids": people[:1],
            "kind": "one_time",
            "units": 2,
            "report": False,
        },
    )
    yield App(simulator, app_id, client, template_id, len(keywords), people[0], people[1])
    simulator.delete("/sim/faults")


def test_the_library_tells_keywords_fatigue_and_why_not(app: App) -> None:
    answer = _accepted(app.client.call(OpenMiniMessageTemplatelibBatchquery(page_size=10))).response
    assert answer.total_count is not None
    assert answer.total_count >= len(answer.template_lib_list) > 0
    for template in answer.template_lib_list:
        assert template.name
        assert len(template.keywords) >= 2
        assert template.fatigue is not None
        assert template.fatigue.total is not None
        assert template.selectable is not None
        assert template.selectable == (template.not_selectable_reason is None)


def test_an_adopted_template_is_listed_with_its_keywords(app: App) -> None:
    answer = _accepted(app.client.call(OpenMiniMessageTemplateBatchquery(status_list=("ONLINE",)))).response
    (template,) = answer.template_list
    assert (template.template_id, template.status) == (app.template_id, "ONLINE")
    assert len(template.keywords) == app.keywords


def test_consent_is_told_for_a_subscriber_and_absent_for_a_stranger(app: App) -> None:
    def asked(open_id: str) -> list[bool]:
        query = OpenAppMessagetemplateSubscribeQuery(open_id=open_id, template_id_list=(app.template_id,))
        return [each.subscribed for each in _accepted(app.client.call(query)).response.subscribe_relations]

    assert asked(app.subscriber) == [True]
    assert asked(app.stranger) == []


def test_an_accepted_message_is_in_the_log_with_person_and_page(app: App) -> None:
    _accepted(app.client.call(app.message(app.subscriber)))
    (entry,) = app.log()
    assert (entry["accepted"], entry["to"]) == (True, app.subscriber)
    assert entry["page"] == "pages/index/index?rt%3DAbC-123_"


@pytest.mark.parametrize(
    ("changes", "sub_code", "scope"),
    [
        ({"to_open_id": "nobody"}, "USER_ID_INVALID", "recipient"),
        ({"user_template_id": "no-such-template"}, "USER_TEMPLATE_ILLEGAL", "batch"),
        ({"data": '{"keyword1":{"value":"x"}}'}, "USER_TEMPLATE_LACK_KEYWORD", "batch"),
        ({"data": "no json"}, "DATA_CONTENT_FORMAT_ERROR", "batch"),
    ],
)
def test_a_refusal_is_listed_with_its_scope(app: App, changes: dict, sub_code: str, scope: str) -> None:
    outcome = app.client.call(app.message(app.subscriber, **changes))
    assert isinstance(outcome, Refused), outcome
    assert (outcome.sub_code, outcome.scope, outcome.listed) == (sub_code, scope, True)


def test_who_did_not_subscribe_is_refused_and_reached_by_nothing(app: App) -> None:
    outcome = app.client.call(app.message(app.stranger))
    assert isinstance(outcome, Refused)
    assert (outcome.sub_code, outcome.scope) == ("MSG_UNSUBSCRIBED", "recipient")
    assert [entry["accepted"] for entry in app.log()] == [False]


def test_an_unknown_app_and_a_wrong_key_are_refused_for_the_app(
    app: App, simulator: SimulatorProcess
) -> None:
    made = simulator.post("/sim/apps", {"industry": "rental"})
    outcomes = [
        _client(made, app_id="2021000000009999").call(app.message(app.subscriber)),
        _client(made, app_private_key=_another_key(simulator)).call(app.message(app.subscriber)),
    ]
    assert [(o.scope, o.sub_code) for o in outcomes if isinstance(o, Refused)] == [
        ("app", "isv.invalid-app-id"),
        ("app", "isv.invalid-signature"),
    ]


def _another_key(simulator: SimulatorProcess) -> str:
    return simulator.post("/sim/apps", {"industry": "rental"})["app_private_key_pkcs8"]


def test_the_key_of_another_app_does_not_verify_the_answer(app: App, simulator: SimulatorProcess) -> None:
    made = simulator.post("/sim/apps", {"industry": "rental"})
    stranger = simulator.post("/sim/apps", {"industry": "rental"})["alipay_public_key"]
    outcome = _client(made, alipay_public_key=stranger).call(OpenMiniMessageTemplatelibBatchquery())
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.alarm) == ("bad_signature", True)
    signing.check_key_pair(
        app_private_key=made["app_private_key"], alipay_public_key=made["alipay_public_key"]
    )


@pytest.mark.parametrize(
    ("kind", "value", "reason", "accepted"),
    [
        ("timeout_after_success", 3, "timeout", True),
        ("http_500", None, "http_5xx", None),
        ("bad_signature", None, "bad_signature", None),
        ("drop_before", None, "cut_off", False),
        ("sub_code", "MSG_SEND_ERROR", "system_error", None),
    ],
)
def test_a_fault_of_the_platform_is_unknown(
    app: App, kind: str, value: object, reason: str, accepted: bool | None
) -> None:
    fault = {"method": SEND, "kind": kind, "rate": 1, "count": 1}
    app.simulator.post("/sim/faults", fault if value is None else {**fault, "value": value})
    outcome = app.client.call(app.message(app.subscriber))
    assert isinstance(outcome, Unknown), outcome
    assert outcome.reason == reason
    (entry,) = app.log()
    if accepted is not None:
        assert entry["accepted"] is accepted


@pytest.mark.parametrize("kind", ["busy", "limit"])
def test_limiting_is_busy_and_nothing_was_done(app: App, kind: str) -> None:
    app.simulator.post("/sim/faults", {"method": SEND, "kind": kind, "rate": 1, "count": 1})
    assert isinstance(app.client.call(app.message(app.subscriber)), Busy)
    assert [entry["accepted"] for entry in app.log()] == [False]


def test_a_guard_that_says_no_leaves_no_line_in_the_log(app: App) -> None:
    outcome = app.client.submit(app.message(app.subscriber), guard=lambda: False).result(10)
    assert isinstance(outcome, NotSent)
    assert app.log() == []
