"""The word and the mark of every state an operator may see. Shapes differ, so colour is never needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

# tone → shape: settled dot, ring = waiting for time, dot with halo = running, square = waits for a person,
# diamond = broken, thick ring = unknown
TONES = ("muted", "waiting", "running", "good", "ask", "broken", "unknown")


@dataclass(frozen=True)
class StateWord:
    tone: str
    word: str | Promise


SEND: Mapping[str, StateWord] = {
    "draft": StateWord("muted", pgettext_lazy("send", "Draft")),
    "in_review": StateWord("ask", pgettext_lazy("send", "In review")),
    "approved": StateWord("good", pgettext_lazy("send", "Approved")),
    "scheduled": StateWord("waiting", pgettext_lazy("send", "Scheduled")),
    "preparing": StateWord("running", pgettext_lazy("send", "Preparing")),
    "ready": StateWord("waiting", pgettext_lazy("send", "Ready")),
    "sending": StateWord("running", pgettext_lazy("send", "Sending")),
    "paused": StateWord("ask", pgettext_lazy("send", "Paused")),
    "paused_by_itself": StateWord("broken", pgettext_lazy("send", "Paused by itself")),
    "finished": StateWord("good", pgettext_lazy("send", "Finished")),
    "missed": StateWord("ask", pgettext_lazy("send", "Missed its time")),
    "cancelling": StateWord("running", pgettext_lazy("send", "Cancelling")),
    "cancelled": StateWord("muted", pgettext_lazy("send", "Cancelled")),
    "failed": StateWord("broken", pgettext_lazy("send", "Failed")),
}
CROWD: Mapping[str, StateWord] = {
    "draft": StateWord("muted", pgettext_lazy("crowd send", "Draft")),
    "scheduled": StateWord("waiting", pgettext_lazy("crowd send", "Scheduled")),
    "submitting": StateWord("running", pgettext_lazy("crowd send", "Being submitted")),
    "submitted": StateWord("good", pgettext_lazy("crowd send", "Submitted")),
    "refused": StateWord("broken", pgettext_lazy("crowd send", "Refused")),
    "unknown": StateWord("unknown", pgettext_lazy("crowd send", "Outcome unknown")),
    "missed": StateWord("ask", pgettext_lazy("crowd send", "Missed its time")),
    "cancelled": StateWord("muted", pgettext_lazy("crowd send", "Cancelled")),
}
DELIVERY: Mapping[str, StateWord] = {
    "queued": StateWord("muted", pgettext_lazy("delivery", "Queued")),
    "claimed": StateWord("muted", pgettext_lazy("delivery", "Queued")),
    "sending": StateWord("running", pgettext_lazy("delivery", "In flight")),
    "accepted": StateWord("good", pgettext_lazy("delivery", "Accepted")),
    "refused": StateWord("broken", pgettext_lazy("delivery", "Refused")),
    "skipped": StateWord("muted", pgettext_lazy("delivery", "Skipped")),
    "unknown": StateWord("unknown", pgettext_lazy("delivery", "Outcome unknown")),
    "treated_as_sent": StateWord("good", pgettext_lazy("delivery", "Treated as sent")),
    "sent_again": StateWord("good", pgettext_lazy("delivery", "Sent again")),
}
LIBRARY: Mapping[str, StateWord] = {
    "available": StateWord("good", pgettext_lazy("library", "Available")),
    "not_available": StateWord("muted", pgettext_lazy("library", "Not available")),
    "adopted": StateWord("good", pgettext_lazy("library", "Adopted")),
}
TEMPLATE: Mapping[str, StateWord] = {
    "submitting": StateWord("running", pgettext_lazy("template", "Being submitted")),
    "applied": StateWord("ask", pgettext_lazy("template", "In review")),
    "approved": StateWord("good", pgettext_lazy("template", "Online")),
    "rejected": StateWord("broken", pgettext_lazy("template", "Rejected")),
    "offline": StateWord("muted", pgettext_lazy("template", "Offline")),
    "failed": StateWord("broken", pgettext_lazy("template", "Not adopted")),
    "differs": StateWord("ask", pgettext_lazy("template", "Differs from the platform")),
}
JOB: Mapping[str, StateWord] = {
    "queued": StateWord("waiting", pgettext_lazy("job", "Queued")),
    "running": StateWord("running", pgettext_lazy("job", "Running")),
    "done": StateWord("good", pgettext_lazy("job", "Done")),
    "cancelled": StateWord("muted", pgettext_lazy("job", "Cancelled")),
    "failed": StateWord("broken", pgettext_lazy("job", "Failed")),
}
PEOPLE_LIST: Mapping[str, StateWord] = {
    "uploaded": StateWord("ask", pgettext_lazy("list", "Choose columns")),
    "checking": StateWord("running", pgettext_lazy("list", "Checking")),
    "checked": StateWord("ask", pgettext_lazy("list", "Checked")),
    "importing": StateWord("running", pgettext_lazy("list", "Importing")),
    "ready": StateWord("good", pgettext_lazy("list", "Ready")),
    "failed": StateWord("broken", pgettext_lazy("list", "Failed")),
}
ORDER_IMPORT: Mapping[str, StateWord] = {
    "checking": StateWord("running", pgettext_lazy("order import", "Checking")),
    "checked": StateWord("ask", pgettext_lazy("order import", "Checked")),
    "importing": StateWord("running", pgettext_lazy("order import", "Importing")),
    "done": StateWord("good", pgettext_lazy("order import", "Imported")),
    "failed": StateWord("broken", pgettext_lazy("order import", "Ended")),
}
CONSENT: Mapping[str, StateWord] = {
    "standing": StateWord("good", pgettext_lazy("consent", "Standing")),
    "used_up": StateWord("muted", pgettext_lazy("consent", "Used up")),
    "revoked": StateWord("muted", pgettext_lazy("consent", "Revoked")),
}
MINI_PROGRAM: Mapping[str, StateWord] = {
    "open": StateWord("good", pgettext_lazy("mini program", "May send")),
    "stopped": StateWord("broken", pgettext_lazy("mini program", "Stopped")),
}
REVIEW: Mapping[str, StateWord] = {
    "waiting": StateWord("ask", pgettext_lazy("review", "Waiting")),
    "approved": StateWord("good", pgettext_lazy("review", "Approved")),
    "sent_back": StateWord("ask", pgettext_lazy("review", "Sent back")),
    "withdrawn": StateWord("muted", pgettext_lazy("review", "Withdrawn")),
    "void": StateWord("muted", pgettext_lazy("review", "Void")),
}
SEAT: Mapping[str, StateWord] = {
    "active": StateWord("good", pgettext_lazy("seat", "Active")),
    "disabled": StateWord("muted", pgettext_lazy("seat", "Disabled")),
}
API_KEY: Mapping[str, StateWord] = {
    "active": StateWord("good", pgettext_lazy("key", "Active")),
    "revoked": StateWord("muted", pgettext_lazy("key", "Revoked")),
}
ORDER_SYNC: Mapping[str, StateWord] = {
    "none": StateWord("muted", pgettext_lazy("order sync", "Nothing returned")),
    "pending": StateWord("waiting", pgettext_lazy("order sync", "Waiting to sync")),
    "syncing": StateWord("running", pgettext_lazy("order sync", "Syncing")),
    "synced": StateWord("good", pgettext_lazy("order sync", "Synced")),
    "not_notified": StateWord("ask", pgettext_lazy("order sync", "Accepted, not notified")),
    "retrying": StateWord("ask", pgettext_lazy("order sync", "Retrying")),
    "unknown": StateWord("unknown", pgettext_lazy("order sync", "Outcome unknown")),
    "superseded": StateWord("muted", pgettext_lazy("order sync", "Superseded")),
    "dead": StateWord("broken", pgettext_lazy("order sync", "Needs fixing")),
}
PLACEMENT: Mapping[str, StateWord] = {
    "draft": StateWord("broken", pgettext_lazy("placement", "Refused")),
    "submitting": StateWord("running", pgettext_lazy("placement", "Being asked for")),
    "auditing": StateWord("waiting", pgettext_lazy("placement", "Under review")),
    "active": StateWord("good", pgettext_lazy("placement", "Live")),
    "stopping": StateWord("running", pgettext_lazy("placement", "Stopping")),
    "stopped": StateWord("muted", pgettext_lazy("placement", "Stopped")),
    "ended": StateWord("muted", pgettext_lazy("placement", "Ended")),
    "rejected": StateWord("broken", pgettext_lazy("placement", "Rejected")),
    "unknown": StateWord("unknown", pgettext_lazy("placement", "Outcome unknown")),
}
COUPON: Mapping[str, StateWord] = {
    "draft": StateWord("muted", pgettext_lazy("coupon", "Draft")),
    "creating": StateWord("running", pgettext_lazy("coupon", "Being created")),
    "created": StateWord("waiting", pgettext_lazy("coupon", "Created, not published")),
    "publishing": StateWord("running", pgettext_lazy("coupon", "Publishing")),
    "published": StateWord("good", pgettext_lazy("coupon", "Live")),
    "modifying": StateWord("running", pgettext_lazy("coupon", "Being changed")),
    "appending": StateWord("running", pgettext_lazy("coupon", "Adding stock")),
    "stopping": StateWord("running", pgettext_lazy("coupon", "Stopping")),
    "stopped": StateWord("muted", pgettext_lazy("coupon", "Stopped")),
    "ended": StateWord("muted", pgettext_lazy("coupon", "Ended")),
    "rejected": StateWord("broken", pgettext_lazy("coupon", "Rejected")),
    "all_claimed": StateWord("ask", pgettext_lazy("coupon", "All claimed")),
    "differs": StateWord("ask", pgettext_lazy("coupon", "Differs from the platform")),
}
GRANT: Mapping[str, StateWord] = {
    "sending": StateWord("running", pgettext_lazy("grant", "Being issued")),
    "claimed": StateWord("good", pgettext_lazy("grant", "Usable")),
    "partly_used": StateWord("good", pgettext_lazy("grant", "Partly redeemed")),
    "redeemed": StateWord("muted", pgettext_lazy("grant", "Redeemed")),
    "reverted": StateWord("good", pgettext_lazy("grant", "Returned, usable")),
    "reverted_late": StateWord("muted", pgettext_lazy("grant", "Returned, expired")),
    "expired": StateWord("muted", pgettext_lazy("grant", "Expired")),
    "invalidated": StateWord("muted", pgettext_lazy("grant", "Invalidated")),
    "refused": StateWord("broken", pgettext_lazy("grant", "Refused")),
    "unknown": StateWord("unknown", pgettext_lazy("grant", "Outcome unknown")),
}
COUPON_RUN: Mapping[str, StateWord] = {
    "preparing": StateWord("waiting", pgettext_lazy("coupon run", "About to begin")),
    "issuing": StateWord("running", pgettext_lazy("coupon run", "Being issued")),
    "paused": StateWord("ask", pgettext_lazy("coupon run", "Paused")),
    "paused_by_itself": StateWord("broken", pgettext_lazy("coupon run", "Paused by itself")),
    "finished": StateWord("good", pgettext_lazy("coupon run", "Finished")),
    "cancelled": StateWord("muted", pgettext_lazy("coupon run", "Cancelled")),
}
COUPON_USE: Mapping[str, StateWord] = {
    "pending": StateWord("running", pgettext_lazy("coupon use", "Being asked")),
    "accepted": StateWord("good", pgettext_lazy("coupon use", "Done")),
    "refused": StateWord("broken", pgettext_lazy("coupon use", "Refused")),
    "unknown": StateWord("unknown", pgettext_lazy("coupon use", "Outcome unknown")),
}
# Where the people of a batch issue are: the parts of its equation.
GRANT_PARTS: Mapping[str, StateWord] = {
    "accepted": StateWord("good", pgettext_lazy("coupon run", "Got it")),
    "refused": StateWord("broken", pgettext_lazy("coupon run", "Refused")),
    "unknown": StateWord("unknown", pgettext_lazy("coupon run", "Outcome unknown")),
    "sending": StateWord("running", pgettext_lazy("coupon run", "In flight")),
    "queued": StateWord("muted", pgettext_lazy("coupon run", "Waiting their turn")),
    "left_out": StateWord("muted", pgettext_lazy("coupon run", "Left out")),
}
REMINDER: Mapping[str, StateWord] = {
    "on": StateWord("good", pgettext_lazy("reminder", "On")),
    "stopped": StateWord("muted", pgettext_lazy("reminder", "Stopped")),
}
DIFFERENCE: Mapping[str, StateWord] = {
    "open": StateWord("ask", pgettext_lazy("difference", "Open")),
    "taken": StateWord("good", pgettext_lazy("difference", "Taken over")),
    "accepted": StateWord("muted", pgettext_lazy("difference", "Accepted as known")),
    "gone": StateWord("good", pgettext_lazy("difference", "No longer there")),
}
COUPON_ALERT: Mapping[str, StateWord] = {
    "open": StateWord("ask", pgettext_lazy("coupon alert", "Open")),
    "dismissed": StateWord("muted", pgettext_lazy("coupon alert", "Dismissed")),
    "kept": StateWord("waiting", pgettext_lazy("coupon alert", "Kept from coupons")),
    "kept_over": StateWord("muted", pgettext_lazy("coupon alert", "No longer kept")),
}
WORDS: Mapping[str, Mapping[str, StateWord]] = {
    "coupon_alert": COUPON_ALERT,
    "difference": DIFFERENCE,
    "reminder": REMINDER,
    "coupon": COUPON,
    "grant": GRANT,
    "send": SEND,
    "review": REVIEW,
    "crowd": CROWD,
    "delivery": DELIVERY,
    "order_sync": ORDER_SYNC,
    "coupon_use": COUPON_USE,
    "placement": PLACEMENT,
    "coupon_run": COUPON_RUN,
    "coupon_run_part": GRANT_PARTS,
    "order_import": ORDER_IMPORT,
    "library": LIBRARY,
    "template": TEMPLATE,
    "job": JOB,
    "list": PEOPLE_LIST,
    "consent": CONSENT,
    "mini_program": MINI_PROGRAM,
    "seat": SEAT,
    "api_key": API_KEY,
}


def word_of(kind: str, state: str) -> StateWord:
    """Raises KeyError for a state nobody gave a word: a page must not show a bare code."""
    return WORDS[kind][state]


def send_word(state: str, pause_reason: str = "") -> StateWord:
    by_itself = state == "paused" and pause_reason not in {"", "operator"}
    return SEND["paused_by_itself" if by_itself else state]


def run_word(state: str, paused_because: str = "") -> StateWord:
    return COUPON_RUN["paused_by_itself" if state == "paused" and paused_because else state]
