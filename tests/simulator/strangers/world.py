"""A platform whose clock may be moved, with the merchants, people and templates that conversations need."""

import itertools
from collections.abc import Callable
from functools import cached_property
from typing import Any

from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess

DAY = 86_400
USUAL = {
    "state": "online",
    "public_app_bound": False,
    "limits": {},
    "skew_seconds": 0,
    "allow_rsa": False,
    "sign_with_empties": False,
    "no_permission": [],
    "signature_config": True,
    "refuses_key_names": False,
    "aes_key": "",
    "notify_url": "",
    "user_ids": False,
    "review_seconds": 0,
    "coupon_review": "approve",
    "sensitive_fields": True,
    "card_limits": {"templates": 1_000_000},
}


class World:
    """Each merchant is made when it is first needed; `restore` sets back what a conversation changed."""

    def __init__(self, platform: SimulatorProcess) -> None:
        self.platform = platform
        self._seeds = itertools.count(1)
        self._undo: list[Callable[[], Any]] = []

    @cached_property
    def shop(self) -> Merchant:
        return self._merchant(industry="rental", name="云朵租机", card_limits={"templates": 1_000_000})

    @cached_property
    def retail(self) -> Merchant:
        return self._merchant(industry="retail", name="小满百货")

    @cached_property
    def tea(self) -> Merchant:
        return self._merchant(industry="tea", name="青禾茶集")

    @cached_property
    def old_shop(self) -> Merchant:
        """An app from before open_id: it knows people by their 2088 numbers too."""
        return self._merchant(industry="rental", name="老街租机", user_ids=True)

    @cached_property
    def provider(self) -> Merchant:
        return self._merchant(industry="general", name="云上服务商", kind="provider")

    @cached_property
    def other_provider(self) -> Merchant:
        return self._merchant(industry="general", name="别家服务商", kind="provider")

    @cached_property
    def full(self) -> Merchant:
        """50 adopted templates and no batch left today."""
        full = self._merchant(industry="rental", name="满满")
        for _ in range(50):
            template = full.adopt("TM0000001", ["优惠内容", "使用方法"])
        data = '{"keyword1":{"value":"甲"},"keyword2":{"value":"乙"}}'
        for _ in range(10):
            full.call(
                "alipay.open.app.mini.templatemessage.batchsend", {"template_id": template, "data": data}
            )
        return full

    @cached_property
    def coupon(self) -> str:
        """优惠券领取提醒: one-time, ten messages in two days."""
        return self.shop.adopt("TM0000001", ["优惠内容", "使用方法"])

    @cached_property
    def old_shop_coupon(self) -> str:
        return self.old_shop.adopt("TM0000001", ["优惠内容", "使用方法"])

    @cached_property
    def daily(self) -> str:
        """每日签到提醒: long-term, one message a day."""
        return self.shop.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")

    @cached_property
    def followers(self) -> str:
        return self.tea.adopt("TM0020005", ["奖励名称", "使用方法"])

    @cached_property
    def after_order(self) -> str:
        return self.retail.adopt("TM0030007", ["商品名称", "服务内容"])

    @cached_property
    def long_time(self) -> str:
        """好久不见提醒: only for those who came within 30 days."""
        return self.retail.adopt("TM0030005", ["优惠内容", "使用方法"])

    def old_template(self, kind: str, merchant: Merchant | None = None) -> str:
        body = {"app_id": (merchant or self.shop).app_id, "kind": kind}
        return self.platform.post("/sim/old-templates", body)["template_id"]

    @cached_property
    def form_template(self) -> str:
        return self.old_template("form")

    @cached_property
    def trade_template(self) -> str:
        return self.old_template("trade")

    # --- making ---------------------------------------------------------------------------------------

    def person(self, merchant: Merchant) -> str:
        return merchant.people(1, seed=next(self._seeds))[0]

    def subscriber(self, merchant: Merchant, template: str, *, units: int = 1, kind: str = "one_time") -> str:
        person = self.person(merchant)
        merchant.consent(template, [person], units=units, kind=kind)
        return person

    def form(self, merchant: Merchant, open_id: str, kind: str, **more: Any) -> str:
        body = {"app_id": merchant.app_id, "open_id": open_id, "kind": kind, **more}
        return self.platform.post("/sim/forms", body)["form_id"]

    def grant(self, merchant: Merchant, provider: Merchant, **more: Any) -> str:
        body = {"app_id": merchant.app_id, "provider_app_id": provider.app_id, **more}
        return self.platform.post("/sim/grants", body)["app_auth_code"]

    def revoke(self, merchant: Merchant, provider: Merchant) -> None:
        body = {"app_id": merchant.app_id, "provider_app_id": provider.app_id, "revoke": True}
        self.platform.post("/sim/grants", body)

    def app_tokens(self, merchant: Merchant, provider: Merchant, **more: Any) -> dict[str, str]:
        biz = {"grant_type": "authorization_code", "code": self.grant(merchant, provider, **more)}
        return provider.call("alipay.open.auth.token.app", biz).node

    def app_token(self, merchant: Merchant, provider: Merchant, **more: Any) -> str:
        return self.app_tokens(merchant, provider, **more)["app_auth_token"]

    def auth_code(self, merchant: Merchant, open_id: str, *scopes: str) -> str:
        body = {"app_id": merchant.app_id, "open_id": open_id, "scopes": list(scopes) or ["auth_base"]}
        return self.platform.post("/sim/logins", body)["auth_code"]

    def user_tokens(self, merchant: Merchant, open_id: str, *scopes: str) -> dict[str, str]:
        code = self.auth_code(merchant, open_id, *scopes)
        return merchant.call("alipay.system.oauth.token", grant_type="authorization_code", code=code).node

    def crowd(self, merchant: Merchant, open_ids: list[str]) -> str:
        body = {"app_id": merchant.app_id, "open_ids": open_ids}
        return self.platform.post("/sim/crowds", body)["crowd_code"]

    # --- looking --------------------------------------------------------------------------------------

    @cached_property
    def documented(self) -> dict[str, Any]:
        """What the platform says about its methods."""
        return self.platform.get("/sim/methods")["methods"]

    def batches_left(self, merchant: Merchant) -> int:
        return self.platform.post("/sim/batches", {"app_id": merchant.app_id})["left_today"]

    def units(self, merchant: Merchant, template: str) -> dict[str, int]:
        path = f"/sim/consents?app_id={merchant.app_id}&template_id={template}"
        return self.platform.get(path)["consents"]

    def phone(self, merchant: Merchant, open_id: str) -> str:
        return self.platform.get(f"/sim/phone/{open_id}?app_id={merchant.app_id}")

    def pushed(self, merchant: Merchant, kind: str) -> str:
        """What became of one notice of the kind that the platform owes now."""
        [owed] = self.platform.post("/sim/notices", {"app_id": merchant.app_id, "kind": kind})["notices"]
        path = f"/sim/notices?settled=1&app_id={merchant.app_id}&after={owed['number'] - 1}"
        [notice] = self.platform.get(path)["notices"]
        return str(notice["state"])

    # --- changing -------------------------------------------------------------------------------------

    def configure(self, merchant: Merchant, **settings: Any) -> None:
        merchant.configure(**settings)
        self._undo.append(lambda: merchant.configure(**{name: USUAL[name] for name in settings}))

    def take_from_library(self, merchant: Merchant, lib_code: str) -> None:
        body = {"app_id": merchant.app_id, "lib_code": lib_code}
        self.platform.post("/sim/templates", {**body, "status": "OFFLINE"})
        self._undo.append(lambda: self.platform.post("/sim/templates", {**body, "status": "ONLINE"}))

    def force(self, merchant: Merchant, template: str, status: str) -> None:
        body = {"app_id": merchant.app_id, "template_id": template}
        self.platform.post("/sim/templates", {**body, "status": status})
        self._undo.append(lambda: self.platform.post("/sim/templates", {**body, "status": "ONLINE"}))

    def later(self, seconds: float) -> None:
        self.platform.post("/sim/clock", {"advance_seconds": seconds})

    def afterwards(self, undo: Callable[[], Any]) -> None:
        self._undo.append(undo)

    def restore(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _merchant(self, **settings: Any) -> Merchant:
        return Merchant.create(self.platform, review_seconds=0, **settings)
