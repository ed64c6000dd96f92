"""Every coupon of the platform: activities, their stock, who holds what, and what time does to them.

All is decided on the event loop without a pause in between, so that of many at once exactly as many get one
as there are. Looked up by ids only; stock and limits are counted while coupons come and go.
"""

import heapq
from typing import TYPE_CHECKING, Any

from simulator.activities import (
    ACTIVE,
    APPROVED,
    CREATING,
    FINISHED,
    FINISHING,
    INIT,
    PUBLISHING,
    REJECTED,
    TOLD,
    Activity,
    Stock,
)
from simulator.clock import beijing_day
from simulator.codes import Refusal
from simulator.coupon_terms import MERCHANT, PAY, UPLOAD, Terms
from simulator.notices import ACTIVITY
from simulator.store import App
from simulator.vouchers import EXPIRED, Use, Voucher

if TYPE_CHECKING:
    from simulator.store import Store

PREFIX = "activity"
REJECT, FORGET = "reject", "forget"  # forget: a change is taken up and never made
REJECTION = "活动内容未通过审核"
AT_ONCE = 200


class Coupons:
    def __init__(self, store: "Store") -> None:
        self._store = store
        self.activities = store.records.take(PREFIX, Activity)
        self.vouchers: dict[str, Voucher] = {}
        self._stock: dict[str, Stock] = {activity_id: Stock() for activity_id in self.activities}
        self._of_app: dict[str, list[Activity]] = {}
        self._of_person: dict[tuple[str, str], list[Voucher]] = {}
        self._of_code: dict[tuple[str, str], Voucher] = {}
        self._pending: list[tuple[float, str]] = []
        self._ending: list[tuple[float, str]] = []
        self._load()

    def _load(self) -> None:
        read = self._store.disk.read_at_start
        for activity in self.activities.values():
            self._of_app.setdefault(activity.app_id, []).append(activity)
            if activity.operation:
                heapq.heappush(self._pending, (activity.due_at, activity.activity_id))
        for activity_id, code in read("SELECT activity_id, code FROM voucher_codes ORDER BY number"):
            self._stock[activity_id].codes[code] = ""
        for row in read("SELECT * FROM vouchers ORDER BY claimed_at, voucher_id"):
            self._take_in(Voucher.of(row))
        for stock in self._stock.values():
            stock.free.extend(code for code, voucher_id in stock.codes.items() if not voucher_id)

    # --- finding -----------------------------------------------------------------------------------

    def of_app(self, app_id: str) -> list[Activity]:
        """In the order in which they were made."""
        return self._of_app.get(app_id, [])

    def held_by(self, app_id: str, open_id: str) -> list[Voucher]:
        return self._of_person.get((app_id, open_id), [])

    def by_code(self, activity_id: str, code: str) -> Voucher | None:
        return self._of_code.get((activity_id, code))

    def stock(self, activity: Activity) -> Stock:
        return self._stock[activity.activity_id]

    def status_of(self, voucher: Voucher) -> str:
        terms = self.activities[voucher.activity_id].terms
        return voucher.status(self._store.clock.now(), terms.max_uses)

    # --- the life of an activity -------------------------------------------------------------------

    def create(self, app: App, kind: str, terms: Terms) -> Activity:
        """A pay coupon is there at once, INIT; a merchant's is once it was reviewed."""
        number, now = len(self.activities) + 1, self._store.clock.now()
        activity = Activity(f"2026112200826004{number:016d}", app.app_id, kind, terms, now)
        if kind == PAY:
            activity.state = INIT
        self.activities[activity.activity_id] = activity
        self._stock[activity.activity_id] = Stock()
        self._of_app.setdefault(app.app_id, []).append(activity)
        if kind == MERCHANT:
            self.begin(app, activity, CREATING)
        self.save(activity)
        return activity

    def begin(self, app: App, activity: Activity, operation: str, **wish: object) -> None:
        """Accept what is done later, after review_seconds of the app."""
        activity.operation, activity.wish = operation, wish
        activity.due_at = self._store.clock.now() + app.settings.review_seconds
        heapq.heappush(self._pending, (activity.due_at, activity.activity_id))
        self.save(activity)

    def finish(self, activity: Activity, operation: str, wish: dict[str, object], at: float) -> None:
        """What was asked for takes effect, and whoever listens is told."""
        if operation in (CREATING, PUBLISHING):
            if self._store.apps[activity.app_id].settings.coupon_review == REJECT:
                activity.audit, activity.audit_reason = REJECTED, REJECTION
                self.save(activity)
                return
            activity.audit, activity.state = APPROVED, ACTIVE
        elif operation == FINISHING:
            activity.state, activity.stopped = FINISHED, True
        elif self._store.apps[activity.app_id].settings.coupon_review == FORGET:
            self.save(activity)
            return
        for name, value in wish.items():
            setattr(activity.terms, name, value)
        self.save(activity)
        self.tell(activity, TOLD[operation], at)

    def deposit(self, activity: Activity, codes: list[str]) -> None:
        """Codes that are new and well-formed."""
        stock = self.stock(activity)
        for code in codes:
            stock.codes[code] = ""
            stock.free.append(code)
            row = (activity.activity_id, code, len(stock.codes))
            self._store.disk.put("voucher_codes", row[:2], row)

    def save(self, activity: Activity) -> None:
        self._store.records.put(PREFIX, activity.activity_id, activity)

    # --- the life of a coupon ------------------------------------------------------------------------

    def claim(
        self, app: App, activity: Activity, open_id: str, *, through: str, code: str = "", trade_no: str = ""
    ) -> Voucher:
        """One more coupon for this person. Raises Refusal, and has then changed nothing."""
        now, stock = self._store.clock.now(), self.stock(activity)
        trouble = activity.refusal(now) or activity.shortage(stock, open_id, now)
        if trouble:
            raise Refusal(trouble)
        number = len(self.vouchers) + 1
        begins_at, ends_at = activity.terms.validity(now)
        if activity.has_codes and not code:
            code = self._next_code(activity, stock, number)
        voucher = Voucher(
            f"2026112200073002{number:016d}", activity.activity_id, app.app_id, open_id, code,
            now, begins_at, ends_at, through=through, trade_no=trade_no,
        )  # fmt: skip
        self._take_in(voucher)
        self._save(voucher)
        self.tell(activity, "received", now, voucher)
        return voucher

    def redeem(self, voucher: Voucher, use: Use) -> None:
        """Checked by the caller; the coupon has as many uses left."""
        activity = self.activities[voucher.activity_id]
        voucher.uses.append(use)
        voucher.used_times += use.times
        self._count_use(activity, voucher, use)
        self._save(voucher)
        self.tell(activity, "used", use.at, voucher, trade_no=use.trade_no)

    def give_back(self, voucher: Voucher, times: int) -> None:
        """Undo so many of its uses, the newest first."""
        left, stock = times, self._stock[voucher.activity_id]
        for use in reversed(voucher.uses):
            returned = min(left, use.times - use.given_back)
            use.given_back += returned
            left -= returned
            if use.given_back == use.times and returned:
                stock.uses[voucher.open_id].remove(use.at)
        before = voucher.used_times
        voucher.used_times -= times
        stock.used -= int(before > 0 and voucher.used_times == 0)
        self._save(voucher)

    def end(self, voucher: Voucher, why: str) -> None:
        """Nobody can use it any more, though its time is not over."""
        voucher.ended = why
        self._save(voucher)

    def delete(self, voucher: Voucher) -> None:
        """Its holder removes it from the card pack; that cannot be taken back."""
        voucher.deleted = True
        self._save(voucher)

    # --- when the time comes ---------------------------------------------------------------------------

    def has_due(self, now: float) -> bool:
        pending, ending = self._pending, self._ending
        return bool(pending and pending[0][0] <= now) or bool(ending and ending[0][0] < now)

    def catch_up(self) -> None:
        """Do what is due by now, of expiries so many at once that no other call waits long."""
        now = self._store.clock.now()
        while self._pending and self._pending[0][0] <= now:
            due_at, activity_id = heapq.heappop(self._pending)
            activity = self.activities[activity_id]
            operation, wish = activity.operation, activity.wish
            activity.operation, activity.wish = "", {}
            self.finish(activity, operation, wish, due_at)
        for _ in range(AT_ONCE):
            if not self._ending or self._ending[0][0] >= now:
                return
            self._expire(self.vouchers[heapq.heappop(self._ending)[1]])

    def _expire(self, voucher: Voucher) -> None:
        if voucher.told or voucher.ended or self.status_of(voucher) != EXPIRED:
            return
        voucher.told = True
        self._save(voucher)
        self.tell(self.activities[voucher.activity_id], "expired", voucher.ends_at, voucher)

    # --- inside ----------------------------------------------------------------------------------------

    def _next_code(self, activity: Activity, stock: Stock, number: int) -> str:
        """An uploaded one in the order of the uploads, or a new one of twelve digits."""
        if activity.terms.code_mode == UPLOAD:
            return stock.free.popleft()
        drawn = int(self._store.derived("code", activity.activity_id, number)[:8], 16) % 100_000
        return f"{number:07d}{drawn:05d}"

    def _take_in(self, voucher: Voucher) -> None:
        activity, stock = self.activities[voucher.activity_id], self._stock[voucher.activity_id]
        self.vouchers[voucher.voucher_id] = voucher
        self._of_person.setdefault((voucher.app_id, voucher.open_id), []).append(voucher)
        if voucher.code:
            self._of_code[voucher.activity_id, voucher.code] = voucher
            if voucher.code in stock.codes:
                stock.codes[voucher.code] = voucher.voucher_id
        stock.sent += 1
        stock.cost += activity.terms.worth or 0
        day = beijing_day(voucher.claimed_at)
        stock.by_day[day] = stock.by_day.get(day, 0) + 1
        stock.claims.setdefault(voucher.open_id, []).append(voucher.claimed_at)
        if voucher.used_times:
            stock.used += 1
        for use in voucher.uses:
            if use.given_back < use.times:
                stock.uses.setdefault(voucher.open_id, []).append(use.at)
        if not voucher.told:
            heapq.heappush(self._ending, (voucher.ends_at, voucher.voucher_id))

    def _count_use(self, activity: Activity, voucher: Voucher, use: Use) -> None:
        stock = self._stock[activity.activity_id]
        stock.used += int(voucher.used_times == use.times)
        stock.uses.setdefault(voucher.open_id, []).append(use.at)

    def _save(self, voucher: Voucher) -> None:
        self._store.disk.put("vouchers", voucher.voucher_id, voucher.row)

    def tell(
        self, activity: Activity, what: str, at: float, voucher: Voucher | None = None, **more: str
    ) -> None:
        """The merchant's app and each provider that listens for it."""
        app = self._store.apps[activity.app_id]
        content: dict[str, Any] = {"activity_id": activity.activity_id, "event_time": str(round(at * 1000))}
        if voucher is not None:
            content |= {"voucher_id": voucher.voucher_id, "open_id": voucher.open_id}
            user_id = app.user_id_of(voucher.open_id)
            if user_id:
                content["user_id"] = user_id
            if voucher.code:
                content["voucher_code"] = voucher.code
        content |= {name: value for name, value in more.items() if value}
        self._store.notices.tell(app, ACTIVITY + what, content)
