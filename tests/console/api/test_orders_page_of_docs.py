"""docs/orders.md: what it tells a merchant's developer to ask is taken as it stands there."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from console.demo.environment import ROOT
from merchants import rate
from orders import choosing
from orders.models import Order
from tests import build

pytestmark = [pytest.mark.django_db, pytest.mark.real_scenes]

ASKED = re.compile(r"curl -X POST https://console\.example\.com(\S+) \\\n(.*?) -d '(.*?)'\n", re.DOTALL)


def test_the_examples_of_the_page_are_taken_in_their_order(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    rate.connection().flushdb()
    app = build.mini_program(build.merchant(), app_id="2021004158275827")
    choosing.choose(app, "online_rental", by=build.user("docs"))
    key = build.api_key(app, scopes=["orders"])
    answers = []
    for path, headers, body in ASKED.findall((ROOT / "docs" / "orders.md").read_text("utf-8")):
        assert '"Authorization: Bearer $SERVER_KEY"' in headers
        assert '"Content-Type: application/json"' in headers
        filled = json.loads(re.sub(r"<of the buyer[^>]*>", "buyer-0000001", body))
        answer = Client().post(
            path,
            json.dumps(filled),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        answers.append((answer.status_code, answer.json()))
    first, second = answers
    assert first[0] == 200
    assert [(one["status"], one["order_status"]) for one in first[1]["results"]] == [("created", "taken")]
    assert second == (200, {"out_biz_no": "YD261122000301", "status": "taken"})
    order = Order.objects.get()
    assert order.status == "TO_SEND_GOODS"
    assert order.fields.keys() == {"total_rent", "lease", "thaw_deposit"}
