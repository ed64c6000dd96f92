"""The shops' own system: while the demo runs it hands in an order or a status now and then, by the API.

`python -m console.demo.shop_system VAR`, with the server key of each shop. What it is about to ask stands
in its file before it asks, so one that was killed asks the same again, which changes nothing.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from console.demo.order_paths import BEIJING, NOW_FIELDS, RENTAL, Drawn, draw, in_words
from console.demo.shop_files import Due, OpenOrder, Shops, Till, coming, read_shops, read_till, write_till

LOOK_SECONDS = 1.0  # while there is nothing to work with yet
TIMEOUT_SECONDS = 10.0
FIRST_SERIAL = 500_000  # beyond those of the past
NEW_SHARE = 0.2
FEW = 4  # open orders, below which another one is placed
FORGETFUL = 0.15  # share of rentals handed over in the shop whose till does not tell when


@dataclass
class ShopSystem:
    var: Path

    def act(self, shops: Shops, *, now: datetime) -> str:
        """One request, begun or repeated. Returns what to say about it; nothing when all is well."""
        till = read_till(self.var)
        if till is None:
            return ""
        if till.due is None:
            till.due = decide(shops, till, now=now)
            write_till(self.var, till)
        account = shops.accounts[till.due.slug]
        try:
            post(f"{shops.api_url}{till.due.path}", till.due.body, key=account.server_key)
            said = ""
        except urllib.error.HTTPError as error:
            with error:
                said = (
                    f"{till.due.path} was answered {error.code}: {error.read(300).decode('utf-8', 'replace')}"
                )
            if error.code in (401, 429) or error.code >= 500:
                return said
        except (OSError, http.client.HTTPException) as error:
            return f"{till.due.path}: {error}"
        till.due = None
        write_till(self.var, till)
        return said


def decide(shops: Shops, till: Till, *, now: datetime) -> Due:
    """What comes next; the till is changed accordingly."""
    till.acts += 1
    chance = random.Random(f"{shops.seed}:{till.acts}")  # noqa: S311 - repeatable on purpose
    slug = chance.choice(sorted(shops.accounts))
    account, waiting = shops.accounts[slug], till.open.setdefault(slug, [])
    if len(waiting) < FEW or chance.random() < NEW_SHARE:
        till.made += 1
        created_at = now.replace(microsecond=0) - timedelta(seconds=1)
        drawn = draw(slug, FIRST_SERIAL + till.made, created_at, chance)
        later = coming(drawn.stages[1:])
        if drawn.scene == RENTAL and chance.random() < FORGETFUL:
            for _status, fields in later:
                fields.pop("receiving_time", None)
        waiting.append(OpenOrder(drawn.number, later))
        body = placed(drawn, chance.choice(account.people), created_at, now=now)
        return Due(slug, "/orders", {"app_id": account.app_id, "orders": [body]})
    one = chance.choice(waiting)
    status, fields = one.coming.pop(0)
    if not one.coming:
        waiting.remove(one)
    filled = {name: in_words(now) if name in NOW_FIELDS else text for name, text in fields.items()}
    return Due(slug, f"/orders/{one.number}/status", changed(status, filled, now=now))


def placed(drawn: Drawn, open_id: str, created_at: datetime, *, now: datetime) -> dict[str, Any]:
    """A new order as the API takes it."""
    body = {
        "out_biz_no": drawn.number,
        "open_id": open_id,
        "scene": drawn.scene,
        "page": drawn.page,
        "order_created_at": created_at.astimezone(BEIJING).isoformat(),
        "amount_fen": drawn.amount_fen,
        "items": [dict(item) for item in drawn.items],
        "shop": dict(drawn.shop),
        "fields": dict(drawn.fields),
        "status": changed(drawn.stages[0].status, dict(drawn.stages[0].fields), now=now),
    }
    if drawn.scene != RENTAL and drawn.amount_fen is not None:
        body |= {"pay_amount_fen": drawn.amount_fen, "discount_fen": 0}
    return body


def changed(status: str, fields: dict[str, str], *, now: datetime) -> dict[str, Any]:
    at = now.astimezone(BEIJING).isoformat(timespec="milliseconds")
    return {"status": status, "order_modified_time": at, "fields": fields}


def post(url: str, body: dict[str, Any], *, key: str) -> None:
    """Raises HTTPError, and OSError where nobody answers."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - CONSOLE_URL
    with urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
        answer.read()


def main(var: Path) -> None:
    system, said = ShopSystem(var), ""
    while True:
        shops = read_shops(var)
        if shops is None:
            time.sleep(LOOK_SECONDS)
            continue
        time.sleep(shops.seconds)
        before, said = said, system.act(shops, now=datetime.now(UTC))
        if said and said != before:
            print(said, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
