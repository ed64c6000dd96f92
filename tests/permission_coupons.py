"""What the addresses of coupons name, for tests/permission_table.py."""

from typing import Any

from coupons.models import CouponUse
from merchants.models import MiniProgram, User
from tests import build_alerts, build_coupons, build_giving, build_uses


def coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    """A draft."""
    return {"coupon_id": build_coupons.coupon(app, state="draft", activity_id="").pk}


def live_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"coupon_id": build_coupons.coupon(app).pk}


def live_placement(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"placement_id": build_coupons.placement(build_coupons.coupon(app)).pk}


def refused_placement(app: MiniProgram, person: User) -> dict[str, Any]:
    made = build_coupons.placement(build_coupons.coupon(app), state="draft", delivery_id="")
    return {"placement_id": made.pk}


def created_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"coupon_id": build_coupons.coupon(app, state="created").pk}


def coupon_with_codes(app: MiniProgram, person: User) -> dict[str, Any]:
    """Its codes halted, so that a person may let them go on."""
    return {"coupon_id": build_coupons.with_codes(app, halted="INVALID_PARAMETER").pk}


def rejected_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"coupon_id": build_coupons.coupon(app, state="rejected", activity_id="").pk}


def silent_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"coupon_id": build_coupons.silent(app).pk}


def held_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"grant_id": build_uses.held(app).pk}


def used_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"entry_id": build_uses.redeemed(build_uses.held(app)).pk}


def settled_use(app: MiniProgram, person: User) -> dict[str, Any]:
    """Nothing is to be asked about it any more."""
    use = build_uses.unknown(build_uses.held(app))
    CouponUse.objects.filter(pk=use.pk).update(state="refused", refusal="BIZ_ERROR")
    return {"use_id": use.pk}


def coupon_run(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"run_id": build_giving.run(build_coupons.coupon(app), by=person).pk}


def unknown_gift(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"grant_id": build_giving.gift(build_coupons.coupon(app)).pk}


def difference(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"difference_id": build_coupons.difference(build_coupons.coupon(app)).pk}


def alert(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"alert_id": build_alerts.alert(app).pk}


def dismissal(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"choice": "dismiss", "dismiss-reason": "a family"}


def look_again(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"choice": "again"}


def write_off(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"choice": "write_off"}
