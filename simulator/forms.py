"""What pays for a message that needs no subscription: a submitted form (formId) or a paid trade (tradeNo)."""

from dataclasses import dataclass

from simulator.clock import DAY_SECONDS, Clock
from simulator.codes import Refusal
from simulator.library import FORM, TRADE
from simulator.records import Records

LIFE_SECONDS = 7 * DAY_SECONDS
# SIM: the old limits; the platform no longer publishes them.
SENDS = {FORM: 1, TRADE: 3}


@dataclass(slots=True)
class Form:
    form_id: str
    kind: str
    app_id: str
    open_id: str
    made_at: float
    paid: bool = True
    sends: int = 0


class Forms:
    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._forms = records.take("form", Form)
        self._buyers = {(form.app_id, form.open_id) for form in self._forms.values() if _is_order(form)}

    def make(self, kind: str, app_id: str, open_id: str, *, paid: bool) -> Form:
        """A form_id is no secret and may be counted; a trade number looks as the platform's own."""
        number, now = len(self._forms) + 1, self._clock.now()
        form_id = f"2026112222001{number:015d}" if kind == TRADE else f"MTY{number:021d}_FORM"
        form = self._forms[form_id] = Form(form_id, kind, app_id, open_id, now, paid)
        if _is_order(form):
            self._buyers.add((app_id, open_id))
        self._records.put("form", form_id, form)
        return form

    def has_ordered(self, app_id: str, open_id: str) -> bool:
        return (app_id, open_id) in self._buyers

    def buyer_of(self, trade_no: str) -> tuple[str, str] | None:
        """(app_id, open_id) of a trade that was made here."""
        form = self._forms.get(trade_no)
        return (form.app_id, form.open_id) if form is not None and form.kind == TRADE else None

    def admitted(self, kind: str, app_id: str, open_id: str, form_id: object) -> Form:
        """The form that pays for one more message to this person, or a Refusal."""
        form = self._forms.get(form_id) if isinstance(form_id, str) else None
        if form is None:
            raise Refusal("FORM_ID_INVALID")
        if form.app_id != app_id:
            raise Refusal("FORM_ID_NOT_MATCH_APPID")
        if form.kind != kind:
            raise Refusal("USER_TEMPLATE_ILLEGAL", "模板与 form_id 的类型不符")
        if form.open_id != open_id or not form.paid:
            raise Refusal("TRADE_NO_NOT_MATCH_USERID" if kind == TRADE else "FORM_ID_INVALID")
        if self._clock.now() > form.made_at + LIFE_SECONDS:
            raise Refusal("FORM_ID_OVER_TIME")
        if form.sends >= SENDS[kind]:
            raise Refusal("FORM_ID_SEND_LIMIT")
        return form

    def spend(self, form: Form) -> None:
        form.sends += 1
        self._records.put("form", form.form_id, form)


def _is_order(form: Form) -> bool:
    return form.kind == TRADE and form.paid
