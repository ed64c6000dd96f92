"""What the diagnosis says about a status: in one line, as the answer of the page, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from orders import reasons
from orders.diagnosis import NOBODY_KNOWS, GateName, Reason, Step
from orders.scene_fields import field_name


@dataclass(frozen=True)
class Words:
    """`short` for figures, `title` as the answer, `remedy` what to do; `%(name)s` is the status's name."""

    short: str | Promise
    title: str | Promise
    remedy: str | Promise


WORDS: Mapping[Reason, Words] = {
    Reason.NOTIFIED: Words(
        gettext_lazy("Message sent"),
        gettext_lazy("“%(name)s” sent its message"),
        gettext_lazy("The platform took the status and named nothing that kept the message back."),
    ),
    Reason.WAITING: Words(
        gettext_lazy("Waiting to sync"),
        gettext_lazy("“%(name)s” is waiting for its turn"),
        gettext_lazy("An order's statuses go one at a time, oldest first. It goes by itself; nothing to do."),
    ),
    Reason.SYNCING: Words(
        gettext_lazy("Syncing"),
        gettext_lazy("“%(name)s” is on its way to the platform"),
        gettext_lazy("The platform has not answered yet. Look again in a moment."),
    ),
    Reason.UNKNOWN: Words(
        gettext_lazy("Outcome unknown"),
        gettext_lazy("Nobody knows yet whether “%(name)s” reached the platform"),
        gettext_lazy("No answer came back. Returning the same status with a newer time does no harm."),
    ),
    Reason.NOT_A_NODE: Words(
        gettext_lazy("Not a sending node"),
        gettext_lazy("“%(name)s” sends no message, by the rules of its scene"),
        gettext_lazy("The order is stored. Messages come at the sending nodes; return those that follow."),
    ),
    Reason.WRONG_SCENE: Words(
        gettext_lazy("Wrong scene"),
        gettext_lazy("“%(name)s” sent no message because it belongs to another scene"),
        gettext_lazy("An order keeps its scene for life. Return new orders of this kind in: %(scenes)s."),
    ),
    Reason.NO_SUCH_NODE: Words(
        gettext_lazy("The scene lacks this status"),
        gettext_lazy("“%(name)s” sent no message because the scene has no such status"),
        gettext_lazy("Nodes cannot be made to order. Return the scene's status that comes closest."),
    ),
    Reason.FIELDS_MISSING: Words(
        gettext_lazy("Fields missing"),
        gettext_lazy("“%(name)s” sent no message because fields are missing: %(fields)s"),
        gettext_lazy(
            "The platform stored the order and told nobody. Return the status again with these fields"
            " and a newer time."
        ),
    ),
    Reason.WILL_LACK: Words(
        gettext_lazy("Fields will be missing"),
        gettext_lazy("“%(name)s” will send no message: fields are missing: %(fields)s"),
        gettext_lazy("Return it again with these fields and a newer time, before it is synced."),
    ),
    Reason.BACKWARD: Words(
        gettext_lazy("Step not allowed"),
        gettext_lazy("“%(name)s” was not taken because an order cannot go there from where it stood"),
        gettext_lazy("Return the status that truly comes next; the list below names it."),
    ),
    Reason.FORGOTTEN: Words(
        gettext_lazy("The person was forgotten"),
        gettext_lazy("“%(name)s” was not synced because the customer was forgotten"),
        gettext_lazy("Nothing is to be done: nothing more is returned or kept about this person."),
    ),
    Reason.LATE: Words(
        gettext_lazy("Arrived late"),
        gettext_lazy("“%(name)s” arrived late and was not synced"),
        gettext_lazy(
            "The platform already has a newer status and would drop this one. Return statuses as they happen."
        ),
    ),
    Reason.REPEATED: Words(
        gettext_lazy("Modified time not newer"),
        gettext_lazy("“%(name)s” was not taken because its modified time is not newer"),
        gettext_lazy("Give every real change a time of its own, to the millisecond."),
    ),
    Reason.BEFORE_THE_ORDER: Words(
        gettext_lazy("Older than the order"),
        gettext_lazy("“%(name)s” was not taken because it is dated before the order was placed"),
        gettext_lazy("Check the clock and the time zone of your system, then return it again."),
    ),
    Reason.NOT_ONLINE: Words(
        gettext_lazy("Mini program not online"),
        gettext_lazy("“%(name)s” was not taken because the mini program is not online"),
        gettext_lazy("Publish the mini program on the platform, then sync again."),
    ),
    Reason.TURNED_OFF: Words(
        gettext_lazy("Turned off by the customer"),
        gettext_lazy("“%(name)s” sent no message because the customer turned this merchant's messages off"),
        gettext_lazy("Only the customer can turn them on again; the order itself is up to date."),
    ),
    Reason.ALREADY_TOLD: Words(
        gettext_lazy("Already sent for this node"),
        gettext_lazy("“%(name)s” sent no second message: each node tells the customer once"),
        gettext_lazy("The first return of this status sent it. Nothing to do."),
    ),
    Reason.LINK_DIFFERS: Words(
        gettext_lazy("Detail link differs"),
        gettext_lazy("“%(name)s” was not taken because the detail link differs from the first one"),
        gettext_lazy("An order keeps its first link for life. Return it with that link."),
    ),
    Reason.NEVER_LEFT: Words(
        gettext_lazy("Did not reach the platform"),
        gettext_lazy("“%(name)s” did not reach the platform"),
        gettext_lazy("The platform certainly did nothing. Mend the cause, then sync again."),
    ),
    Reason.MESSAGE_UNKNOWN: Words(
        gettext_lazy("Taken, message unknown"),
        gettext_lazy("“%(name)s” was taken, but nobody knows whether its message went out"),
        gettext_lazy(
            "The first answer was lost; to the repetition the platform only said that it has the status."
        ),
    ),
    Reason.REFUSED: Words(
        gettext_lazy("Refused by the platform"),
        gettext_lazy("“%(name)s” was refused by the platform"),
        gettext_lazy("Its words are below. Mend the cause, then return the status again."),
    ),
    Reason.NOT_DISTRIBUTED: Words(
        gettext_lazy("Kept back by the platform"),
        gettext_lazy("“%(name)s” was stored, but the platform kept the message back"),
        gettext_lazy("Its words are below."),
    ),
}
GATES: Mapping[GateName, str | Promise] = {
    GateName.RECORDED: gettext_lazy("We recorded it"),
    GateName.SCENE: gettext_lazy("Scene is right"),
    GateName.STEP: gettext_lazy("Step allowed"),
    GateName.ACCEPTED: gettext_lazy("Platform took it"),
    GateName.NODE: gettext_lazy("Is a sending node"),
    GateName.FIELDS: gettext_lazy("Fields complete"),
    GateName.CUSTOMER: gettext_lazy("Customer can receive"),
}
VERDICTS: Mapping[str, str | Promise] = {
    "passed": pgettext_lazy("gate", "passed"),
    "broken": pgettext_lazy("gate", "stopped here"),
    "by_rule": pgettext_lazy("gate", "ends here by rule"),
    "waits": pgettext_lazy("gate", "waiting"),
    "not_reached": pgettext_lazy("gate", "not reached"),
}


