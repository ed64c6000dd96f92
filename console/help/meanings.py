"""What each state and each reason means. The words stand in console/states.py and beside the models.

Pages walk through those tables, so a new state appears by itself; a test demands a sentence here for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console import states
from console.coupons import placing_words
from console.messaging.sends.words import UNKNOWN
from gateway.outcomes import SUB_CODES
from merchants.refusals import SENTENCES, Sentence
from messaging.models import PauseReason, SkipReason

Words = Mapping[str, str | Promise]

KINDS: Words = {
    "send": _("Batch send"),
    "review": _("Approval of a send"),
    "crowd": _("Crowd send"),
    "delivery": _("One person's message"),
    "order_sync": _("Status of an order"),
    "order_import": _("File of orders"),
    "coupon": _("Coupon"),
    "grant": _("A person's coupon"),
    "coupon_use": _("Use or return of a coupon"),
    "placement": _("Where a coupon is shown"),
    "coupon_run": _("Batch issue of a coupon"),
    "coupon_run_part": _("One person of a batch issue"),
    "difference": _("Difference in the books of a coupon"),
    "coupon_alert": _("Coupon alert"),
    "reminder": _("Expiry reminder"),
    "library": _("Entry of the library"),
    "template": _("Adopted template"),
    "consent": _("Consent of a person"),
    "list": _("Audience"),
    "job": _("Long piece of work"),
    "mini_program": _("Mini program"),
    "seat": _("A person's seat"),
    "api_key": _("API key"),
}
STATES: Mapping[str, Words] = {
    "coupon_alert": {
        "open": _("A limit was passed, and nobody has looked at it yet."),
        "dismissed": _("Somebody looked and gave a reason why nothing is to be done."),
        "kept": _("The person gets no coupon from us until the day that was chosen."),
        "kept_over": _("That day has come; the person may get coupons again."),
    },
    "coupon": {
        "draft": _("Being designed. The platform knows nothing of it."),
        "creating": _("Handed to the platform, which has not said yet that it exists."),
        "created": _("Exists on the platform; nobody can claim it before it is published."),
        "publishing": _("Asked to be published; the platform has not said yet that it is."),
        "published": _("Can be claimed, given and used."),
        "modifying": _("A change is under way. Until the platform confirms it the old values hold."),
        "appending": _("More stock was asked for. Until the platform confirms it the old total holds."),
        "stopping": _("Asked to be stopped. Until the platform confirms it people may still claim."),
        "stopped": _("Nobody can claim it any more. What was claimed stays usable until its last day."),
        "ended": _("The time of claiming is over. What was claimed stays usable until its last day."),
        "rejected": _("The platform's review said no; its words stand on the page."),
        "all_claimed": _("Live, and no stock is left. More stock can be added."),
        "differs": _("The platform's copy is another than ours; the page shows both."),
    },
    "reminder": {
        "on": _("Each day at its hour it goes over the coupons that are about to expire."),
        "stopped": _("Nobody is reminded by it any more."),
    },
    "grant": {
        "sending": _("Asked for; the platform's answer is on its way."),
        "claimed": _("In the person's card pack, to be used until its last day."),
        "partly_used": _("Some of its uses are gone; the others can still be redeemed."),
        "redeemed": _("No use is left."),
        "reverted": _("Was redeemed and given back, for example after a refund. It can be used again."),
        "reverted_late": _("Was given back after its last day, so it cannot be used any more."),
        "expired": _("Its last day is over. It cannot be used any more."),
        "invalidated": _("Taken back before it was used up."),
        "refused": _("The person did not get it; the reason stands beside it. It costs no stock."),
        "unknown": _("Nobody knows whether the person got it. The platform is asked; its stock is kept."),
    },
    "difference": {
        "open": _("The two sides say different things, and nobody has decided."),
        "taken": _("The platform's word was taken over: a line in the ledger, with who did it."),
        "accepted": _("It stays as it is, for the reason beside it, until a side says something else."),
        "gone": _("A later look found both sides the same."),
    },
    "coupon_use": {
        "pending": _("The platform has not answered. Its use is held, so that nobody else has it meanwhile."),
        "accepted": _("The platform has done it; the ledger of the coupon has the line."),
        "refused": _("It was not done, and the reason is shown. The coupon is as it was."),
        "unknown": _(
            "No answer came that can be trusted. Asked again under the same number it is done once."
        ),
    },
    "placement": placing_words.SENTENCES,
    "coupon_run": {
        "preparing": _("Confirmed. Until it begins it can be undone, and nobody gets one."),
        "issuing": _("The platform is asked person by person, so many at a time."),
        "paused": _("Nobody more is asked for. What is on its way still gets its outcome."),
        "paused_by_itself": _("Whoever comes next would be refused as well. The page names why."),
        "finished": _("Everybody on the list has an outcome."),
        "cancelled": _("Ended early: whoever was not asked for yet got none, and costs no stock."),
    },
    "coupon_run_part": {
        "accepted": _("The platform gave it, whatever became of it since."),
        "refused": _("The platform said no, or could not be reached. The reason is shown."),
        "unknown": _("No answer came that can be trusted."),
        "sending": _("Asked for; the answer is on its way."),
        "queued": _("Waits for a place among the calls that are on their way."),
        "left_out": _("Nobody asked the platform: the limit, the stock or a cancel kept them out."),
    },
    "send": {
        "draft": _("Being written. Nothing leaves."),
        "in_review": _("Waits for a colleague to look at it."),
        "approved": _("A colleague agreed to exactly this version. It can be launched."),
        "scheduled": _("Launched for a time. Until preparing begins it can be taken back to draft."),
        "preparing": _("The people are frozen and judged one by one: who gets it, who is skipped and why."),
        "ready": _("Everything is frozen; it starts at its time."),
        "sending": _("Messages are leaving. Pause, speed and cancel work within two seconds."),
        "paused": _("A person stopped it. Nobody is lost; resume goes on where it stood."),
        "paused_by_itself": _("The console stopped it and says why. Look at the cause, then resume."),
        "finished": _("Nothing waits any more. Unknown outcomes may still want a decision."),
        "missed": _("It could not start in time. Nothing was sent; choose a new time or cancel."),
        "cancelling": _("No further message leaves; those in flight still get their outcome."),
        "cancelled": _("Ended early. What had left cannot be recalled; the others keep their consent."),
        "failed": _(
            "Its text or its audience could not be read when it was prepared. Nothing was sent; "
            "copy it, check both, and confirm the copy."
        ),
    },
    "review": {
        "waiting": _("A colleague was asked to look at it. Until then it can be taken back."),
        "approved": _("A colleague agreed to exactly what the page showed. It still has to be confirmed."),
        "sent_back": _("The colleague wants something changed and said what. It is a draft again."),
        "withdrawn": _("It was taken back before anybody had decided."),
        "void": _("What was approved changed, or its time passed. It has to be asked for anew."),
    },
    "crowd": {
        "draft": _("Being written. Nothing leaves."),
        "scheduled": _("Launched for a time. Until it is submitted it can be taken back or cancelled."),
        "submitting": _("The one call to the platform is being made. It can no longer be taken back."),
        "submitted": _("The platform took it. It tells a count, and never who got it."),
        "refused": _("The platform said no and did nothing. The reason is shown; nobody got it."),
        "unknown": _("The call left and no answer came that can be trusted. It is never made again."),
        "missed": _("It could not be submitted in time. Nothing was sent; give it a new time or cancel."),
        "cancelled": _("Ended before it was submitted; nobody got it."),
    },
    "order_sync": {
        "none": _("The order has no status yet, so there is nothing to sync."),
        "pending": _(
            "Received. It leaves after its settle time, when it is its turn among those of its order."
        ),
        "syncing": _("Handed to the order centre; one status of an order at a time."),
        "retrying": _("The platform could not take it yet. It is tried again by itself."),
        "synced": _("The platform took it. Whether it sends a message is a matter of the scene."),
        "not_notified": _("The platform took it and says why it sent no message."),
        "unknown": _("Nobody knows whether the platform took it. The next status of the order settles it."),
        "superseded": _("It arrived after a later one had been synced. The platform would drop it."),
        "dead": _("The platform refused it, or it could not leave. Mend the cause, then sync it again."),
    },
    "order_import": {
        "checking": _("Every row is read and judged. No order is touched."),
        "checked": _("The counts are there and wait for a yes. No order is touched yet."),
        "importing": _("Rows become orders, each once, also after an interruption."),
        "done": _("Every row has an outcome. What was refused can be downloaded with its reason."),
        "failed": _("It ended early and says why. Rows that had been taken over stay."),
    },
    "delivery": {
        "queued": _("Frozen, waits for its turn."),
        "claimed": _("Taken by a worker; it leaves in a moment."),
        "sending": _("Handed to the platform; the answer is on its way."),
        "accepted": _(
            "The platform took it. That is all it ever tells: not whether the person saw or opened it."
        ),
        "refused": _("The platform said no and did nothing. The reason is shown; the consent is kept."),
        "skipped": _("We did not send it. The reason is shown; the consent is kept."),
        "unknown": _(
            "It left, and no answer came that can be trusted: the person may have it. A person decides."
        ),
        "treated_as_sent": _("Unknown, and a person decided to count it as sent. The consent stays spent."),
        "sent_again": _("Unknown, and a person decided to send once more, which may repeat it."),
    },
    "library": {
        "available": _("Can be adopted now."),
        "not_available": _("Cannot be adopted; the row says why and where to change that."),
        "adopted": _("This mini program has it."),
    },
    "template": {
        "submitting": _("The application is on its way to the platform."),
        "applied": _("The platform is reviewing it. Nothing can be sent with it yet."),
        "approved": _("Messages can be sent with it to people who gave consent."),
        "rejected": _("The platform said no. It gives the reason only in the merchant platform."),
        "offline": _("The platform switched it off. Messages with it would be refused; adopt it again."),
        "failed": _("The platform does not have it. Nothing was adopted; adopt it again."),
        "differs": _("The platform's copy has another name, other keywords or another kind than ours."),
    },
    "consent": {
        "standing": _("Long-term: one yes pays for many messages until the person takes it back."),
        "used_up": _("One-time: each yes was spent. They can be asked again at their next visit."),
        "revoked": _("The person took it back. They are skipped until they say yes again."),
    },
    "list": {
        "uploaded": _("The file is here. Say which column holds the ids and which others to keep."),
        "checking": _("The file is being read. Nothing was imported yet."),
        "checked": _("The counts are known. Import it, or leave it."),
        "importing": _("The people are being stored."),
        "ready": _("Frozen, and can be chosen for a send."),
        "failed": _("The file could not be read to its end. The page says why; nothing of it is used."),
    },
    "job": {
        "queued": _("Waits for a free worker."),
        "running": _("Under way. The page can be closed; the work goes on."),
        "done": _("Finished, with its result on the page."),
        "cancelled": _("Stopped by a person. The page says how far it came."),
        "failed": _("It could not be finished. The page says why and whether to start again."),
    },
    "mini_program": {
        "open": _("Messages of this mini program may leave."),
        "stopped": _("The emergency stop is on: nothing leaves until it is released."),
    },
    "seat": {
        "active": _("The person may do what the role allows."),
        "disabled": _("The person cannot enter this merchant any more; what they did stays recorded."),
    },
    "api_key": {
        "active": _("Whoever holds it may call, within its scopes."),
        "revoked": _("Every request with it is answered 401. It cannot be made valid again."),
    },
}
SKIPPED: Words = {
    SkipReason.NOT_KNOWN: _(
        "The person is not a customer of this mini program, or had their data erased. Nothing to do."
    ),
    SkipReason.DO_NOT_SEND: _("They asked to hear nothing more. Respect it."),
    SkipReason.OPTED_OUT: _(
        "They opted out of profiling, and a rule picked this audience. A list you upload yourself still"
        " reaches them."
    ),
    SkipReason.DOES_NOT_FIT: _(
        "With this person's own words a text is empty or longer than the platform takes. Shorten it, or give"
        " a fallback."
    ),
    SkipReason.NO_CONSENT: _("They never said yes to this template, or used it up. Ask at the next visit."),
    SkipReason.FREQUENCY_CAP: _(
        "Your own cap of messages to one person is reached, over all templates. Send later, or see Settings,"
        " Sending rules."
    ),
    SkipReason.FATIGUE: _(
        "The template's own limit per person is reached. Send later, or use another template."
    ),
    SkipReason.HOLDOUT: _(
        "Kept back by chance for comparison, as the send asked for. They keep their consent. Nothing to do."
    ),
    SkipReason.GAVE_UP: _(
        "It never got as far as the platform, after several tries. Check the connection, send again."
    ),
    SkipReason.NOT_SENT: _("We know for certain that it never left. It can be sent again."),
    SkipReason.CANCELLED: _("The send was cancelled before its turn."),
}
PAUSED: Words = {
    PauseReason.OPERATOR: _("Resume it when you like."),
    PauseReason.GATEWAY: _("See Settings, Mini programs & keys; repair what stands there, then resume."),
    PauseReason.RESTORED: _(
        "After a restore we cannot know who got it meanwhile. Compare with the platform, then decide."
    ),
    PauseReason.NOT_AFTER: _("Give another latest time, lift it, or cancel what is left."),
    PauseReason.REFUSALS: _(
        "Of the last 200 messages 40 were refused for a reason of the message or the mini program, or 20 and"
        " nobody was accepted. It would be the same for everybody else: repair it, then resume."
    ),
    PauseReason.UNTRUSTED: _(
        "Of the last 64 messages 5 got no answer that can be trusted. Wait until the platform answers again,"
        " then resume, and decide about those whose outcome is unknown."
    ),
    PauseReason.COUPON: _(
        "Its messages carry a coupon that is not shown any more. Show it again and resume, go on without it,"
        " or cancel what is left."
    ),
    PauseReason.SIGNATURE: _(
        "One answer is enough: the Alipay key kept here is the wrong one, or somebody answers in the"
        " platform's name. Compare the key, then resume."
    ),
}


@dataclass(frozen=True)
class StateTable:
    """`rows`: the mark with its word, and what it means."""

    kind: str
    title: str | Promise
    rows: list[tuple[states.StateWord, str | Promise]]


@dataclass(frozen=True)
class RefusalTable:
    """`rows`: codes of one cause with its sentence."""

    scope: str
    title: str | Promise
    rows: list[tuple[list[str], Sentence]]


def state_tables() -> list[StateTable]:
    return [
        StateTable(
            kind,
            KINDS.get(kind, kind),
            [(word, STATES.get(kind, {}).get(state, "--")) for state, word in table.items()],
        )
        for kind, table in states.WORDS.items()
    ]


def skip_reasons() -> list[tuple[str | Promise, str | Promise]]:
    return [(reason.label, SKIPPED.get(reason, "--")) for reason in SkipReason]


def pause_reasons() -> list[tuple[str | Promise, str | Promise]]:
    return [(reason.label, PAUSED.get(reason, "--")) for reason in PauseReason]


def unknown_reasons() -> list[str | Promise]:
    return list(UNKNOWN.values())


def refusal_tables() -> list[RefusalTable]:
    """Every code of merchants/refusals.py under whom it concerns, causes in the order of that table."""
    titles: Words = {
        "recipient": _("About one person"),
        "batch": _("About the message, the template or the order: what was sent does not pass as it is"),
        "app": _("About the mini program, its keys and rights: nothing of it will pass"),
        "unsure": _("No certain answer, or not now"),
    }
    found: dict[str, dict[Sentence, list[str]]] = {scope: {} for scope in titles}
    for code, sentence in SENTENCES.items():
        known = SUB_CODES.get(code)
        scope = known.scope if known and known.shape == "refused" else "unsure"
        found[scope].setdefault(sentence, []).append(code)
    return [
        RefusalTable(scope, titles[scope], [(codes, sentence) for sentence, codes in causes.items()])
        for scope, causes in found.items()
    ]
