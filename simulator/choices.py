"""What a person decides about messages of a template: subscribe, end it, answer the prompt, keep the answer.

An answer that is kept ("总是保持以上选择", or of a long-term template "拒绝，不再询问") makes the prompt
silent: a kept accept brings a unit each time the mini program asks, a kept reject stands until the person
changes it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from simulator.store import ACCEPT, REJECT, STANDING, App, Store, Template

TEMPLATES_A_PROMPT = 3


@dataclass(frozen=True, slots=True)
class Answered:
    """`shown`: those a panel asked about; `choices`: accept or reject for each template, in their order."""

    shown: list[Template]
    choices: dict[str, str]
    subscribed: list[Template]
    kept: list[Template]


def ask(
    store: Store,
    app: App,
    templates: Sequence[Template],
    open_id: str,
    *,
    accepts: Collection[str],
    keep: bool,
) -> Answered:
    """The prompt of the mini program, about at most three templates of one kind. What is kept is not asked
    again; of the others the person accepts those named and, with `keep`, wants to hear no more of it."""
    answered = Answered([], {}, [], [])
    for template in templates:
        choice = template.kept_choice(open_id)
        if not choice:
            choice = ACCEPT if template.template_id in accepts else REJECT
            answered.shown.append(template)
            if keep and not (template.long_term and choice == ACCEPT):
                store.keep_choice(app, template, open_id, choice)
                answered.kept.append(template)
        if choice == ACCEPT and template.consents.get(open_id) != STANDING:
            _add(store, app, template, open_id, 1)
            answered.subscribed.append(template)
        answered.choices[template.template_id] = choice
    return answered


def subscribe(
    store: Store, app: App, template: Template, open_id: str, units: int, *, keep: bool = False
) -> None:
    """One-time units accumulate, a long-term consent stands. Who had refused for good has changed that."""
    _add(store, app, template, open_id, units)
    if keep and not template.long_term:
        store.keep_choice(app, template, open_id, ACCEPT)
    elif template.kept.get(open_id) == REJECT:
        store.keep_choice(app, template, open_id, "")


def unsubscribe(store: Store, app: App, template: Template, open_id: str) -> None:
    """Whatever was left is gone; who had accepted for good is asked again."""
    store.set_consent(app, template, open_id, 0)
    if template.kept.get(open_id) == ACCEPT:
        store.keep_choice(app, template, open_id, "")


def _add(store: Store, app: App, template: Template, open_id: str, units: int) -> None:
    held = template.consents.get(open_id, 0)
    store.set_consent(app, template, open_id, STANDING if template.long_term else held + units)