@dataclass(frozen=True)
class Answer:
    """`said`: the platform's own words, or ours where `is_ours`; empty where nothing was said."""

    title: str
    remedy: str
    said: str
    code: str
    is_ours: bool = False


def names_of(keys: Iterable[str]) -> str:
    """Fields as people call them, in one line."""
    return pgettext("between items of a list", ", ").join(field_name(key) for key in keys)


def name_of(step: Step) -> str:
    return str(step.node.name) if step.node else step.change.status


def answer_of(step: Step) -> Answer:
    words = WORDS[step.reason]
    named = {
        "name": name_of(step),
        "fields": names_of(step.missing),
        "scenes": ", ".join(str(scene.name) for scene in step.scenes) or _("the scene that fits"),
    }
    code = step.change.sub_code
    remedy = str(words.remedy) % named
    if step.reason in {Reason.REFUSED, Reason.NEVER_LEFT} and code:
        told = reasons.sentence(code)
        remedy = f"{told.title} – {told.remedy}"
    is_ours = step.reason in {Reason.NEVER_LEFT, Reason.UNKNOWN}
    return Answer(str(words.title) % named, remedy, step.change.words, code, is_ours)


def why(step: Step) -> str:
    """One line for a table of statuses."""
    if step.reason == Reason.NOT_A_NODE:
        return _("A status in between; by rule none is sent.")
    if step.is_distributed and step.node and not step.node.pushes:
        return _("Message only; this node does not push.")
    short = str(WORDS[step.reason].short)
    if step.missing:
        return _("%(reason)s: %(fields)s") % {"reason": short, "fields": names_of(step.missing)}
    return short


def got(step: Step) -> str:
    """What the customer got, as a word: `message`, `push`, `none` by rule, `not_sent`, or `open`."""
    if step.is_distributed:
        return "push" if step.node and step.node.pushes else "message"
    if step.reason in {Reason.NOT_A_NODE, Reason.ALREADY_TOLD}:
        return "none"
    is_open = step.reason in NOBODY_KNOWS or step.reason == Reason.WILL_LACK
    return "not_sent" if step.is_trouble and not is_open else "open"
