"""What happened, in one sentence per kind of event. The rest stands in its detail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from console import states
from console.coupons.giving_words import OWN as NOT_GIVEN
from console.reconciliation.checks import CHECKS
from coupons.models import CouponAlert
from coupons.models.difference import DifferenceKind
from membership.models.member_card import CardState
from merchants.models import ApiKey, Event
from merchants.roles import Role
from messaging.engine.breaker import Evidence
from messaging.models import MissedReason, PauseReason, Review, UnknownCause
from orders.models import OrderImport
from orders.reasons import OWN

SENTENCES: Mapping[str, str | Promise] = {
    "send.draft": _("Took a batch send back to draft"),
    "send.in_review": _("Asked for review of a batch send"),
    "send.approved": _("Approved a batch send"),
    "send.sent_back": _("Sent a batch send back to be changed"),
    "send.withdrawn": _("Took a batch send out of review to change it"),
    "send.approval_void": _("An approval became void"),
    "send.approval_expired": _("The time of a batch send passed before it was approved and confirmed"),
    "send.approval_refused": _("Tried to approve a batch send; it was refused"),
    "send.drafted": _("Began a batch send"),
    "send.edited": _("Saved a draft"),
    "send.scheduled": _("Scheduled a batch send"),
    "send.taken_back": _("Undid a launch; nothing was sent"),
    "send.rescheduled": _("Gave a batch send a new time"),
    "send.preparing": _("Preparing began"),
    "send.ready": _("People frozen, ready to send"),
    "send.sending": _("Sending began"),
    "send.paused": _("Paused a batch send"),
    "send.resumed": _("Resumed a batch send"),
    "send.without_coupon": _("Let a batch send go on without its coupon"),
    "send.speed": _("Changed the speed of a batch send"),
    "send.not_after": _("Gave a batch send another latest time"),
    "send.not_after_lifted": _("Lifted the latest time of a batch send"),
    "send.missed": _("A batch send missed its time"),
    "send.cancelling": _("Cancelled a batch send; messages in flight settle"),
    "send.cancelled": _("A batch send ended as cancelled"),
    "send.finished": _("A batch send finished"),
    "send.failed": _("A batch send could not be prepared"),
    "send.again": _("Sending went on for chosen people"),
    "send.refused_again": _("Sent again to refused people"),
    "send.milestone": _("Part of the people have an outcome"),
    "coupon.drafted": _("Began a coupon"),
    "coupon.edited": _("Saved a coupon's draft"),
    "coupon.deleted": _("Deleted a coupon's draft"),
    "coupon.submitted": _("Handed a coupon to the platform"),
    "coupon.created": _("The platform created a coupon; it is not published yet"),
    "coupon.publish": _("Published a coupon"),
    "coupon.live": _("A coupon went live"),
    "coupon.append": _("Added stock to a coupon"),
    "coupon.appended": _("The platform added the stock"),
    "coupon.extend": _("Extended the time in which a coupon can be claimed"),
    "coupon.extended": _("The platform extended the time of claiming"),
    "coupon.stop": _("Stopped a coupon"),
    "coupon.stopped": _("A coupon was stopped; what was claimed stays usable"),
    "coupon.ended": _("The time in which a coupon can be claimed is over"),
    "coupon.refused": _("The platform refused what was asked for a coupon"),
    "coupon.rejected": _("The platform's review rejected a coupon"),
    "coupon.codes_uploaded": _("Uploaded codes of a coupon"),
    "coupon.codes_halted": _("Depositing the codes of a coupon stopped; a person has to look"),
    "coupon.codes_resumed": _("Let the codes of a coupon go on"),
    "coupon.taken_back": _("Took a rejected coupon back to draft"),
    "coupon.asked_again": _("Asked the platform once more about a coupon"),
    "coupon.differs": _("The platform's copy of a coupon is another than ours"),
    "coupon.check_started": _("Had the books of a coupon compared with the platform's"),
    "coupon.differences_found": _("The books of a coupon differ from the platform's or the orders'"),
    "coupon.difference_taken": _("Took the platform's word for a difference in the books of a coupon"),
    "coupon.difference_accepted": _("Accepted a difference in the books of a coupon as known"),
    "coupon_limits.changed": _("Changed the limits against coupon abuse"),
    "coupon_alert.raised": _("A limit against coupon abuse was passed"),
    "coupon_alert.dismissed": _("Dismissed a coupon alert"),
    "coupon_alert.kept": _("Kept a customer from coupons until a day"),
    "coupon_alert.let_go": _("Let a customer have coupons again"),
    "coupon.figures_repaired": _("Figures of a coupon were wrong and were counted again from its ledger"),
    "card.drafted": _("Began a member card"),
    "card.edited": _("Saved a version of a member card"),
    "card.deleted": _("Deleted a member card's draft"),
    "card.submitted": _("Handed a version of a member card to the platform"),
    "card.live": _("A version of a member card went live"),
    "card.refused": _("The platform refused a version of a member card"),
    "member.card_opened": _("A customer opened a member card"),
    "member.card_ended": _("A member card ended"),
    "member.level_reached": _("A member reached a higher level"),
    "member.level_lost": _("A member lost a level at the end of its period"),
    "member.books_differ": _("Totals of member cards differ from their ledgers"),
    "member.totals_rebuilt": _("Totals of a member card were counted again from its ledgers"),
    "points.correction_asked": _("Asked for a correction of points; a second person decides"),
    "points.corrected": _("Corrected the points of a member"),
    "points.correction_refused": _("Refused a correction of points"),
    "placement.submitted": _("Asked the platform to show a coupon"),
    "placement.auditing": _("The platform took up a coupon's placement and reviews it"),
    "placement.live": _("A coupon's placement went live"),
    "placement.rejected": _("The platform's review rejected a coupon's placement"),
    "placement.refused": _("The platform refused what was asked for a placement"),
    "placement.unknown": _("Nobody knows whether the platform took up a placement"),
    "placement.stop": _("Stopped showing a coupon at a place"),
    "placement.stopped": _("A coupon is not shown there any more"),
    "placement.ended": _("The time of a placement is over"),
    "merchant.development": _("Said whether the merchant develops by API"),
    "reminder.decided": _("Decided to remind of coupons that expire"),
    "reminder.changed": _("Changed how coupons that expire are reminded of"),
    "reminder.stopped": _("Stopped reminding of coupons that expire"),
    "crowd.drafted": _("Began a crowd send"),
    "crowd.edited": _("Saved a crowd draft"),
    "crowd.scheduled": _("Scheduled a crowd send"),
    "crowd.taken_back": _("Took a crowd send back to draft; nothing was sent"),
    "crowd.submitting": _("A crowd send is being submitted"),
    "crowd.submitted": _("The platform took a crowd send"),
    "crowd.refused": _("The platform refused a crowd send"),
    "crowd.unknown": _("The platform did not answer whether it took a crowd send"),
    "crowd.missed": _("A crowd send missed its time"),
    "crowd.cancelled": _("Cancelled a crowd send before it was submitted"),
    "crowd.submitted_by_hand": _("Treated an unanswered crowd send as submitted"),
    "crowd.written_off_by_hand": _("Wrote off an unanswered crowd send"),
    "unknown.treated_as_sent": _("Treated unknown outcomes as sent"),
    "unknown.sent_again": _("Sent again after unknown outcomes"),
    "people.revealed": _("Looked at people's ids"),
    "people.exported": _("Exported people's outcomes"),
    "books.balanced": _("The books balance again"),
    "books.differ": _("The books differ"),
    "books.month_archived": _("The people of a month went to the archive; its figures stay"),
    "library.synced": _("Fetched the template library"),
    "template.submitted": _("Asked to adopt a template"),
    "template.applied": _("A template is in review at the platform"),
    "template.approved": _("A template went online"),
    "template.rejected": _("A template was rejected"),
    "template.offline": _("A template was taken offline"),
    "template.failed": _("A template was not adopted"),
    "template.unanswered": _("The platform did not answer whether a template was adopted"),
    "template.differs": _("A template differs from the platform"),
    "template.taken_over": _("Took over the platform's copy of a template"),
    "mini_program.added": _("Added a mini program"),
    "mini_program.reserve": _("Changed what batches leave to single messages"),
    "mini_program.stopped": _("Stopped a mini program"),
    "mini_program.released": _("Released a mini program"),
    "mini_program.authorised": _("The service provider's app may act for a mini program"),
    "mini_program.authorisation_lost": _("The platform took no more the authorisation of a mini program"),
    "provider.app_added": _("Added a service provider's app"),
    "provider.granted": _("Let a service provider work for this merchant"),
    "provider.revoked": _("Ended what a service provider may do here"),
    "staff.added": _("Gave a person a seat"),
    "staff.role_changed": _("Changed a person's role"),
    "staff.disabled": _("Closed a person's seat"),
    "staff.password_changed": _("Changed a password"),
    "staff.second_factor_on": _("Set up a second factor"),
    "staff.second_factor_off": _("Turned a second factor off"),
    "staff.second_factor_reset": _("Reset a person's second factor"),
    "staff.second_factor_locked": _("Typed too many wrong codes; codes are locked for five minutes"),
    "staff.recovery_code_used": _("Used a recovery code"),
    "staff.recovery_codes_renewed": _("Made new recovery codes"),
    "rules.changed": _("Changed the sending rules"),
    "scene.chosen": _("Chose an order scene"),
    "scene.left": _("Left an order scene"),
    "single.handed_in": _("Single messages came by API"),
    "single.paused": _("Single messages were paused"),
    "single.resumed": _("Resumed single messages"),
    "api_key.issued": _("Issued an API key"),
    "api_key.revoked": _("Revoked an API key"),
    "rules.second_factor_on": _("Turned on that launches ask for a second factor"),
    "rules.second_factor_off": _("Turned off that launches ask for a second factor"),
    "list.uploaded": _("Uploaded an audience"),
    "list.asked_for": _("Asked for an audience by a rule"),
    "list.checked": _("An audience was checked"),
    "list.renamed": _("Renamed an audience"),
    "coupon.given": _("Gave a person a coupon"),
    "coupon_run.started": _("Confirmed a batch issue of coupons"),
    "coupon_run.undone": _("Undid a batch issue; nobody got one"),
    "coupon_run.issuing": _("A batch issue began"),
    "coupon_run.paused": _("Paused a batch issue"),
    "coupon_run.paused_by_itself": _("A batch issue paused by itself"),
    "coupon_run.resumed": _("Resumed a batch issue"),
    "coupon_run.cancelled": _("Cancelled a batch issue"),
    "coupon_run.finished": _("A batch issue finished: everybody has an outcome"),
    "grant.given_again": _("Gave a coupon again whose outcome was unknown"),
    "coupon_use.asked_again": _("Asked the platform again about a use of a coupon"),
    "grant.written_off": _("Wrote off a coupon whose outcome was unknown"),
    "order.by_hand": _("Entered an order by hand"),
    "order.status_by_hand": _("Entered the status of an order by hand"),
    "list.ready": _("An audience is ready"),
    "list.failed": _("An audience could not be imported"),
    "list.problems_downloaded": _("Downloaded the problem rows of an audience"),
    "order.repaired": _("Filled in what an order status lacked"),
    "order.sync_retried": _("Synced order statuses again that needed fixing"),
    "order.digest_read": _("Read the digest of missing fields"),
    "orders.file_uploaded": _("Uploaded a file of orders"),
    "orders.file_checked": _("A file of orders was checked"),
    "orders.import_started": _("Started the import of a file of orders"),
    "orders.imported": _("A file of orders was imported"),
    "orders.import_failed": _("The import of a file of orders ended early"),
    "orders.problems_downloaded": _("Downloaded the problem rows of a file of orders"),
    "customer.forgotten": _("Erased a customer's data"),
    "customer.exported": _("Exported all that is kept about a customer"),
    "customer.do_not_send_set": _("Put a customer on the do-not-send list"),
    "customer.do_not_send_cleared": _("Took a customer off the do-not-send list"),
    "customer.profiling_opt_out_set": _("Noted that a customer opted out of profiling"),
    "customer.profiling_opt_out_cleared": _("Noted that a customer allows profiling again"),
}
AREAS: Mapping[str, str | Promise] = {
    "send": _("Batch sends"),
    "crowd": _("Crowd sends"),
    "unknown": _("Unknown outcomes"),
    "people": _("Personal data"),
    "books": _("Reconciliation"),
    "library": _("Template library"),
    "template": _("Templates"),
    "list": _("Audiences"),
    "customer": _("Customers"),
    "order": _("Orders"),
    "orders": _("Files of orders"),
    "coupon_run": _("Batch issues of coupons"),
    "coupon_use": _("Uses of coupons"),
    "coupon_limits": _("Coupon limits"),
    "coupon_alert": _("Coupon alerts"),
    "grant": _("Coupons of one person"),
    "scene": _("Order scenes"),
    "mini_program": _("Mini programs"),
    "provider": _("Service providers"),
    "staff": _("Staff"),
    "rules": _("Sending rules"),
    "single": _("Single messages"),
    "coupon": _("Coupons"),
    "placement": _("Where coupons are shown"),
    "card": _("Member cards"),
    "member": _("Members"),
    "points": _("Points"),
    "merchant": _("Merchant"),
    "reminder": _("Reminders"),
    "api_key": _("API keys"),
}

SUBJECTS: Mapping[str, str | Promise] = {
    "sendcontrol": _("Batch send"),
    "crowdsend": _("Crowd send"),
    "peoplelist": _("Audience"),
    "subscriptiontemplate": _("Template"),
    "statuschange": _("Order status"),
    "coupon": _("Coupon"),
    "reminderpolicy": _("Reminder"),
    "customer": _("Customer"),
    "coupongrant": _("Coupon of a person"),
    "couponrun": _("Batch issue"),
    "coupondifference": _("Difference in the books"),
    "couponalert": _("Coupon alert"),
    "cardtemplate": _("Member card"),
    "membercard": _("Card of a member"),
    "placement": pgettext_lazy("subject", "Placement"),
    "miniprogram": _("Mini program"),
    "providerapp": _("Service provider's app"),
    "providerauthorisation": _("Service provider"),
    "staff": _("Person"),
    "apikey": _("API key"),
    "order": pgettext_lazy("subject", "Order"),
    "orderdigest": _("Digest of missing fields"),
    "orderimport": _("File of orders"),
}
DETAILS: Mapping[str, str | Promise] = {
    "cause": pgettext_lazy("detail", "cause"),
    "percent": pgettext_lazy("detail", "percent"),
    "settled": pgettext_lazy("detail", "with an outcome"),
    "added": pgettext_lazy("detail", "added"),
    "again": pgettext_lazy("detail", "synced again"),
    "superseded": pgettext_lazy("detail", "closed as superseded"),
    "words": pgettext_lazy("detail", "the platform's words"),
    "approve_above": pgettext_lazy("detail", "approval above, people"),
    "approve_above_fen": pgettext_lazy("detail", "approval above, cost of a coupon"),
    "alert": pgettext_lazy("detail", "alert"),
    "counted": pgettext_lazy("detail", "counted"),
    "limit": pgettext_lazy("detail", "limit"),
    "until": pgettext_lazy("detail", "until"),
    "claims": pgettext_lazy("detail", "claims of a person in 24 hours"),
    "grants": pgettext_lazy("detail", "given to a person a day"),
    "uses": pgettext_lazy("detail", "uses of a person a day"),
    "hour_percent": pgettext_lazy("detail", "percent of the stock in an hour"),
    "cap_day": pgettext_lazy("detail", "most messages a day"),
    "cap_week": pgettext_lazy("detail", "most messages a week"),
    "count": pgettext_lazy("detail", "usable people"),
    "coupon": pgettext_lazy("detail", "coupon"),
    "customer": pgettext_lazy("detail", "person"),
    "given": pgettext_lazy("detail", "to be given"),
    "list": pgettext_lazy("detail", "audience"),
    "stopped": pgettext_lazy("detail", "stopped"),
    "detail": pgettext_lazy("detail", "more exactly"),
    "created": pgettext_lazy("detail", "new orders"),
    "cards": pgettext_lazy("detail", "cards"),
    "channel": pgettext_lazy("detail", "channel"),
    "level": pgettext_lazy("detail", "level"),
    "level_before": pgettext_lazy("detail", "level before"),
    "points": pgettext_lazy("detail", "points"),
    "updated": pgettext_lazy("detail", "changed orders"),
    "unchanged": pgettext_lazy("detail", "unchanged"),
    "refused": pgettext_lazy("detail", "refused"),
    "taken": pgettext_lazy("detail", "statuses taken"),
    "late": pgettext_lazy("detail", "arrived late"),
    "ending": pgettext_lazy("detail", "reason"),
    "difference": pgettext_lazy("detail", "difference"),
    "due_at": pgettext_lazy("detail", "due"),
    "ended": pgettext_lazy("detail", "reason"),
    "entries": pgettext_lazy("detail", "entries"),
    "fields": pgettext_lazy("detail", "fields"),
    "figures": pgettext_lazy("detail", "figures"),
    "found": pgettext_lazy("detail", "found"),
    "file": pgettext_lazy("detail", "file"),
    "frozen": pgettext_lazy("detail", "frozen"),
    "keywords": pgettext_lazy("detail", "keywords"),
    "left": pgettext_lazy("detail", "not sent yet"),
    "malformed": pgettext_lazy("detail", "malformed"),
    "key": pgettext_lazy("detail", "key"),
    "kind": pgettext_lazy("detail", "kind of key"),
    "messages": pgettext_lazy("detail", "messages"),
    "scopes": pgettext_lazy("detail", "scopes"),
    "keywords_before": pgettext_lazy("detail", "keywords before"),
    "month": pgettext_lazy("detail", "month"),
    "name": pgettext_lazy("detail", "name"),
    "new_name": pgettext_lazy("detail", "new name"),
    "not_after": pgettext_lazy("detail", "not after"),
    "people": pgettext_lazy("detail", "people"),
    "quiet_from": pgettext_lazy("detail", "quiet from"),
    "quiet_to": pgettext_lazy("detail", "quiet until"),
    "reason": pgettext_lazy("detail", "reason"),
    "refused_for": pgettext_lazy("detail", "reason"),
    "open_id": pgettext_lazy("detail", "open_id"),
    "refusal": pgettext_lazy("detail", "the platform's code"),
    "repeated": pgettext_lazy("detail", "repeated"),
    "role": pgettext_lazy("detail", "role"),
    "rows": pgettext_lazy("detail", "rows"),
    "state": pgettext_lazy("detail", "status"),
    "order": pgettext_lazy("detail", "order number"),
    "status": pgettext_lazy("detail", "status of the order"),
    "template_id": pgettext_lazy("detail", "template id"),
    "their_keywords": pgettext_lazy("detail", "the platform's keywords"),
    "their_kind": pgettext_lazy("detail", "the platform's kind"),
    "their_name": pgettext_lazy("detail", "the platform's name"),
    "their_status": pgettext_lazy("detail", "the platform's status"),
    "total": pgettext_lazy("detail", "total"),
    "unknown": pgettext_lazy("detail", "never seen here"),
    "version": pgettext_lazy("detail", "version"),
    "was": pgettext_lazy("detail", "was"),
    "missed": pgettext_lazy("detail", "reason"),
    "why": pgettext_lazy("detail", "reason"),
}

# Shown as from what to what.
RULES = ("cap_day", "cap_week", "quiet_from", "quiet_to", "approve_above", "approve_above_fen")
LIMITS = ("claims", "grants", "uses", "hour_percent")

REFUSED_FOR: Mapping[str, str | Promise] = {
    "own": _("It was that person's own send."),
    "stale": _("It had changed since the page was opened."),
    "late": _("Its time had passed."),
    "no_seat": _("That person may not approve here."),
}
# Codes that stand in a detail, in the words of the pages.
CODES: Mapping[str, Mapping[str, Any]] = {
    "cause": {str(cause): cause.label for cause in UnknownCause},
    "ending": {str(why): why.label for why in [*OrderImport.Ending, *CardState]},
    "ended": {str(why): why.label for why in Review.Ended},
    "refused_for": REFUSED_FOR,
    "missed": {str(reason): reason.label for reason in MissedReason},
    "kind": {str(kind): kind.label for kind in ApiKey.Kind},
    "difference": {str(kind): kind.label for kind in DifferenceKind},
    "alert": {str(kind): kind.label for kind in CouponAlert.Kind},
    "reason": {str(reason): reason.label for reason in PauseReason},
    "refusal": {code: told.title for code, told in OWN.items()},
    "role": {str(role): role.label for role in Role},
    "state": states.WORDS["delivery"],
    "was": states.WORDS["template"],
    "why": {code: told.title for code, told in NOT_GIVEN.items()},
}


def subject_of(event: Event) -> str:
    return str(SUBJECTS.get(event.subject_kind, event.subject_kind))


def sentence_of(event: Event) -> str:
    """A kind that has no sentence shows as its code: the log must never hide a line."""
    return str(SENTENCES.get(event.kind, event.kind))


def details_of(event: Event) -> list[tuple[str, Any]]:
    """Detail as pairs; before and after are joined by an arrow."""
    detail = dict(event.detail)
    pairs: list[tuple[str, Any]] = []
    for before, after in (("before", "after"), ("from", "to")):
        if before in detail and after in detail:
            was, now = (_shown(_in_words("role", detail.pop(key))) for key in (before, after))
            pairs.append(("", f"{was} → {now}"))
    for key in ("approve_above_fen", "approve_above_fen_before"):
        if detail.get(key) is not None:
            detail[key] = f"¥{detail[key] / 100:,.2f}"
    for key in (*RULES, *LIMITS):
        if detail.get(key) != (was := detail.pop(f"{key}_before", None)):
            pairs.append((str(DETAILS[key]), f"{_shown(was)} → {_shown(detail[key])}"))
        detail.pop(key, None)
    for line in detail.pop("lines", []):
        if line["expected"] != line["actual"]:
            pairs.append((str(CHECKS[line["name"]]), f"{line['expected']:,} → {line['actual']:,}"))
    said = ((key, value) for key, value in detail.items() if value not in (None, "", [], {}))
    return pairs + [(str(DETAILS.get(key, key)), _shown(_in_words(key, value))) for key, value in said]


def _in_words(key: str, value: Any) -> Any:
    """Codes in the words of the pages, an instant as the merchant's wall time; what is neither stays."""
    if not isinstance(value, str):
        return value
    if key in ("due_at", "not_after"):
        return _wall_time(value)
    if key == "detail" and (evidence := Evidence.of_text(value)):
        told = _("%(n)s of the last %(of)s") % {"n": f"{evidence.n:,}", "of": f"{evidence.of:,}"}
        return " · ".join(part for part in (told, evidence.code) if part)
    known = CODES.get(key, {}).get(value, value)
    return known.word if isinstance(known, states.StateWord) else known


def _wall_time(text: str) -> str:
    try:
        return f"{timezone.localtime(datetime.fromisoformat(text)):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return text


def _shown(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list):
        return pgettext("between items of a list", ", ").join(str(part) for part in value)
    return "--" if value is None else value
