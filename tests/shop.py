"""A mini program that exists on both sides: here as a row with keys, there as an app with people."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from gateway.methods.messages import OpenMiniMessageTemplateApply, OpenMiniMessageTemplatelibBatchquery
from gateway.outcomes import Accepted, Outcome
from merchants import rate, secrets
from merchants.credentials import client_for
from merchants.models import Merchant, MiniProgram
from messaging.models import SubscriptionTemplate
from tests import build, build_messaging
from tests.simulator_process import SimulatorProcess

AdoptedFacts = dict[str, Any]


@dataclass
class Shop:
    """`people` hold no consent yet; `grant` gives it on both sides."""

    simulator: SimulatorProcess
    merchant: Merchant
    app: MiniProgram
    template: SubscriptionTemplate
    open_ids: list[str]
    people: list[Any] = field(default_factory=list)
    texts: dict[str, Any] = field(default_factory=dict)
    """What the platform told when the app was made: ids and keys."""

    def grant(self, n: int, *, units: int = 1) -> None:
        self.simulator.post(
            "/sim/consents",
            {
                "app_id": self.app.app_id,
                "template_id": self.template.template_id,
                "open_ids": self.open_ids[:n],
                "kind": self.template.kind,
                "units": units,
                "report": False,
            },
        )
        build_messaging.consents(self.template, self.people[:n], units=units)

    def summary(self, **query: Any) -> dict[str, Any]:
        extra = "".join(f"&{name}={value}" for name, value in query.items())
        found: dict[str, Any] = self.simulator.get(f"/sim/log/summary?app_id={self.app.app_id}{extra}")
        return found

    def fault(self, kind: str, **fields: Any) -> None:
        method = "alipay.open.app.mini.templatemessage.send"
        self.simulator.post("/sim/faults", {"method": method, "kind": kind, "rate": 1, **fields})


def open_shop(
    simulator: SimulatorProcess,
    *,
    people: int = 60,
    rate_per_second: int = 500,
    kind: str = "one_time",
    limits: dict[str, float] | None = None,
) -> Shop:
    """Registers an app, adopts a template that is online at once, and makes people known on both sides.

    `limits`: the platform's, in calls per second; 0 is none.
    """
    made = simulator.post("/sim/apps", {"industry": "rental", "limits": limits or {}})
    owner = build.merchant()
    app = build.mini_program(
        owner,
        app_id=made["app_id"],
        app_private_key_sealed=secrets.encrypt(made["app_private_key"]),
        alipay_public_key=made["alipay_public_key"],
        rate_per_second=rate_per_second,
    )
    settings.GATEWAY_URLS["simulated"] = simulator.gateway_url
    facts = _adopt(app, kind)
    status = {"app_id": app.app_id, "template_id": facts["template_id"], "status": "ONLINE"}
    simulator.post("/sim/templates", status)
    chosen = build_messaging.template(app, kind=kind, **facts)
    open_ids = simulator.post("/sim/people", {"app_id": app.app_id, "count": people, "seed": 7})["open_ids"]
    rate.connection().flushdb()
    return Shop(
        simulator=simulator,
        merchant=owner,
        app=app,
        template=chosen,
        open_ids=open_ids,
        people=build_messaging.people(app, people, open_ids=open_ids),
        texts=made,
    )


def _adopt(app: MiniProgram, kind: str) -> AdoptedFacts:
    client = client_for(app)
    library = _response(client.call(OpenMiniMessageTemplatelibBatchquery()))
    rule = f"{kind}_subscribe"
    entry = next(one for one in library.template_lib_list if one.selectable and one.scene_rule == rule)
    keywords = list(entry.keywords[:2])
    asked = {
        "lib_code": entry.code,
        "scene_rule": rule,
        "keyword_list": [{"name": name} for name in keywords],
    }
    answer = _response(client.call(OpenMiniMessageTemplateApply.model_validate(asked)))
    return {
        "template_id": answer.template_id,
        "keywords": keywords,
        "name": entry.name or "",
        "fatigue_value": entry.fatigue.value,
        "fatigue_unit": entry.fatigue.unit,
        "fatigue_total": entry.fatigue.total,
    }


def _response(outcome: Outcome[Any]) -> Any:
    if not isinstance(outcome, Accepted):
        raise AssertionError(outcome)
    return outcome.response
