"""Notifications the platform owes to apps: which kinds there are, what they hold, when they are due.

Two ways lead out. The message service posts to the app's gateway address (`notify_url` of the app) and
names the kind in `msg_method`; other notices go to an address of their own and name it in `notify_type`.
Both are form-encoded, and signed over every field but `sign` and `sign_type`, empty values left out. A
notice keeps its `notify_id` and every byte over its deliveries. Rows are on disk; memory holds only when
what is due.

The message service tells only those who subscribed to the topic by HTTP. What nobody is told is kept as
`nowhere`, with one line in the log of deliveries that says why.
"""

import base64
import heapq
import json
import random
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from simulator.clock import beijing
from simulator.faults import Faults
from simulator.store import App, Store
from simulator.topics import HTTP, Subscription

# Simulated seconds between one delivery and the next: eight deliveries in about 25 hours.
LADDER_SECONDS = (240, 600, 600, 3_600, 7_200, 21_600, 54_000)
ACTIVITY = "alipay.marketing.activity.message."
MESSAGE_KINDS = (
    *(
        ACTIVITY + what
        for what in ("created", "modified", "appended", "stopped", "received", "used", "expired", "refund")
    ),
    "alipay.marketing.activity.delivery.message",
)
AUTHORISED = "open_app_auth_notify"
# SIM: that cards tell of opening and deletion is documented, under which notify_type is not.
CARD_OPENED, CARD_DELETED = CARD_KINDS = ("alipay.marketing.card.open", "alipay.marketing.card.delete")
NOTIFY_KINDS = (AUTHORISED, *CARD_KINDS)
KINDS = (*MESSAGE_KINDS, *NOTIFY_KINDS)
COMMON_FIELDS = frozenset(
    [
        "app_id",
        "auth_app_id",
        "charset",
        "msg_method",
        "notify_id",
        "notify_time",
        "notify_type",
        "sign",
        "sign_type",
        "utc_timestamp",
        "version",
    ]
)
WAITING, DELIVERED, GIVEN_UP, NOWHERE = "waiting", "delivered", "given_up", "nowhere"
STATES = (WAITING, DELIVERED, GIVEN_UP, NOWHERE)
# Why a notice goes nowhere, as the log of deliveries says it.
NO_ADDRESS = "the app has no notify_url"
NO_TEMPLATE_ADDRESS = "the card's template has no notify_url"
NOT_AUTHORISED = "the merchant has not authorised this app, or no longer"
NOT_SUBSCRIBED = "the app has not subscribed to this topic"
ONLY_WEBSOCKET = "subscribed by WEBSOCKET, which this platform does not speak"
COLUMNS = "number, app_id, notify_id, kind, url, form, created_at, due_at, attempts, state"


@dataclass(frozen=True, slots=True)
class Notice:
    """One row. `due_at` is simulated Unix time and steps down the ladder from where it began."""

    number: int
    app_id: str
    notify_id: str
    kind: str
    url: str
    form: str
    created_at: float
    due_at: float
    attempts: int = 0
    state: str = WAITING

    @property
    def row(self) -> tuple[Any, ...]:
        return (
            self.number, self.app_id, self.notify_id, self.kind, self.url, self.form, self.created_at,
            self.due_at, self.attempts, self.state,
        )  # fmt: skip

    def after_answer(self, *, taken: bool) -> "Notice":
        """The same notice after one more delivery."""
        attempts = self.attempts + 1
        if taken:
            return replace(self, attempts=attempts, state=DELIVERED)
        if attempts > len(LADDER_SECONDS):
            return replace(self, attempts=attempts, state=GIVEN_UP)
        return replace(self, attempts=attempts, due_at=self.due_at + LADDER_SECONDS[attempts - 1])

    def taken_by_copy(self) -> "Notice":
        return replace(self, state=DELIVERED)


@dataclass(order=True, frozen=True, slots=True)
class Due:
    """One delivery to come; `extra` is a copy that the ladder knows nothing of."""

    at: float
    order: int
    number: int = field(compare=False)
    extra: bool = field(compare=False, default=False)


