"""Every page, and how it is looked at: in both languages, at both widths, with and without script.

In CI size a page is looked at in Chinese with script, and every other one in English or without script:
`make torture` looks at all of them in every way.

A page is loaded once and then narrowed, and one window is kept for each way of looking, so that the whole
table stays a matter of minutes. The files test_pages_of_….py go through it, each with its rows.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page

from console.help.topics import TOPICS
from merchants.models import Job, SecondFactor, Staff, User
from messaging.engine import months
from messaging.models import MonthBooks, SubscriptionTemplate
from tests import build_messaging, build_orders
from tests.browser import acts, provider
from tests.browser.acts import Act
from tests.browser.alert_scenes import a_burst, alerts, an_alert
from tests.browser.book_scenes import (
    a_difference,
    accepted,
    books,
    differences,
    figures,
    figures_of_plans,
    figures_of_stores,
)
from tests.browser.coupon_scenes import (
    a_coupon,
    a_holder,
    a_placement,
    a_reminder,
    at_the_till,
    codes_of_a_coupon,
    holders,
    placements,
    reminder_words,
)
from tests.browser.crowd_scenes import of_crowd
from tests.browser.fixing_scenes import CAUSE, a_digest, fixing
from tests.browser.giving_scenes import batch_issues, of_run, to_give, to_issue
from tests.browser.house import House
from tests.browser.import_scenes import an_import, new_import
from tests.browser.lacking_scenes import lacking
from tests.browser.order_scenes import order_figures, order_statuses
from tests.browser.scenes import Scenes, once
from tests.browser.watching import AXE, Watch, english, serious, sideways, sticking_out, violations
from tests.browser.windows import ANALYST, NARROW, OWNER, WIDE, new_context, sign_in

LANGUAGES = {"zh-hans": "zh-CN", "en": "en"}
SIZES = {"1440": WIDE, "390": NARROW}
# Without script a page is the same in both languages but for its words, and those are looked at with script.
WAYS = (("zh-hans", True), ("en", True), ("zh-hans", False))
FULL = os.environ.get("PROOF_SIZE") == "full"
# axe takes longest; the words do not change what it judges, the width does.
JUDGED = {"zh-hans": "1440", "en": "390"}
Find = Callable[[Scenes], str]


@dataclass(frozen=True)
class Row:
    """`who` is signed in, nobody when empty. `path` below the merchant, or from the root with a slash.

    `act` is done there before one looks; `status` is then what it was answered with.
    """

    name: str
    path: str | Find
    who: str = OWNER
    status: int = 200
    act: Act | None = None

    @property
    def file(self) -> str:
        """The name as a part of file names."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    def address(self, scenes: Scenes) -> str:
        path = self.path if isinstance(self.path, str) else self.path(scenes)
        return f"{scenes.house.url}{path}" if path.startswith("/") else scenes.house.at(path)

    def bring(self, page: Page, address: str, scenes: Scenes) -> str:
        """Opens it and does its act. Returns what is wrong with the answers; nothing when empty."""
        answer = page.goto(address)
        if self.act is None:
            return "" if answer and answer.status == self.status else f"answered {answer and answer.status}"
        told = acts.answers_to(self.act, page, scenes)
        return "" if self.status in told else f"the act was answered {told}"


def of_send(made: str, tail: str = "") -> Find:
    return lambda scenes: f"sends/{once(scenes, made).pk}/{tail}"


def an_order(scenes: Scenes) -> str:
    return f"orders/{build_orders.order(scenes.house.app).pk}/"


def failures(tail: str = "") -> Find:
    """With those of a finished send."""

    def find(scenes: Scenes) -> str:
        once(scenes, "finished")
        return f"failures/{tail}"

    return find


def of_list(made: str, tail: str = "") -> Find:
    return lambda scenes: f"lists/{once(scenes, made).pk}/{tail}"


def template(state: str, *, differs: bool = False) -> Find:
    return lambda scenes: f"templates/{template_of(scenes, state, differs=differs).pk}/"


def template_of(scenes: Scenes, state: str, *, differs: bool) -> SubscriptionTemplate:
    return SubscriptionTemplate.objects.filter(
        merchant=scenes.house.merchant, state=state, differs=differs
    ).latest("pk")


def reserve(scenes: Scenes) -> str:
    return f"settings/mini-programs/{scenes.house.app.pk}/reserve/"


def consent_to_a_template(scenes: Scenes) -> str:
    return f"lists/new/consent/?template={scenes.template.pk}"


def books_of_a_month(scenes: Scenes) -> str:
    app = scenes.house.app
    months.compute(app)
    newest = MonthBooks.objects.filter(mini_program=app).latest("month")
    return f"reconciliation/months/{app.pk}/{newest.month:%Y-%m}/"


