"""A merchant's side of the wire for these tests: signs, calls, verifies, with `cryptography` directly."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.simulator_process import SimulatorProcess

SEND = "alipay.open.app.mini.templatemessage.send"
SUBSCRIBE_QUERY = "alipay.open.app.messagetemplate.subscribe.query"
LIBRARY = "alipay.open.mini.message.templatelib.batchquery"
APPLY = "alipay.open.mini.message.template.apply"
TEMPLATES = "alipay.open.mini.message.template.batchquery"


@dataclass
class Answer:
    """The node, its exact bytes, and what stood around it."""

    name: str
    node: dict[str, Any]
    raw_node: bytes
    sign: str | None
    content_type: str
    text: str
    sealed: str = ""
    """The ciphertext, where the node is one."""

    @property
    def outcome(self) -> str:
        return (
            f"{self.node['code']}/{self.node['sub_code']}" if "sub_code" in self.node else self.node["code"]
        )


class Merchant:
    def __init__(self, simulator: SimulatorProcess, app: dict[str, str]) -> None:
        self.simulator, self.app_id, self.texts = simulator, app["app_id"], app
        self.gateway_url = app["gateway_url"]
        self._private: Any = serialization.load_der_private_key(
            base64.b64decode(app["app_private_key"]), None
        )
        self._platform: Any = serialization.load_der_public_key(base64.b64decode(app["alipay_public_key"]))

    @classmethod
    def create(cls, simulator: SimulatorProcess, **settings: Any) -> "Merchant":
        return cls(simulator, simulator.post("/sim/apps", settings))

    def configure(self, **settings: Any) -> None:
        self.simulator.post("/sim/apps", {"app_id": self.app_id, **settings})

    # --- the control API ---------------------------------------------------------------------------

    def people(self, count: int, seed: int) -> list[str]:
        body = {"app_id": self.app_id, "count": count, "seed": seed}
        return self.simulator.post("/sim/people", body)["open_ids"]

    def user_ids(self, count: int, seed: int) -> list[str]:
        """The 2088 numbers of the same people, for an app that has them."""
        body = {"app_id": self.app_id, "count": count, "seed": seed}
        return self.simulator.post("/sim/people", body)["user_ids"]

    def consent(
        self, template_id: str, open_ids: list[str] | str, *, kind: str = "one_time", units: int = 1
    ) -> Any:
        body = {
            "app_id": self.app_id,
            "template_id": template_id,
            "open_ids": open_ids,
            "kind": kind,
            "units": units,
        }
        return self.simulator.post("/sim/consents", body)

    def act(self, open_id: str, action: str, **more: Any) -> Any:
        return self.simulator.post(
            "/sim/act", {"app_id": self.app_id, "open_id": open_id, "action": action, **more}
        )

    def fault(self, kind: str, **more: Any) -> None:
        self.simulator.post("/sim/faults", {"kind": kind, "app_id": self.app_id, **more})

    def log_of(self, open_id: str) -> list[dict[str, Any]]:
        return self.simulator.get(f"/sim/log?app_id={self.app_id}&to={open_id}")["entries"]

    def summary(self, **more: Any) -> dict[str, Any]:
        query = urllib.parse.urlencode({"app_id": self.app_id, **more})
        return self.simulator.get(f"/sim/log/summary?{query}")

    # --- the gateway -------------------------------------------------------------------------------

    def params(self, method: str, biz: Any = None, **changes: str | None) -> dict[str, str]:
        """Signed parameters; a change of None leaves a parameter out, before signing."""
        now = datetime.now(timezone(timedelta(hours=8)))
        params: dict[str, str | None] = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": now.strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            "biz_content": biz if isinstance(biz, str | None) else json.dumps(biz, ensure_ascii=False),
            **changes,
        }
        kept = {key: value for key, value in params.items() if value is not None}
        return {**kept, "sign": self.sign(kept)}

    def sign(self, params: dict[str, str]) -> str:
        content = "&".join(f"{key}={params[key]}" for key in sorted(params) if key != "sign" and params[key])
        return self.sign_text(content, params.get("charset", "utf-8"))

    def sign_text(self, content: str, charset: str = "utf-8") -> str:
        data = content.encode(charset if charset in ("utf-8", "gbk") else "utf-8")
        return base64.b64encode(self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()

    def call(self, method: str, biz: Any = None, **changes: str | None) -> Answer:
        return self.post(self.params(method, biz, **changes))

    def post(
        self, params: dict[str, str], query: dict[str, str] | None = None, timeout: float = 10
    ) -> Answer:
        encoding = "gbk" if params.get("charset") == "gbk" else "utf-8"
        url = self.gateway_url + ("?" + urllib.parse.urlencode(query, encoding=encoding) if query else "")
        body = urllib.parse.urlencode(params, encoding=encoding).encode()
        with urllib.request.urlopen(url, body, timeout=timeout) as http:
            return parse(http.read(), http.headers["Content-Type"])

    def send(self, template_id: str, open_id: str, *values: str, timeout: float = 10, **more: Any) -> Answer:
        return self.post(
            self.params(SEND, self.message(template_id, open_id, *values, **more)), timeout=timeout
        )

    def message(self, template_id: str, open_id: str, *values: str, **more: Any) -> dict[str, Any]:
        data = {
            f"keyword{number}": {"value": value} for number, value in enumerate(values or ("甲", "乙"), 1)
        }
        text = json.dumps(data, ensure_ascii=False)
        return {
            "to_open_id": open_id,
            "user_template_id": template_id,
            "page": "pages/index",
            "data": text,
            **more,
        }

    def adopt(self, lib_code: str, keywords: list[str], scene_rule: str = "one_time_subscribe") -> str:
        biz = {
            "lib_code": lib_code,
            "scene_rule": scene_rule,
            "keyword_list": [{"name": one} for one in keywords],
        }
        return self.call(APPLY, biz).node["template_id"]

    def template(self, template_id: str) -> dict[str, Any]:
        for number in range(1, 7):
            listed = self.call(TEMPLATES, {"page_num": number, "page_size": 10}).node["template_list"]
            for template in listed:
                if template["template_id"] == template_id:
                    return template
        raise LookupError(template_id)

    def verify(self, answer: Answer) -> None:
        """Raises InvalidSignature."""
        signature = base64.b64decode(answer.sign or "")
        self._platform.verify(signature, answer.raw_node, padding.PKCS1v15(), hashes.SHA256())

    def units_left(self, template_id: str, open_id: str) -> str:
        """ "1" while the platform says subscribed."""
        node = self.call(SUBSCRIBE_QUERY, {"open_id": open_id, "template_id_list": [template_id]}).node
        return node["subscribe_relations"][0]["subscribe_state"]


def parse(raw: bytes, content_type: str) -> Answer:
    """Cut the node out of the raw bytes, as its signature covers exactly those."""
    start = raw.index(b":") + 1
    end = raw.rfind(b',"sign":"')
    end = end if end > 0 else len(raw) - 1
    charset = content_type.partition("charset=")[2] or "utf-8"
    whole = json.loads(raw.decode(charset))
    name = next(iter(whole))
    node, sealed = (whole[name], "") if isinstance(whole[name], dict) else ({}, whole[name])
    return Answer(name, node, raw[start:end], whole.get("sign"), content_type, raw.decode(charset), sealed)


def answers_nothing(call: Any) -> bool:
    """Whether the connection ended or stayed silent instead of an answer."""
    try:
        call()
    except urllib.error.HTTPError:
        return False
    except (OSError, TimeoutError):
        return True
    return False