class Notices:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store, self._faults = store, faults
        self._chance = random.Random(store.seed)  # noqa: S311 - repeatable on purpose
        self._order = 0
        self._heaps: dict[str, list[Due]] = {}
        rows = store.disk.read_at_start(
            "SELECT app_id, due_at, number FROM notices WHERE state = ? ORDER BY number", (WAITING,)
        )
        for app_id, due_at, number in rows:
            self._push(app_id, due_at, number)

    def post(
        self,
        app: App,
        kind: str,
        content: dict[str, Any],
        *,
        url: str = "",
        auth_app_id: str = "",
        only_there: bool = False,
    ) -> Notice:
        """Owe the app a notice of one of `KINDS`. `auth_app_id` names the merchant's app when `app` is a
        provider's. A message that it did not subscribe to goes `nowhere`, as does what has no address; with
        `only_there` the app's own address does not stand in for a `url` that is empty."""
        now, number = self._store.clock.now(), self._store.next_id("notices")
        trouble = self._faults.for_notice(kind, app.app_id)
        notify_id = self._store.derived("notice", number)[:34]
        fields = _fields(app, kind, content, notify_id=notify_id, now=now, auth_app_id=auth_app_id)
        shuffled = self._chance.random() * trouble.shuffle_seconds if trouble.shuffle_seconds else 0.0
        notice = Notice(
            number=number,
            app_id=app.app_id,
            notify_id=notify_id,
            kind=kind,
            url=url or ("" if only_there else app.settings.notify_url),
            form="",
            created_at=now,
            due_at=now + trouble.late_seconds + shuffled,
        )
        silent = "" if notice.url else NO_TEMPLATE_ADDRESS if only_there else NO_ADDRESS
        if kind in MESSAGE_KINDS:
            silent = self._not_subscribed(app, kind, content, auth_app_id) or silent
        if silent:
            return self._keep_silent(replace(notice, form=urlencode(fields), state=NOWHERE), silent)
        # A signature is most of the work, and what goes nowhere needs none.
        signed = {**fields, "sign": _sign(app, fields, wrongly=trouble.bad_signature)}
        notice = replace(notice, form=urlencode(signed))
        self.save(notice)
        for copy in range(1 + trouble.copies):
            self._push(app.app_id, notice.due_at, number, extra=copy > 0)
        return notice

    def tell(self, app: App, kind: str, content: dict[str, Any]) -> None:
        """What happened to an app: itself is told, and every provider that listens for it."""
        self.post(app, kind, content)
        for listener in self._store.topics.listeners(kind, app.app_id):
            self.post(self._store.apps[listener], kind, content, auth_app_id=app.app_id)

    def _not_subscribed(self, app: App, topic: str, content: dict[str, Any], merchant: str) -> str:
        """Why the message service does not tell this app, or nothing."""
        merchant = "" if merchant == app.app_id else merchant
        if merchant and not self._store.grants.stands(app.app_id, merchant):
            return NOT_AUTHORISED
        held = self._store.topics.of(app.app_id, topic, merchant)
        about = self._store.apps.get(merchant, app)
        concerned = [one for one in held if _concerns(one, about, content)]
        if not concerned:
            return NOT_SUBSCRIBED
        return "" if any(one.comm_type == HTTP for one in concerned) else ONLY_WEBSOCKET

    def _keep_silent(self, notice: Notice, why: str) -> Notice:
        self.save(notice)
        delivery_id = self._store.next_id("notice_deliveries")
        row = (delivery_id, notice.number, notice.created_at, None, None, None, "", why, 0)
        self._store.disk.put("notice_deliveries", delivery_id, row)
        return notice

    def save(self, notice: Notice) -> None:
        self._store.disk.put("notices", notice.number, notice.row)

    def again(self, notice: Notice) -> None:
        """Plan the next delivery of a notice that still waits."""
        self._push(notice.app_id, notice.due_at, notice.number)

    def apps_waiting(self) -> list[str]:
        return [app_id for app_id, heap in self._heaps.items() if heap]

    def next_due(self) -> float | None:
        return min((heap[0].at for heap in self._heaps.values() if heap), default=None)

    def take_due(self, app_id: str, now: float, limit: int) -> list[Due]:
        """The earliest deliveries that are due, in their order; they are no longer planned then."""
        heap = self._heaps.get(app_id, [])
        taken: list[Due] = []
        while heap and heap[0].at <= now and len(taken) < limit:
            taken.append(heapq.heappop(heap))
        return taken

    def put_back(self, app_id: str, due: Due) -> None:
        """A delivery that cannot begin yet, as another of the same notice is under way."""
        heapq.heappush(self._heaps.setdefault(app_id, []), due)

    async def read(self, numbers: list[int]) -> dict[int, Notice]:
        marks = ",".join("?" * len(numbers))
        rows = await self._store.disk.read(
            f"SELECT {COLUMNS} FROM notices WHERE number IN ({marks})",  # noqa: S608 - marks only
            numbers,
        )
        return {row[0]: Notice(*row) for row in rows}

    def _push(self, app_id: str, at: float, number: int, *, extra: bool = False) -> None:
        self._order += 1
        heapq.heappush(self._heaps.setdefault(app_id, []), Due(at, self._order, number, extra))


def _concerns(subscription: Subscription, about: App, content: dict[str, Any]) -> bool:
    """A person's own subscription is for what happens to that person."""
    if not subscription.whose:
        return True
    named = (content.get("open_id"), about.open_id_of(content.get("user_id")))
    return subscription.whose in named


def _fields(
    app: App, kind: str, content: dict[str, Any], *, notify_id: str, now: float, auth_app_id: str
) -> dict[str, str]:
    fields = {"app_id": app.app_id, "charset": "utf-8", "notify_id": notify_id, "sign_type": "RSA2"}
    if auth_app_id:
        fields["auth_app_id"] = auth_app_id
    if kind in MESSAGE_KINDS:
        event = {"id": f"{kind.rpartition('.')[2]}_{notify_id}", "event_time": str(round(now * 1000))}
        fields |= {"msg_method": kind, "utc_timestamp": str(round(now * 1000)), "version": "1.1"}
        return fields | {"biz_content": _json({**event, **content})}
    fields |= {"notify_type": kind, "notify_time": beijing(now).strftime("%Y-%m-%d %H:%M:%S")}
    fields |= {"version": "1.0", "auth_app_id": auth_app_id or app.app_id}
    if kind == AUTHORISED:
        return fields | {"biz_content": _json(content)}
    return fields | {
        name: value if isinstance(value, str) else _json(value) for name, value in content.items()
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sign(app: App, fields: dict[str, str], *, wrongly: bool) -> str:
    """By the platform's key of this app; SIM: pushes of the message service leave out sign_type too."""
    text = "&".join(
        f"{name}={fields[name]}" for name in sorted(fields) if name != "sign_type" and fields[name]
    )
    content = text.encode() + (b" " if wrongly else b"")
    signature = app.keys.platform_private.sign(content, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode("ascii")
