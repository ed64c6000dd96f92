"""Coupons as the pages of the permission table name them: each builder gives the arguments of an address."""

from typing import Any

from merchants.models import MiniProgram, User
from tests import build_coupons, build_giving


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


def rejected_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"coupon_id": build_coupons.coupon(app, state="rejected", activity_id="").pk}


def silent_coupon(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"coupon_id": build_coupons.silent(app).pk}


def coupon_run(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"run_id": build_giving.run(build_coupons.coupon(app), by=person).pk}


def unknown_gift(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"grant_id": build_giving.gift(build_coupons.coupon(app)).pk}


def difference(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"difference_id": build_coupons.difference(build_coupons.coupon(app)).pk}
