"""The working copy in memory: apps, people, adopted templates, consents. `Disk` follows in batches."""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.clock import Clock, beijing_day, monday_of
from simulator.disk import Disk
from simulator.forms import Forms
from simulator.grants import Grants, Logins
from simulator.intakes import Intake, place_of
from simulator.library import LIBRARY, LONG_TERM, Entry
from simulator.limits import Limits
from simulator.people import open_id_at, user_id_of
from simulator.pictures import Pictures
from simulator.records import Records
from simulator.repeats import Repeats
from simulator.signing import Keys
from simulator.topics import Topics

if TYPE_CHECKING:
    from simulator.card_templates import CardTemplates
    from simulator.cards import Cards
    from simulator.coupons import Coupons
    from simulator.deliveries import Deliveries
    from simulator.notices import Notices
    from simulator.order_centre import OrderCentre

ONLINE, OFFLINE, NOT_A_MINI_PROGRAM = "online", "offline", "not_a_mini_program"
# What a send is refused with in each state; other methods: see authorisation.check_state.
APP_STATES = {
    ONLINE: None,
    OFFLINE: "APP_NO_AVAIABLE",
    "no_message_capability": "MSG_UNAUTHORIZED",
    "no_send_permission": "MESSAGE_SEND_AUTH_ERROR",
    NOT_A_MINI_PROGRAM: "APP_TYPE_ERROR",
}
STATUSES = ("ONLINE", "OFFLINE", "AUDITING", "REJECTED")
# SIM values: none of these is published by the real platform.
TEMPLATES_PER_APP = 50
REVIEW_SECONDS = 3.0
# "Takes minutes", as the platform says of the end of a delivery plan.
DELIVERY_STOP_SECONDS = 120.0
APPROVE, COUPON_REVIEWS = "approve", ("approve", "reject", "forget")
STANDING = -1
ACCEPT, REJECT = "accept", "reject"
MINI_PROGRAM, PROVIDER = "mini_program", "provider"
TAKEN, FACT = "taken: ", "fact: "
# (app, template, open_id, message) of each message that arrives now; what it does must be quick.
Delivered = Callable[["App", "Template", str, "Inboxed"], None]


@dataclass(slots=True)
class Settings:
    """What `POST /sim/apps` takes; seconds are of the simulated clock but `skew_seconds`, which is real."""

    industry: str = "general"
    name: str = ""
    notify_url: str = ""
    signals_url: str = ""
    client_key: str = ""
    server_key: str = ""
    skew_seconds: float = 0
    review_seconds: float = REVIEW_SECONDS
    coupon_review: str = APPROVE
    auth_callback: str = ""
    sensitive_fields: bool = True
    card_limits: dict[str, int] = field(default_factory=dict)
    delivery_stop_seconds: float = DELIVERY_STOP_SECONDS
    state: str = ONLINE
    public_app_bound: bool = False
    kind: str = MINI_PROGRAM
    user_ids: bool = False
    allow_rsa: bool = False
    sign_with_empties: bool = False
    signature_config: bool = True
    refuses_key_names: bool = False
    aes_key: str = ""
    no_permission: list[str] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    library_offline: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    seq: int
    joined_at: float
    last_visit_at: float
    rejects: bool = False
    not_interested: frozenset[str] = frozenset()