def to_reset(scenes: Scenes) -> str:
    """Of a colleague who has one; nothing opens its key here."""
    seat = Staff.objects.get(merchant=scenes.house.merchant, user=scenes.by)
    set_up = {"secret_sealed": "-", "confirmed_at": timezone.now()}
    SecondFactor.objects.get_or_create(user=scenes.by, defaults=set_up)
    return f"settings/staff/{seat.pk}/second-factor/"


def job(scenes: Scenes) -> str:
    return f"jobs/{Job.objects.filter(merchant=scenes.house.merchant).latest('pk').pk}/"


def a_single(scenes: Scenes) -> str:
    """Handed in here; the house sends it."""
    sent = build_messaging.single(scenes.template.mini_program, scenes.template, scenes.people(1)[0])
    return f"singles/{sent.pk}/"


TEMPLATES_AND_LISTS = [
    Row("sign in", "/sign-in/", who=""),
    Row("password", "/password/"),
    Row("second factor", "/second-factor/"),
    Row("no seat yet", acts.without_a_seat, who=acts.WITHOUT_A_SEAT),
    Row("my templates", "templates/"),
    Row("a template online", template("approved")),
    Row("a template rejected", template("rejected")),
    Row("a template offline", template("offline")),
    Row("a template the platform changed", template("approved", differs=True)),
    Row("library", "templates/library/"),
    Row("library, not available ones", "templates/library/?show=closed"),
    Row("adopt", "templates/library/2/adopt/"),
    Row("adopt with too few keywords", "templates/library/2/adopt/?keyword1="),
    Row("lists", "lists/"),
    Row("order by hand", "orders/new/"),
    Row("upload", "lists/new/"),
    Row("a list", "lists/1/"),
    Row("columns of a file", of_list("uploaded", "columns/")),
    Row("dry run", of_list("checked")),
    Row("a list, its name", "lists/1/rename/"),
    Row("a list of who consented", "lists/new/consent/"),
    Row("a list of who consented, counted", consent_to_a_template),
]

SENDS = [
    Row("calendar", "sends/calendar/"),
    Row("calendar of a week", "sends/calendar/?week=2026-W47"),
    Row("several to cancel", "sends/cancel/?all=1&filter=state%3Dscheduled"),
    Row("a view to keep", "sends/views/new/?state=finished"),
    Row("sends of several states", "sends/?state=finished&state=missed&per_page=50"),
    Row("search", "search/?q=1"),
    Row("search for what is not there", "search/?q=nothing-is-called-this"),
    Row("sends, filtered to none", "sends/?text=nothing-is-called-this"),
    Row("new send", "sends/new/"),
    Row("edit", of_send("complete_draft", "edit/")),
    Row("edit, with what is missing", of_send("empty_draft", "edit/?check=1")),
    Row("launch review", of_send("complete_draft", "launch/")),
    Row("review of a send", of_send("in_review", "review/")),
    Row("versions of a draft", of_send("complete_draft", "versions/")),
    Row("a test send", of_send("complete_draft", "test/")),
    Row("launch review, refused", of_send("empty_draft", "launch/")),
    Row("who is left out", of_send("complete_draft", "launch/no_consent/")),
    Row("draft", of_send("complete_draft")),
    Row("scheduled", of_send("scheduled")),
    Row("take a scheduled one back", of_send("scheduled", "edit/")),
    Row("running", of_send("running")),
    Row("speed", of_send("running", "speed/")),
    Row("cancel", of_send("running", "cancel/")),
    Row("stop a mini program", "settings/mini-programs/1/stop/"),
    Row("paused", of_send("paused")),
    Row("another latest time", of_send("past_latest", "not-after/")),
    Row("cancelled", of_send("cancelled")),
    Row("missed", of_send("missed")),
    Row("a new time for a missed one", of_send("missed", "missed/")),
    Row("failed", of_send("failed")),
    Row("finished", of_send("finished")),
    Row("sends in every state", "sends/"),
    Row("home with something of everything", ""),
    Row("what runs now", "running/"),
    Row("people", of_send("finished", "people/")),
    Row("people, refused ones", of_send("finished", "people/?state=refused")),
    Row("people with an open decision", of_send("finished", "people/?decision=undecided")),
    Row("unknown outcomes", of_send("finished", "unknown/")),
    Row("send again", of_send("finished", "again/?all=1")),
    Row("failures", failures()),
    Row("a cause of failures", failures("cause/?state=unknown&code=answer")),
    Row("orders that need fixing", fixing()),
    Row("a cause of orders", fixing(f"cause/?{CAUSE}")),
    Row("orders synced again", fixing(f"retry/?{CAUSE}")),
    Row("a decision over several sends", failures("decide/?state=unknown&code=answer&act=again&all=1")),
    Row("who came back from a send", of_send("finished", "recall/")),
    Row("people with their ids", of_send("finished", "people/"), act=acts.show_ids),
    Row("two versions of a draft", acts.contested, status=422, act=acts.write_beside_another),
    Row("new crowd send", "crowds/new/"),
    Row("launch review of a crowd send", of_crowd("draft", "launch/")),
    Row("a crowd send without an answer", of_crowd("unknown")),
    Row("crowd sends", "crowds/"),
    Row("too late", acts.to_take_back, status=422, act=acts.take_back_after_another),
    Row("a view with a taken name", acts.view_to_rename, status=422, act=acts.choose_a_taken_name),
    Row("new send without a mini program", acts.without_a_mini_program, who=acts.NEWCOMER),
    Row("several to copy", acts.to_copy),
    Row("several copied", acts.to_copy, act=acts.copy_them),
    Row("several cancelled", acts.to_cancel, act=acts.cancel_them),
]

