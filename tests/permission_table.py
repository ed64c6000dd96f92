"""Every page of a merchant: who may open it. tests/test_permissions.py fails for a URL without a row here.

`Row(name, who, ...)`: `who` names the roles that pass (letters as in ROLES), the others get 403.
`kwargs` builds the object the address names, for a given mini program and person, and returns the address's
arguments; `data` is what is posted. `passes` are the statuses that count as let in: 200 for a page, 303 after
an act. A row with `post` is an act: GET answers 405.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from console.help.topics import TOPICS
from merchants.models import Job, Merchant, MiniProgram, ProviderAuthorisation, SavedView, User
from merchants.roles import Role
from messaging.models import FailureDecision, JointSend, Kind, LibraryTemplate
from orders.models import OrderDigest
from tests import build, build_crowds, build_messaging, build_orders
from tests.messaging.sends import reminder_scene
from tests.permission_coupons import (
    alert,
    coupon,
    coupon_run,
    coupon_with_codes,
    created_coupon,
    difference,
    dismissal,
    held_coupon,
    live_coupon,
    live_placement,
    look_again,
    refused_placement,
    rejected_coupon,
    settled_use,
    silent_coupon,
    unknown_gift,
    used_coupon,
    write_off,
)

ROLES = {"w": Role.OWNER, "o": Role.OPERATOR, "r": Role.REVIEWER, "a": Role.ANALYST}
ALL, READERS, OPERATORS, BRAKES, OWNER = "wora", "wor", "wo", "wor", "w"
REVIEWERS = "wr"

Builder = Callable[[MiniProgram, User], dict[str, Any]]


def nothing(app: MiniProgram, person: User) -> dict[str, Any]:
    return {}


def job(app: MiniProgram, person: User) -> dict[str, Any]:
    row = Job.objects.create(merchant=app.merchant, kind="membership.import_list", title="Import", by=person)
    return {"job_id": row.pk}


def mini_program(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"pk": app.pk}


def month_books(app: MiniProgram, person: User) -> dict[str, Any]:
    build_messaging.month_books(app, date(2026, 3, 1))
    return {"mini_program_id": app.pk, "year": 2026, "number": 3}


def api_key(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"pk": build.ApiKey.find(build.api_key(app)).pk}  # type: ignore[union-attr]


def single(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"single_id": build_messaging.single(app).pk}


def reminder(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"policy_id": reminder_scene.policy(build_messaging.template(app), person).pk}


def order(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"order_id": build_orders.order(app).pk}


def order_import(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"import_id": build_orders.order_import(app, by=person).pk}


def coupon_and_list(app: MiniProgram, person: User) -> dict[str, Any]:
    return {**live_coupon(app, person), **people_list(app, person)}


def undo(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"to": "undo"}


def returned_order(app: MiniProgram, person: User) -> dict[str, Any]:
    made = build_orders.order(app)
    build_orders.change(made, "WAIT_PAY")
    return {"order_id": made.pk}


def treat(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"choice": "treat"}


def customer(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"customer_id": build_messaging.people(app, 1)[0].pk}


def wish(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"wish": "do_not_send"}


def people_list(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"list_id": build_messaging.people_list(app, build_messaging.people(app, 1)).pk}


def template(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"template_id": build_messaging.template(app).pk}


def crowd(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"crowd_id": build_crowds.crowd(app, person, chosen=build_messaging.template(app)).pk}


def library_template(app: MiniProgram, person: User) -> dict[str, Any]:
    row = LibraryTemplate.objects.create(
        merchant=app.merchant,
        mini_program=app,
        code=f"LIB-{uuid.uuid4().hex[:8]}",
        name="权益领取提醒",
        keywords=["权益名称", "领取时间"],
        kind=Kind.ONE_TIME,
        synced_at=timezone.now(),
    )
    return {"library_id": row.pk}


def draft(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"send_id": build_messaging.batch(app, person).pk}


def in_review(app: MiniProgram, person: User) -> dict[str, Any]:
    to = build_messaging.people_list(app, build_messaging.people(app, 1))
    return {"send_id": build_messaging.batch_in_review(app, person, to=to).pk}


def stopped(app: MiniProgram, person: User) -> dict[str, Any]:
    return {**draft(app, person), "gate": "no_consent"}


def sending(app: MiniProgram, person: User) -> dict[str, Any]:
    chosen = build_messaging.template(app)
    to = build_messaging.people_list(app, build_messaging.people(app, 1))
    return {"send_id": build_messaging.launched_batch(app, person, chosen=chosen, to=to).pk}


def at_a_provider(app: MiniProgram, person: User) -> dict[str, Any]:
    """The merchant becomes a service provider; elsewhere there is no such page."""
    Merchant.objects.filter(pk=app.merchant_id).update(is_provider=True)
    return {}


def adoption_for_many(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"form_token": uuid.uuid4(), **at_a_provider(app, person)}


def joint_send(app: MiniProgram, person: User) -> dict[str, Any]:
    at_a_provider(app, person)
    row = JointSend.objects.create(
        merchant=app.merchant,
        name="返场",
        library_code="LIB",
        kind="one_time",
        template_name="提醒",
        form_token=uuid.uuid4(),
        author=person,
    )
    return {"joint_id": row.pk}


def authorised_provider(app: MiniProgram, person: User) -> dict[str, Any]:
    other = Merchant.objects.create(slug=f"p-{uuid.uuid4().hex[:8]}", name="服务商", is_provider=True)
    row = ProviderAuthorisation.objects.create(merchant=app.merchant, provider=other, granted_by=person)
    return {"pk": row.pk}


def form_token(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"form_token": str(uuid.uuid4())}


def everybody(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"all": "0"}  # as many as nobody has decided yet


def failure_decision(app: MiniProgram, person: User) -> dict[str, Any]:
    row = FailureDecision.objects.create(
        merchant=app.merchant,
        form_token=uuid.uuid4(),
        act="again",
        state="refused",
        reason=f"CODE_{uuid.uuid4().hex[:8]}",
        sends=[],
        people=0,
        as_of=timezone.now(),
        by=person,
        job_id=job(app, person)["job_id"],
    )
    return {"decision_id": row.pk}


def saved_view(app: MiniProgram, person: User) -> dict[str, Any]:
    name = f"view {uuid.uuid4().hex[:8]}"
    view = SavedView.objects.create(
        merchant=app.merchant, owner=person, page="sends", name=name, query="state=draft"
    )
    return {"view_id": view.pk}


def order_digest(app: MiniProgram, person: User) -> dict[str, Any]:
    lacks = [
        {"scene": "online_rental", "status": "OVERDUE", "fields": ["lease"], "orders": 1, "examples": []}
    ]
    made = {"merchant": app.merchant, "mini_program": app, "day": "2026-11-01", "orders": 1, "lacks": lacks}
    return {"digest_id": OrderDigest.objects.create(**made).pk}


def view_of_orders(app: MiniProgram, person: User) -> dict[str, Any]:
    kept = saved_view(app, person)
    SavedView.objects.filter(pk=kept["view_id"]).update(page="orders", query="sync=dead")
    return kept


def order_scene(app: MiniProgram, person: User) -> dict[str, Any]:
    """No object of a merchant: everybody has the same scenes."""
    return {"code": "online_rental"}


def view_of_people(app: MiniProgram, person: User) -> dict[str, Any]:
    kept = saved_view(app, person)
    SavedView.objects.filter(pk=kept["view_id"]).update(page="people", query="state=refused")
    return sending(app, person) | kept


def chosen_mini_program(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"mini_program": app.pk}


def colleague(app: MiniProgram, person: User) -> dict[str, Any]:
    return {"seat_id": build.seat(build.user(), app.merchant).pk}


@dataclass(frozen=True)
class Row:
    name: str
    who: str
    kwargs: Builder = nothing
    data: Builder = nothing
    post: bool = False
    passes: tuple[int, ...] = ()

    @property
    def roles(self) -> set[str]:
        return {ROLES[letter] for letter in self.who}

    @property
    def let_in(self) -> tuple[int, ...]:
        return self.passes or ((303,) if self.post else (200,))


TABLE = [
    Row("home", ALL),
    Row("home_running", ALL),
    Row("set_mini_program", ALL, data=chosen_mini_program, post=True),
    Row("order_scenes", ALL),
    Row("order_scene", ALL, kwargs=order_scene),
    Row("order_scene_choose", OPERATORS, kwargs=order_scene, post=True, passes=(303,)),
    Row("order_scene_leave", OPERATORS, kwargs=order_scene, post=True, passes=(303,)),
    Row("recall", ALL),
    Row("send_recall", ALL, kwargs=sending),
    Row("audit", READERS),
    Row("job", ALL, kwargs=job),
    Row("job_cancel", OPERATORS, kwargs=job, post=True),
    Row("reconciliation", ALL),
    Row("reconciliation_months", ALL),
    Row("reconciliation_month", ALL, kwargs=month_books),
    Row("mini_programs", OPERATORS),
    Row("mini_program_reserve", OWNER, kwargs=mini_program),
    Row("mini_program_stop", BRAKES, kwargs=mini_program),
    Row("mini_program_release", BRAKES, kwargs=mini_program, post=True),
    Row("api_keys", OWNER),
    Row("api_key_new", OWNER),
    Row("api_key_revoke", OWNER, kwargs=api_key),
    Row("people", ALL),
    Row("people_find", ALL, post=True, passes=(422,)),
    Row("person", ALL, kwargs=customer),
    Row("person_reveal", READERS, kwargs=customer, post=True, passes=(200,)),
    Row("person_mark", OPERATORS, kwargs=customer, post=True, data=wish, passes=(303,)),
    Row("person_export", OWNER, kwargs=customer, post=True, passes=(200,)),
    Row("person_forget", OWNER, kwargs=customer),
    Row("rules", ALL),
    Row("rules_save", OWNER, post=True, passes=(422,)),
    Row("rules_second_factor", OWNER, passes=(302,)),  # leads to the rules
    Row("staff", OWNER),
    Row("staff_factor", OWNER, kwargs=colleague),
    Row("provider_merchants", OPERATORS, kwargs=at_a_provider),
    Row("provider_adopt", OPERATORS, kwargs=at_a_provider),
    Row("provider_adopted", OPERATORS, kwargs=adoption_for_many, passes=(404,)),  # no template is named
    Row("provider_sends", OPERATORS, kwargs=at_a_provider),
    Row("provider_send_new", OPERATORS, kwargs=at_a_provider),
    Row("provider_send", OPERATORS, kwargs=joint_send),
    Row("authorised_providers", OWNER),
    Row("authorised_provider_end", OWNER, kwargs=authorised_provider, post=True),
    # audiences
    Row("lists", ALL),
    Row("list_new", OPERATORS),
    Row("order_new", OPERATORS),
    Row("order_status_new", OPERATORS, kwargs=order),
    # orders from a file
    Row("order_import_new", OPERATORS),
    Row("order_import", OPERATORS, kwargs=order_import),
    Row("order_import_start", OPERATORS, kwargs=order_import, post=True),
    Row("order_import_cancel", OPERATORS, kwargs=order_import, post=True),
    Row("order_import_problems", OPERATORS, kwargs=order_import, passes=(404,)),
    Row("order_import_template", OPERATORS, kwargs=order_scene),
    Row("list_from_consent", OPERATORS),
    Row("list", ALL, kwargs=people_list),
    Row("list_columns", OPERATORS, kwargs=people_list, passes=(302,)),  # a list that is ready shows its page
    Row("list_reopen", OPERATORS, kwargs=people_list, post=True),
    Row("list_import", OPERATORS, kwargs=people_list, post=True),
    Row("list_rename", OPERATORS, kwargs=people_list),
    Row("list_cancel", OPERATORS, kwargs=people_list, post=True),
    Row("list_problems", OPERATORS, kwargs=people_list, passes=(200, 404)),
    # views of lists
    Row("view_new", ALL),
    Row("view", ALL, kwargs=saved_view, passes=(200, 404)),  # only for the person who keeps it
    Row("view_delete", ALL, kwargs=saved_view, post=True, passes=(303, 404)),
    Row("send_people_view_new", ALL, kwargs=sending),
    Row("send_people_view", ALL, kwargs=view_of_people, passes=(200, 404)),
    Row("send_people_view_delete", ALL, kwargs=view_of_people, post=True, passes=(303, 404)),
    Row("search", ALL),
    # batch sends
    Row("sends", ALL),
    Row("sends_calendar", ALL),
    Row("sends_cancel", BRAKES),
    Row("sends_copy", OPERATORS),
    Row("sends_export", ALL),
    Row("send_new", OPERATORS),
    Row("send", ALL, kwargs=draft),
    Row("send_row", ALL, kwargs=draft, passes=(200, 302)),  # a plain client is led to the page
    Row("send_edit", OPERATORS, kwargs=draft),
    Row("send_versions", ALL, kwargs=sending),
    Row("send_restore", OPERATORS, kwargs=draft, post=True, passes=(404,)),  # no version is named
    Row("send_trial", OPERATORS, kwargs=draft),
    Row("send_launch", OPERATORS, kwargs=draft),
    Row("send_stopped", OPERATORS, kwargs=stopped, passes=(302,)),
    Row("send_review", REVIEWERS, kwargs=in_review),
    Row("send_withdraw", OPERATORS, kwargs=draft, post=True, passes=(422,)),
    Row("send_undo", OPERATORS, kwargs=sending, post=True, passes=(422,)),
    Row("send_pause", BRAKES, kwargs=sending, post=True),
    Row("send_resume", BRAKES, kwargs=sending, post=True, passes=(422,)),
    Row("send_without_coupon", BRAKES, kwargs=sending, post=True, passes=(422,)),
    Row("send_speed", BRAKES, kwargs=sending),
    Row("send_cancel", BRAKES, kwargs=sending),
    Row("send_not_after", OPERATORS, kwargs=sending),
    Row("send_copy", OPERATORS, kwargs=draft, data=form_token, post=True),
    Row("send_missed", OPERATORS, kwargs=sending, passes=(302,)),
    Row("send_deliveries", ALL, kwargs=sending),
    Row("send_reveal", READERS, kwargs=sending, post=True, passes=(200,)),
    Row("send_export", ALL, kwargs=sending),
    Row("send_unknown", ALL, kwargs=sending),
    Row("send_treat", OPERATORS, kwargs=sending, data=everybody, post=True),
    Row("send_again", OPERATORS, kwargs=sending, data=everybody),
    # failures of all sends
    Row("failures", ALL),
    Row("failures_export", ALL),
    Row("failure", ALL, passes=(404,)),  # no cause is named
    Row("failure_decide", OPERATORS, passes=(404,)),  # no cause is named
    Row("failure_decision", ALL, kwargs=failure_decision),
    # orders that need fixing
    Row("order_fixing", ALL),
    Row("order_fixing_cause", ALL),
    Row("order_fixing_retry", OPERATORS),
    # one message to a crowd
    Row("crowds", ALL),
    Row("crowd_new", OPERATORS),
    Row("crowd", ALL, kwargs=crowd),
    Row("crowd_edit", OPERATORS, kwargs=crowd),
    Row("crowd_launch", OPERATORS, kwargs=crowd),
    Row("crowd_undo", OPERATORS, kwargs=crowd, post=True, passes=(422,)),  # a draft was not launched
    Row("crowd_cancel", BRAKES, kwargs=crowd),
    Row("crowd_copy", OPERATORS, kwargs=crowd, data=form_token, post=True),
    Row("crowd_decide", OPERATORS, kwargs=crowd, post=True, passes=(400,)),  # no decision is named
    # single messages
    Row("singles", ALL),
    Row("singles_resume", BRAKES, post=True),
    Row("single", ALL, kwargs=single),
    Row("single_decide", OPERATORS, kwargs=single, data=treat, post=True),
    # coupons
    Row("reminders", ALL),
    Row("reminder", ALL, kwargs=reminder),
    Row("reminder_new", OPERATORS),
    Row("reminder_edit", OPERATORS, kwargs=reminder),
    Row("reminder_stop", BRAKES, kwargs=reminder),
    Row("coupon_give", OPERATORS, kwargs=live_coupon),
    Row("coupon_audience", OPERATORS, kwargs=live_coupon),
    Row("person_give", OPERATORS, kwargs=customer),
    Row("coupon_grant_decide", OPERATORS, kwargs=unknown_gift, data=write_off, post=True),
    Row("coupon_issue", OPERATORS, kwargs=live_coupon),
    Row("coupon_issue_confirm", OPERATORS, kwargs=coupon_and_list),
    Row("coupon_runs", ALL),
    Row("coupon_run", ALL, kwargs=coupon_run),
    Row("coupon_run_people", ALL, kwargs=coupon_run),
    Row("coupon_run_move", OPERATORS, kwargs=coupon_run, data=undo, post=True),
    Row("coupon_run_cancel", OPERATORS, kwargs=coupon_run),
    Row("coupon_books", ALL),
    Row("coupon_check", OPERATORS, kwargs=live_coupon, post=True),
    Row("coupon_differences", ALL),
    Row("coupon_differences_export", ALL),
    Row("coupon_difference", ALL, kwargs=difference),
    Row("coupon_difference_settle", OPERATORS, kwargs=difference, data=look_again, post=True),
    Row("coupon_limits", ALL),
    Row("coupon_limits_save", OWNER, post=True, passes=(422,)),
    Row("coupon_alerts", ALL),
    Row("coupon_alert", ALL, kwargs=alert),
    Row("coupon_alert_settle", OPERATORS, kwargs=alert, data=dismissal, post=True),
    *(Row(f"coupon_{by}figures", ALL) for by in ("", "plan_", "store_")),
    *(Row(f"coupon_{by}figures_export", ALL) for by in ("", "plan_", "store_")),
    Row("coupon_scan", OPERATORS),
    Row("coupon_redeem", OPERATORS, kwargs=held_coupon, post=True, passes=(422,)),  # no bill is named
    Row("coupon_use_revert", OPERATORS, kwargs=used_coupon),
    Row("coupon_use_ask", OPERATORS, kwargs=settled_use, post=True),
    Row("coupon_grants", ALL, kwargs=live_coupon),
    Row("coupon_grant", ALL, kwargs=held_coupon),
    Row("placements", ALL),
    Row("placement", ALL, kwargs=live_placement),
    Row("placement_new", OPERATORS, kwargs=live_coupon),
    Row("placement_stop", OPERATORS, kwargs=live_placement),
    Row("placement_again", OPERATORS, kwargs=refused_placement, post=True),
    Row("coupon_development", OPERATORS, post=True),
    Row("coupons", ALL),
    Row("coupon", ALL, kwargs=coupon),
    Row("coupon_new", OPERATORS),
    Row("coupon_edit", OPERATORS, kwargs=coupon),
    Row("coupon_delete", OPERATORS, kwargs=coupon),
    Row("coupon_preview", OPERATORS, post=True, passes=(200,)),
    Row("coupon_submit", OPERATORS, kwargs=coupon),
    Row("coupon_publish", OPERATORS, kwargs=created_coupon),
    Row("coupon_append", OPERATORS, kwargs=live_coupon),
    Row("coupon_extend", OPERATORS, kwargs=live_coupon),
    Row("coupon_stop", OPERATORS, kwargs=live_coupon),
    Row("coupon_codes", OPERATORS, kwargs=coupon_with_codes),
    Row("coupon_codes_keep", OPERATORS, kwargs=coupon_with_codes, post=True, passes=(422,)),  # no file named
    Row("coupon_codes_go_on", OPERATORS, kwargs=coupon_with_codes, post=True),
    Row("coupon_codes_failed", OPERATORS, kwargs=coupon_with_codes),
    Row("coupon_take_back", OPERATORS, kwargs=rejected_coupon, post=True),
    Row("coupon_ask_again", OPERATORS, kwargs=silent_coupon, post=True),
    # orders
    Row("orders", ALL),
    Row("orders_export", ALL),
    Row("order_diagnosis", ALL),
    Row("order_digest", ALL, kwargs=order_digest),
    Row("order_digest_read", OPERATORS, kwargs=order_digest, post=True, passes=(303,)),
    Row("order_figures", ALL),
    Row("order_statuses", ALL),
    Row("order", ALL, kwargs=order),
    Row("order_repair", OPERATORS, kwargs=returned_order, post=True, passes=(404,)),  # no status is named
    Row("order_alike", ALL, kwargs=returned_order),
    Row("order_alike_sync", OPERATORS, kwargs=returned_order, post=True, passes=(422,)),  # none to sync
    Row("order_alike_export", ALL, kwargs=returned_order),
    Row("order_view_new", ALL),
    Row("order_view", ALL, kwargs=view_of_orders, passes=(200, 404)),
    Row("order_view_delete", ALL, kwargs=view_of_orders, post=True, passes=(303, 404)),
    # templates
    Row("templates", ALL),
    Row("template", ALL, kwargs=template),
    Row("template_library", ALL),
    Row("templates_sync", OPERATORS, post=True, passes=(303, 422)),  # 422: no gateway in this test
    Row("template_adopt", OPERATORS, kwargs=library_template),
    Row("template_take_over", OPERATORS, kwargs=template, post=True, passes=(422,)),  # nothing differs
    # help
    Row("help", ALL),
    *(Row(topic.url_name, ALL) for topic in TOPICS),
]

# Addresses outside any merchant, with the answer to somebody who is not signed in, and why they may be open.
OUTSIDE: dict[str, tuple[int, str]] = {
    "entrance": (302, "leads to the sign-in page"),
    "sign_in": (200, "is the sign-in page"),
    "sign_out": (405, "an act; anonymous it leads to the sign-in page"),
    "set_language": (405, "an act on one's own cookie"),
    "change_password": (302, "leads to the sign-in page"),
    "second_factor": (302, "leads to the sign-in page"),
    "healthz": (200, "tells supervisors two words"),
    "inbox": (405, "verified by the platform's signature"),
}
OUTSIDE_PREFIXES = ("api:",)  # guarded by keys and scopes: tests/console/api