@dataclass(slots=True)
class Template:
    """An adopted template. `consents` maps open_id to one-time units, or to STANDING / 0 for long-term;
    `kept` to the answer that is not asked for again."""

    template_id: str
    lib_code: str
    keywords: tuple[str, ...]
    adopted_at: float
    review_until: float
    forced_status: str = ""
    consents: dict[str, int] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    sent_days: dict[str, tuple[int, ...]] = field(default_factory=dict)
    data_keys: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.data_keys = frozenset(f"keyword{number}" for number in range(1, len(self.keywords) + 1))

    @property
    def entry(self) -> Entry:
        return LIBRARY[self.lib_code]

    @property
    def long_term(self) -> bool:
        return self.entry.scene_rule == LONG_TERM

    def kept_choice(self, open_id: str) -> str:
        """accept, reject, or nothing: then the prompt shows. SIM: a long-term consent that stands is kept."""
        if self.long_term and self.consents.get(open_id):
            return ACCEPT
        return self.kept.get(open_id, "")

    def status(self, now: float) -> str:
        if self.forced_status:
            return self.forced_status
        if now < self.review_until:
            return "AUDITING"
        return "REJECTED" if self.entry.review_rejects else "ONLINE"

    def window_start(self, today: int) -> int:
        """First Beijing day that counts for fatigue."""
        fatigue = self.entry.fatigue
        if fatigue.unit == "week":
            return monday_of(today) - 7 * (fatigue.value - 1)
        return today - (fatigue.value - 1)

    def is_tired(self, open_id: str, today: int) -> bool:
        days = self.sent_days.get(open_id)
        if days is None or len(days) < self.entry.fatigue.total:
            return False
        start = self.window_start(today)
        return sum(start <= day <= today for day in days) >= self.entry.fatigue.total

    def count_sent(self, open_id: str, today: int) -> None:
        start = self.window_start(today)
        kept = tuple(day for day in self.sent_days.get(open_id, ()) if day >= start)
        self.sent_days[open_id] = (*kept, today)


@dataclass(frozen=True, slots=True)
class Inboxed:
    """A message as it lies in somebody's inbox; `at` in Unix seconds of the simulated clock."""

    message_id: int
    data: str
    page: str
    at: float