COUPONS = [
    Row("expiry reminders", "reminders/"),
    Row("words of a reminder", reminder_words),
    Row("a reminder", a_reminder()),
    Row("stop a reminder", a_reminder("stop/")),
    Row("coupons", "coupons/"),
    Row("two families of coupons", "coupons/new/"),
    Row("a new pay coupon", "coupons/new/?family=pay"),
    Row("a new merchant coupon", "coupons/new/?family=merchant"),
    Row("a coupon", a_coupon()),
    Row("a coupon the platform refused to extend", a_coupon(refusal="BUSINESS_HAS_RISK", words="有风险")),
    Row("hand a coupon to the platform", a_coupon("submit/", state="draft", activity_id="")),
    Row("codes of a coupon", codes_of_a_coupon(halted="INVALID_PARAMETER", words="参数有误")),
    Row("stop a coupon", a_coupon("stop/")),
    Row("a list of a coupon's people", a_coupon("audience/?who=unused")),
    Row("where coupons are shown", placements),
    Row("show a coupon somewhere", a_coupon("placements/new/")),
    Row("a coupon shown in messages", a_placement()),
    Row("a placement the platform rejected", a_placement(state="rejected", words="素材不符合投放规范")),
    Row("stop showing a coupon", a_placement("stop/")),
    Row("add stock to a coupon", a_coupon("append/")),
    Row("give a coupon to one person", to_give),
    Row("check before issuing a coupon", to_issue),
    Row("at the till", "coupons/scan/"),
    Row("at the till, nobody's code", "coupons/scan/?code=NOBODY1"),
    Row("at the till, a code", at_the_till()),
    Row("at the till, a code with several uses", at_the_till(several=True)),
    Row("at the till, redeemed", at_the_till(done=True)),
    Row("at the till, outcome unknown", at_the_till(unknown=True)),
    Row("a customer's coupon", a_holder()),
    Row("a customer's coupon, outcome unknown", a_holder(unknown=True)),
    Row("give a use back", a_holder("revert/")),
    Row("who has a coupon", holders),
    Row("batch issues", batch_issues),
    Row("a batch issue", of_run()),
    Row("people of a batch issue", of_run("people/")),
    Row("coupon books", books),
    Row("differences of a coupon", differences),
    Row("a use only the platform knows", a_difference("used_there")),
    Row("an order whose money differs", a_difference("money_differs")),
    Row("a difference accepted as known", accepted),
    Row("coupon limits", "coupons/limits/"),
    Row("coupon alerts", alerts),
    Row("an alert about a person", an_alert()),
    Row("a person kept from coupons", an_alert(kept=True)),
    Row("an alert about a coupon", a_burst),
    Row("coupon figures", figures()),
    Row("coupon figures as a table", figures("&days=7&view=table")),
    Row("coupon figures by message template", figures_of_plans),
    Row("coupon figures by store", figures_of_stores),
]

