"""One coupon in somebody's hands, and the rows it is kept as."""

import json
from dataclasses import dataclass, field
from typing import Any

SENDED, USED, EXPIRED = STATUSES = ("SENDED", "USED", "EXPIRED")


@dataclass(slots=True)
class Use:
    """One redemption; `given_back` counts the times that a refund returned of it. Fees are fen."""

    at: float
    times: int
    trade_no: str = ""
    fee: int = 0
    saved: int = 0
    shop: str = ""
    given_back: int = 0


@dataclass(slots=True)
class Voucher:
    """`ended`: by the merchant (invalid) or by whoever gave it back for money (refund). Times are Unix
    seconds; `told` once its end was pushed."""

    voucher_id: str
    activity_id: str
    app_id: str
    open_id: str
    code: str
    claimed_at: float
    begins_at: float
    ends_at: float
    through: str = ""
    used_times: int = 0
    ended: str = ""
    deleted: bool = False
    told: bool = False
    trade_no: str = ""
    uses: list[Use] = field(default_factory=list)

    def status(self, now: float, max_uses: int) -> str:
        """SIM: one that was ended early is told as expired, as the platform has no word of its own."""
        if self.used_times >= max_uses:
            return USED
        return EXPIRED if self.ended or now > self.ends_at else SENDED

    @property
    def row(self) -> tuple[Any, ...]:
        uses = json.dumps([_use_row(use) for use in self.uses]) if self.uses else ""
        return (
            self.voucher_id, self.activity_id, self.app_id, self.open_id, self.code, self.claimed_at,
            self.begins_at, self.ends_at, self.through, self.used_times, self.ended, int(self.deleted),
            int(self.told), self.trade_no, uses,
        )  # fmt: skip

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Voucher":
        kept = list(row)
        kept[11:13] = bool(kept[11]), bool(kept[12])
        kept[14] = [Use(*one) for one in json.loads(kept[14])] if kept[14] else []
        return cls(*kept)


def _use_row(use: Use) -> list[Any]:
    return [use.at, use.times, use.trade_no, use.fee, use.saved, use.shop, use.given_back]