@dataclass(slots=True)
class App:
    app_id: str
    settings: Settings
    keys: Keys
    limits: Limits
    people: dict[str, Person] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    intakes: list[Intake] = field(default_factory=list)
    _of_user_id: dict[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> str:
        """The merchant's own number, 2088…; the app belongs to it."""
        return user_id_of(self.app_id)

    def place_of(self, open_id: str) -> tuple[int, int] | None:
        return place_of(self.intakes, self.people[open_id].seq)

    def identity_of(self, open_id: str) -> str:
        """Who this is at every app."""
        place = self.place_of(open_id)
        return open_id if place is None else f"{place[0]}/{place[1]}"

    def user_id_of(self, open_id: str) -> str | None:
        return user_id_of(self.identity_of(open_id)) if self.settings.user_ids else None

    def open_id_of(self, user_id: object) -> str | None:
        """Only an app from before open_id knows people by their number; made when first asked for."""
        if not self.settings.user_ids or not isinstance(user_id, str):
            return None
        if len(self._of_user_id) != len(self.people):
            self._of_user_id = {user_id_of(self.identity_of(one)): one for one in self.people}
        return self._of_user_id.get(user_id)


class Store:
    # set by app.py: where a method posts what it owes an app later; where orders, coupons and cards are kept
    notices: "Notices"
    order_centre: "OrderCentre"
    coupons: "Coupons"
    deliveries: "Deliveries"
    card_templates: "CardTemplates"
    cards: "Cards"

    def __init__(self, disk: Disk, *, seed: int | None, speed: float | None) -> None:
        self.disk = disk
        self.apps: dict[str, App] = {}
        self._counters: dict[str, int] = {}
        meta = {key: json.loads(value) for key, value in disk.read_at_start("SELECT key, value FROM meta")}
        self.clock = Clock(*meta["clock"]) if "clock" in meta else Clock()
        if speed is not None:
            self.clock.set_speed(speed)
        self.seed: int = meta.get("seed", secrets.randbits(32)) if seed is None else seed
        self._put_meta("seed", self.seed)
        self.records = Records(disk)
        self.forms = Forms(self.records, self.clock)
        self.grants = Grants(self.records, self.clock, self.derived)
        self.logins = Logins(self.records, self.clock, self.derived)
        self.topics = Topics(self.records)
        self.repeats = Repeats(disk)
        self.pictures = Pictures(disk)
        self._keys_taken = {key for key in meta if key.startswith(TAKEN)}
        self.facts = {key.removeprefix(FACT): value for key, value in meta.items() if key.startswith(FACT)}
        self.on_delivered: Delivered | None = None
        self._grown: dict[str, Intake] = {}
        self.save_clock()
        self._load()

    # --- numbers -------------------------------------------------------------------------------------------

    def next_id(self, table: str) -> int:
        self._counters[table] += 1
        return self._counters[table]

    def last_id(self, table: str) -> int:
        return self._counters[table]

    def derived(self, *parts: object) -> str:
        """64 hexadecimal digits that follow from the seed and `parts`."""
        return hashlib.sha256("\n".join(map(str, (self.seed, *parts))).encode()).hexdigest()

    # --- writing: memory first, then the buffer of the disk ----------------------------------------

    def save_clock(self) -> None:
        self._put_meta("clock", self.clock.saved())

    def move_clock(self, advance_seconds: float, speed: float | None) -> None:
        if speed is not None:
            self.clock.set_speed(speed)
        self.clock.advance(advance_seconds)
        self.save_clock()

    def _put_meta(self, key: str, value: Any) -> None:
        self.disk.put("meta", key, (key, json.dumps(value)))

    def take_key(self, key: str) -> bool:
        """False when it was taken before, also by an earlier process. Kept with what is put beside it."""
        if TAKEN + key in self._keys_taken:
            return False
        self._keys_taken.add(TAKEN + key)
        self._put_meta(TAKEN + key, True)
        return True

    def save_fact(self, key: str, value: Any) -> None:
        """Kept over a restart under `facts`; `value` is JSON."""
        self.facts[key] = value
        self._put_meta(FACT + key, value)

    def save_app(self, app: App) -> None:
        self.apps[app.app_id] = app
        app.limits.configure(app.settings.limits)
        settings = json.dumps(asdict(app.settings), ensure_ascii=False)
        self.disk.put("apps", app.app_id, (app.app_id, settings, *app.keys.dump()))

    def join(self, app: App, open_id: str, *, seed: int, position: int, at: float) -> None:
        """A new person of an app, at `position` of `seed`; call `save_intakes` before the next await."""
        seq = len(app.people)
        if not app.intakes or not app.intakes[-1].goes_on_with(seed, position, seq):
            app.intakes.append(Intake(app.app_id, seed, position, seq))
        intake = app.intakes[-1]
        intake.count += 1
        self._grown[intake.key] = intake
        self.save_person(app, open_id, Person(seq, at, at))

    def save_intakes(self) -> None:
        for key, intake in self._grown.items():
            self.records.put("intake", key, intake)
        self._grown.clear()

    def everywhere(self, app: App, open_id: str) -> list[tuple[App, str]]:
        """This person at each app that knows them, with their open_id there; the given one first."""
        place, found = app.place_of(open_id), [(app, open_id)]
        if place is None:
            return found
        for other in self.apps.values():
            there = open_id_at(other.app_id, *place)
            if other is not app and there in other.people:
                found.append((other, there))
        return found

    def save_person(self, app: App, open_id: str, person: Person) -> None:
        app.people[open_id] = person
        unwanted = json.dumps(sorted(person.not_interested)) if person.not_interested else None
        row = (person.seq, person.joined_at, person.last_visit_at, int(person.rejects), unwanted)
        self.disk.put("people", (app.app_id, open_id), (app.app_id, open_id, *row))

    def save_template(self, app: App, template: Template) -> None:
        app.templates[template.template_id] = template
        record = {
            "lib_code": template.lib_code,
            "keywords": template.keywords,
            "adopted_at": template.adopted_at,
            "review_until": template.review_until,
            "forced_status": template.forced_status,
        }
        row = (app.app_id, template.template_id, json.dumps(record, ensure_ascii=False))
        self.disk.put("templates", row[:2], row)

    def set_consent(self, app: App, template: Template, open_id: str, balance: int) -> None:
        template.consents[open_id] = balance
        row = (app.app_id, template.template_id, open_id, balance)
        self.disk.put("consents", row[:3], row)

    def keep_choice(self, app: App, template: Template, open_id: str, choice: str) -> None:
        """Nothing for `choice`: the person is asked again."""
        if choice:
            template.kept[open_id] = choice
        else:
            template.kept.pop(open_id, None)
        row = (app.app_id, template.template_id, open_id, choice)
        self.disk.put("kept_choices", row[:3], row)

    def deliver(
        self,
        app: App,
        template: Template,
        open_id: str,
        *,
        data: str,
        page: str,
        at: float,
        history: bool = False,
    ) -> int:
        """Put a message into a person's inbox and count it for fatigue; nobody acts upon history."""
        day = beijing_day(at)
        template.count_sent(open_id, day)
        message_id = self.next_id("messages")
        row = (
            message_id,
            app.app_id,
            open_id,
            template.template_id,
            data,
            page,
            at,
            day,
            int(history),
        )
        self.disk.put("messages", message_id, row)
        if self.on_delivered is not None and not history:
            self.on_delivered(app, template, open_id, Inboxed(message_id, data, page, at))
        return message_id

    def visit(
        self, app: App, open_id: str, message_id: int, *, at: float | None = None, reported: str = ""
    ) -> int:
        """Note that a person came from a message; `reported` says what the console answered."""
        when = self.clock.now() if at is None else at
        self.seen(app, open_id, when)
        visit_id = self.next_id("visits")
        self.disk.put("visits", visit_id, (visit_id, message_id, when, reported))
        return visit_id

    def seen(self, app: App, open_id: str, at: float) -> None:
        """This person was in the mini program."""
        person = app.people[open_id]
        if at > person.last_visit_at:
            person.last_visit_at = at
            self.save_person(app, open_id, person)

    def note(self, app: App, open_id: str, kind: str, detail: str = "", *, at: float | None = None) -> None:
        """One line in the list of what this person did."""
        action_id, when = self.next_id("actions"), self.clock.now() if at is None else at
        row = (action_id, app.app_id, open_id, when, kind, detail)
        self.disk.put("actions", action_id, row)

    def save_image(self, app: App, name: str, content_type: str, content: bytes) -> str:
        """Its id follows from the content: the same picture twice is one picture."""
        image_id = self.derived("image", app.app_id, hashlib.sha256(content).hexdigest())[:32]
        size = self.pictures.add(image_id, content)
        self.disk.put("images", image_id, (image_id, app.app_id, name, content_type, content, *size))
        return image_id

    # --- starting again ----------------------------------------------------------------------------

    def _load(self) -> None:
        read = self.disk.read_at_start
        for table, key in (
            ("messages", "message_id"),
            ("visits", "visit_id"),
            ("actions", "action_id"),
            ("log", "id"),
            ("notices", "number"),
            ("notice_deliveries", "delivery_id"),
        ):
            self._counters[table] = read(f"SELECT coalesce(max({key}), 0) FROM {table}")[0][0]  # noqa: S608
        for app_id, settings, app_private, platform_private in read("SELECT * FROM apps"):
            app = App(
                app_id, Settings(**json.loads(settings)), Keys.load(app_private, platform_private), Limits()
            )
            app.limits.configure(app.settings.limits)
            self.apps[app_id] = app
        for intake in sorted(self.records.take("intake", Intake).values(), key=lambda one: one.seq):
            self.apps[intake.app_id].intakes.append(intake)
        people = read("SELECT * FROM people ORDER BY app_id, seq")
        for app_id, open_id, seq, joined_at, last_visit_at, rejects, unwanted in people:
            not_interested = frozenset(json.loads(unwanted or "[]"))
            person = Person(seq, joined_at, last_visit_at, bool(rejects), not_interested)
            self.apps[app_id].people[open_id] = person
        for app_id, template_id, text in read("SELECT * FROM templates"):
            record = json.loads(text)
            record["keywords"] = tuple(record["keywords"])
            self.apps[app_id].templates[template_id] = Template(template_id, **record)
        for app_id, template_id, open_id, balance in read("SELECT * FROM consents"):
            self.apps[app_id].templates[template_id].consents[open_id] = balance
        for app_id, template_id, open_id, choice in read("SELECT * FROM kept_choices WHERE choice <> ''"):
            self.apps[app_id].templates[template_id].kept[open_id] = choice
        today = beijing_day(self.clock.now())
        recent = "SELECT app_id, template_id, open_id, day FROM messages WHERE day >= ? ORDER BY message_id"
        for app_id, template_id, open_id, day in read(recent, (today - 60,)):
            template = self.apps[app_id].templates.get(template_id)
            if template is not None:  # an order's message has none
                template.count_sent(open_id, day)


def new_app_id(store: Store) -> str:
    """16 digits, as the platform's own."""
    number = len(store.apps)
    while True:
        app_id = f"2021{int(store.derived('app', number)[:15], 16) % 10**12:012d}"
        if app_id not in store.apps:
            return app_id
        number += 1