FIGURES_AND_SETTINGS = [
    Row("order scenes", "orders/scenes/"),
    Row("nodes of an order scene", "orders/scenes/online_rental/?node=IN_DELIVERY"),
    Row("recall", "recall/"),
    Row("recall by template, as a table", "recall/?days=7&by=template&view=table"),
    Row("recall of days that cannot be", "recall/?first=2999-01-01"),
    Row("one person", "people/"),
    Row("a person", "people/1/"),
    Row("erase a person", "people/1/forget/"),
    Row("single messages", "singles/"),
    Row("orders", "orders/"),
    Row("order diagnosis", "orders/diagnosis/"),
    Row("missing fields of a day", a_digest),
    Row("order figures", order_figures),
    Row("order statuses", order_statuses),
    Row("an order", an_order),
    Row("an order whose status lacks fields", lacking()),
    Row("orders that lack the same fields", lacking("alike/")),
    Row("a single message", a_single),
    Row("reconciliation", "reconciliation/"),
    Row("books of a month", books_of_a_month),
    Row("audit", "audit/"),
    Row("mini programs", "settings/mini-programs/"),
    Row("reserve of a mini program", reserve),
    Row("api keys", "settings/api-keys/"),
    Row("a new api key", "settings/api-keys/new/"),
    Row("sending rules", "settings/rules/"),
    Row("staff", "settings/staff/"),
    Row("a second factor to reset", to_reset),
    Row("service providers", "settings/provider/"),
    Row("merchants of a provider", provider.merchants, who=provider.PROVIDER),
    Row("a message for many merchants", provider.writing, who=provider.PROVIDER),
    Row("a joint send, checked", provider.checking, who=provider.PROVIDER),
    Row("a job", job),
    Row("help", "help/"),
    *(Row(f"help: {topic.key}", f"help/{topic.key}/") for topic in TOPICS),
    Row("no such address", "nowhere/at-all/", status=404),
    Row("not found", "sends/999999/", status=404),
    Row("not allowed", "settings/staff/", who=ANALYST, status=403),
    Row("a form gone stale", "/password/", status=403, act=acts.send_a_stale_form),
    Row("import orders", new_import),
    Row("dry run of orders", an_import("checked")),
    Row("orders imported", an_import("done")),
]

TABLE = [*TEMPLATES_AND_LISTS, *SENDS, *COUPONS, *FIGURES_AND_SETTINGS]


@dataclass
class Looking:
    """A signed-in context of each kind: whose it is, and whether script runs."""

    chromium: Browser
    house: House
    kept: dict[tuple[str, bool], BrowserContext] = field(default_factory=dict)
    windows: dict[BrowserContext, tuple[Page, Watch]] = field(default_factory=dict)

    def wrong_at(self, row: Row, scenes: Scenes) -> list[str]:
        """What is wrong with a page, over all ways of looking at it."""
        wrong = []
        for language, script in WAYS if FULL else (WAYS[0], WAYS[1 + TABLE.index(row) % 2]):
            address = row.address(scenes)
            page, watch = self.window(row, language=language, script=script)
            brought = row.bring(page, address, scenes)
            page.wait_for_load_state()  # words are there before the styles that they are judged with
            found = [brought] if brought else []
            found += seen(page, language=language, script=script) + watch.take()
            wrong += [f"{language}, script {script}: {one}" for one in found]
            self.leave(page, watch, script=script)
        return wrong

    def window(self, row: Row, *, language: str, script: bool) -> tuple[Page, Watch]:
        """Wide. Without script a new one each time: such a page loads itself again, also into the next."""
        User.objects.filter(username=row.who).update(language=language)
        context = self.context(row.who, script=script)
        context.add_cookies([{"name": "django_language", "value": language, "url": self.house.url}])
        if context not in self.windows:
            page = context.new_page()
            if script:
                page.add_init_script(path=AXE)  # half a second less than handing it over on each page
            self.windows[context] = page, Watch(page)
        page, watch = self.windows[context]
        watch.expected = row.status
        page.set_viewport_size(WIDE)
        return page, watch

    def context(self, who: str, *, script: bool) -> BrowserContext:
        """Signed in once for both ways: the second gets the cookies of the first."""
        if (who, script) not in self.kept:
            made = new_context(self.chromium, script=script, size=WIDE)
            before = self.kept.get((who, not script))
            if before:
                made.add_cookies(before.cookies())
            elif who:
                first = made.new_page()
                sign_in(first, self.house, who)
                first.close()
            self.kept[who, script] = made
        return self.kept[who, script]

    def leave(self, page: Page, watch: Watch, *, script: bool) -> None:
        if script:
            page.goto("about:blank")
            watch.take()  # a poll that was cut off is nothing wrong with the next page
        else:
            page.close()
            del self.windows[page.context]

    def close(self) -> None:
        for context in self.kept.values():
            context.close()
        User.objects.filter(username__in=[OWNER, ANALYST]).update(language="zh-hans")


def seen(page: Page, *, language: str, script: bool) -> list[str]:
    """What is wrong with the page that is open, at both widths."""
    wrong = []
    if page.locator("html").get_attribute("lang") != LANGUAGES[language]:
        wrong.append("the language of the page is not told")
    if language == "zh-hans":
        wrong += [f"is not Chinese: {words}" for words in english(page)]
    for width, size in SIZES.items():
        page.set_viewport_size(size)
        found = sideways(page)
        if script:
            found += sticking_out(page) if found else []
            found += violations(page)
            if JUDGED[language] == width:
                found += serious(page)
        wrong += [f"{width}: {one}" for one in found]
    return wrong
