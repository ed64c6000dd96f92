"""What a person does with coupons: claims one where it is offered, or not; pays with it; gives it back."""

from dataclasses import dataclass

from simulator.activities import Activity
from simulator.coupon_terms import PAY, Terms
from simulator.deliveries import PAYMENT_RESULT, SERVICE_MESSAGE
from simulator.library import TRADE
from simulator.redeeming import fits, trouble
from simulator.store import App, Store
from simulator.vouchers import SENDED, Use, Voucher

# SIM: the booths that no plan is made for; there the platform offers every coupon it likes to.
OPEN_BOOTHS = {PAY: ("VENUE", "HOME", "SEARCH", "LIFE_CHANNEL"), "merchant": ("VENUE",)}
BOOTHS = (PAYMENT_RESULT, SERVICE_MESSAGE, "VENUE", "HOME", "SEARCH", "LIFE_CHANNEL", "MINI_PROGRAM")
MINI_PROGRAM = BOOTHS[-1]


class NotPossible(Exception):
    """The text says why a person cannot do this."""


@dataclass(frozen=True, slots=True)
class Paid:
    """Fen; `voucher` is None where no coupon fitted the bill."""

    trade_no: str
    fee: int
    saved: int
    voucher: Voucher | None


class Wallet:
    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(self, app: App, activity: Activity, open_id: str, booth: str, fee: int = 0) -> Voucher:
        """Take one in a booth; `fee` is what was just paid, in fen, for a plan that asks for a bill.

        Raises NotPossible where it is not offered there, Refusal where this person gets none.
        """
        if booth not in BOOTHS:
            raise NotPossible(f"booth: one of {', '.join(BOOTHS)}")
        if not self._offered(app, activity, booth, fee):
            raise NotPossible(f"booth: {activity.activity_id} is not offered at {booth} now")
        voucher = self._store.coupons.claim(app, activity, open_id, through=booth)
        self._store.note(app, open_id, "claim", activity.terms.name)
        return voucher

    def _offered(self, app: App, activity: Activity, booth: str, fee: int) -> bool:
        if booth == MINI_PROGRAM or booth in OPEN_BOOTHS[activity.kind]:
            return True
        now = self._store.clock.now()
        return any(
            plan.booth == booth
            and plan.activity_id == activity.activity_id
            and plan.runs(now)
            and fee >= plan.floor
            for plan in self._store.deliveries.of_app(app.app_id)
        )

    def ignore(self, app: App, activity: Activity, open_id: str) -> None:
        """Saw the coupon and left it."""
        self._store.note(app, open_id, "ignore", activity.terms.name)

    def pay(self, app: App, open_id: str, fee: int, *, shop: str = "", voucher_id: str = "") -> Paid:
        """Pay a bill of the merchant at the cashier: a pay coupon that fits is deducted by itself, the one
        that saves most (of equal ones that which ends first), or the one that is named."""
        best = self._best(app, open_id, fee, shop, voucher_id)
        if best is None and voucher_id:
            raise NotPossible("voucher_id: this coupon cannot be used for this bill")
        form = self._store.forms.make(TRADE, app.app_id, open_id, paid=True)
        if best is None:
            return Paid(form.form_id, fee, 0, None)
        saved = self._terms(best).saving(fee) or 0
        now = self._store.clock.now()
        self._store.coupons.redeem(best, Use(now, 1, form.form_id, fee, saved, shop))
        self._store.note(app, open_id, "pay", self._terms(best).name)
        return Paid(form.form_id, fee, saved, best)

    def _best(self, app: App, open_id: str, fee: int, shop: str, voucher_id: str) -> Voucher | None:
        now, found = self._store.clock.now(), []
        for voucher in self._store.coupons.held_by(app.app_id, open_id):
            activity = self._store.coupons.activities[voucher.activity_id]
            if (
                activity.kind != PAY
                or voucher.deleted
                or voucher.voucher_id != (voucher_id or voucher.voucher_id)
            ):
                continue
            stock = self._store.coupons.stock(activity)
            if not trouble(activity, stock, voucher, now) and not fits(activity, fee, shop):
                found.append(voucher)
        return max(found, key=lambda one: (self._terms(one).saving(fee) or 0, -one.ends_at), default=None)

    def pay_back(self, app: App, voucher: Voucher) -> None:
        """The merchant returns the money of the last bill, and the platform the pay coupon.

        SIM: told as `refund`; of a coupon whose time is over nothing comes back.
        """
        activity = self._store.coupons.activities[voucher.activity_id]
        if activity.kind != PAY or not voucher.used_times:
            raise NotPossible("voucher_id: no bill was paid with this coupon")
        trade_no = voucher.uses[-1].trade_no
        self._store.coupons.give_back(voucher, 1)
        self._store.note(app, voucher.open_id, "pay_back", activity.terms.name)
        self._store.coupons.tell(activity, "refund", self._store.clock.now(), voucher, trade_no=trade_no)

    def return_sold(self, app: App, voucher: Voucher) -> None:
        """Give back a coupon that was bought and not used; it is gone then."""
        activity = self._store.coupons.activities[voucher.activity_id]
        if activity.terms.send_mode != "SALE_MODE" or voucher.used_times or self._status(voucher) != SENDED:
            raise NotPossible("voucher_id: this coupon was not bought, or is used or over")
        self._store.coupons.end(voucher, "refund")
        self._store.note(app, voucher.open_id, "return_sold", activity.terms.name)
        self._store.coupons.tell(
            activity, "refund", self._store.clock.now(), voucher, trade_no=voucher.trade_no
        )

    def delete(self, app: App, voucher: Voucher) -> None:
        self._store.coupons.delete(voucher)
        self._store.note(app, voucher.open_id, "delete", self._terms(voucher).name)

    def _terms(self, voucher: Voucher) -> Terms:
        return self._store.coupons.activities[voucher.activity_id].terms

    def _status(self, voucher: Voucher) -> str:
        return self._store.coupons.status_of(voucher)
