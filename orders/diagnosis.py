"""Why a status of an order sent its message, or did not: pure reading of what came in and what was answered.

The reasons are those of the platform's own list of causes; what the platform said itself always counts for
more than our table, which only tells beforehand what it is going to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from orders.models import Order, StatusChange
from orders.scenes import SCENES, Node, Scene

State = StatusChange.State
MOST_NEXT = 4
ANSWERED = (State.SYNCED, State.NOT_NOTIFIED)
FIELDS_TELL = (State.PENDING, State.SYNCING, State.NOT_NOTIFIED, State.DEAD)  # the reason may hang on fields
FIELD_NAMED = re.compile(r"缺少必填属性[：:]?\s*([A-Za-z_][\w.]*(?:\s*[,，、]\s*[A-Za-z_][\w.]*)*)")
OF_SUB_CODE = {
    "TINY_APP_IS_NOT_ONLINE": "not_online",
    "MERCHANT_LINK_EXIST": "link_differs",
    "AE0515022537": "link_differs",
    "ORDER_ERROR_STATUS": "backward",
    "MERCHANT_ORDER_STATUS_ILLEGAL": "no_such_node",
    "DUPLICATE_REQUEST": "repeated",
}
# What the platform writes where one sub_code stands for many causes, and in distribute_result.
OF_WORDS = {
    "商户链接已存在": "link_differs",
    "订单状态乱序": "backward",
    "订单状态不合法": "no_such_node",
    "短时间内重复请求": "repeated",
    "幂等拦截": "repeated",
    "业务修改时间不能早于业务创建时间": "before_the_order",
    "subBizType": "wrong_scene",
    "关闭": "turned_off",
    "拒收": "turned_off",
    "屏蔽": "turned_off",
    "已发送": "already_told",
    "重复发送": "already_told",
}


class Reason(StrEnum):
    NOTIFIED = "notified"
    WAITING = "waiting"
    SYNCING = "syncing"
    UNKNOWN = "unknown"
    NOT_A_NODE = "not_a_node"
    WRONG_SCENE = "wrong_scene"
    NO_SUCH_NODE = "no_such_node"
    FIELDS_MISSING = "fields_missing"
    WILL_LACK = "will_lack"  # fields, by our own table, before the platform was asked
    BACKWARD = "backward"
    FORGOTTEN = "forgotten"  # the person was, while it still waited
    LATE = "late"  # older than what the platform took
    REPEATED = "repeated"  # the same modified time again
    BEFORE_THE_ORDER = "before_the_order"
    NOT_ONLINE = "not_online"
    TURNED_OFF = "turned_off"
    ALREADY_TOLD = "already_told"
    LINK_DIFFERS = "link_differs"
    NEVER_LEFT = "never_left"  # our own words tell why
    MESSAGE_UNKNOWN = "message_unknown"  # taken; which answer the first call got was lost
    REFUSED = "refused"  # for a cause of its own: the platform's words tell it
    NOT_DISTRIBUTED = "not_distributed"  # likewise, of an order that was taken


FINE = frozenset({Reason.NOTIFIED, Reason.NOT_A_NODE, Reason.ALREADY_TOLD})
UNDER_WAY = frozenset({Reason.WAITING, Reason.SYNCING})
NOBODY_KNOWS = frozenset({Reason.UNKNOWN, Reason.MESSAGE_UNKNOWN})
OVERTAKEN = frozenset({Reason.LATE, Reason.REPEATED})
LACKING = frozenset({Reason.FIELDS_MISSING, Reason.WILL_LACK})
MAYBE_ELSEWHERE = LACKING | {Reason.NO_SUCH_NODE, Reason.WRONG_SCENE}


class GateName(StrEnum):
    RECORDED = "recorded"
    SCENE = "scene"
    STEP = "step"
    ACCEPTED = "accepted"
    NODE = "node"
    FIELDS = "fields"
    CUSTOMER = "customer"


PASSED, BROKEN, BY_RULE, WAITS, NOT_REACHED = "passed", "broken", "by_rule", "waits", "not_reached"
STOPS_AT = {
    Reason.WRONG_SCENE: GateName.SCENE,
    Reason.NO_SUCH_NODE: GateName.SCENE,
    Reason.BACKWARD: GateName.STEP,
    Reason.LATE: GateName.STEP,
    Reason.REPEATED: GateName.STEP,
    Reason.BEFORE_THE_ORDER: GateName.STEP,
    Reason.WAITING: GateName.ACCEPTED,
    Reason.SYNCING: GateName.ACCEPTED,
    Reason.UNKNOWN: GateName.ACCEPTED,
    Reason.NOT_ONLINE: GateName.ACCEPTED,
    Reason.LINK_DIFFERS: GateName.ACCEPTED,
    Reason.NEVER_LEFT: GateName.ACCEPTED,
    Reason.FORGOTTEN: GateName.ACCEPTED,
    Reason.REFUSED: GateName.ACCEPTED,
    Reason.NOT_A_NODE: GateName.NODE,
    Reason.ALREADY_TOLD: GateName.NODE,
    Reason.FIELDS_MISSING: GateName.FIELDS,
    Reason.WILL_LACK: GateName.FIELDS,
    Reason.TURNED_OFF: GateName.CUSTOMER,
    Reason.NOT_DISTRIBUTED: GateName.CUSTOMER,
    Reason.MESSAGE_UNKNOWN: GateName.CUSTOMER,
}


@dataclass(frozen=True)
class Step:
    """One returned status. `missing`: names of fields; `scenes`: other scenes that know it;
    `before`: the status that the platform had when this one came to it."""

    change: StatusChange
    node: Node | None
    reason: Reason
    missing: tuple[str, ...] = ()
    scenes: tuple[Scene, ...] = ()
    before: str = ""

    @property
    def is_settled(self) -> bool:
        """Its turn has come: a call was intended for it, or none ever will be."""
        return self.change.state != State.PENDING

    @property
    def is_synced(self) -> bool | None:
        """Whether the platform answered; None while nobody knows."""
        if self.change.state == State.UNKNOWN:
            return None
        return self.change.state in (*ANSWERED, State.DEAD)

    @property
    def is_accepted(self) -> bool | None:
        if self.change.state in ANSWERED:
            return True
        return False if self.change.state in (State.DEAD, State.SUPERSEDED) else None

    @property
    def is_distributed(self) -> bool:
        return self.reason == Reason.NOTIFIED

    @property
    def is_trouble(self) -> bool:
        return self.reason not in FINE | UNDER_WAY


@dataclass(frozen=True)
class Gate:
    name: GateName
    verdict: str


@dataclass(frozen=True)
class Upcoming:
    """A status that will notify: `has` and `lacks` are names of the fields of its message."""

    node: Node
    has: tuple[str, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    """`steps` in the order of modified time. `focus`: the one that the answer is about."""

    order: Order
    scene: Scene | None
    steps: tuple[Step, ...]
    focus: Step | None
    gates: tuple[Gate, ...]
    upcoming: tuple[Upcoming, ...]

    @property
    def expected(self) -> int:
        """Messages that the returned statuses should have sent: a node counts once."""
        return len({step.change.status for step in self.steps if step.node and step.node.notifies})

    @property
    def told(self) -> int:
        return sum(step.is_distributed for step in self.steps)

    @property
    def only_one(self) -> bool:
        """One status and no other was ever returned, and more would notify."""
        return len({step.change.status for step in self.steps}) == 1 and bool(self.upcoming)


def diagnose(order: Order, *, change_id: int | None = None) -> Diagnosis:
    """One query for the changes. `change_id` chooses the status to be explained; else the newest trouble."""
    scene = SCENES.get(order.scene)
    steps = steps_of(order, sorted(order.changes.all(), key=lambda change: change.modified_at))
    focus = _focus(steps, change_id)
    return Diagnosis(order, scene, steps, focus, gates_of(focus), upcoming_of(order, scene, steps))


def steps_of(order: Order, changes: Sequence[StatusChange]) -> tuple[Step, ...]:
    """`changes` of this order in the order of modified time."""
    told: set[str] = set()
    before, steps = "", []
    for change in changes:
        step = judge(order, change, before=before, told=frozenset(told))
        steps.append(step)
        if step.is_distributed:
            told.add(change.status)
        if change.state in ANSWERED:
            before = change.status
    return tuple(steps)


def judge(order: Order, change: StatusChange, *, before: str, told: frozenset[str]) -> Step:
    """`told`: statuses that already sent their message."""
    scene = SCENES.get(order.scene)
    node = scene.node(change.status) if scene else None
    missing = scene.missing_fields(change.status, change.fields) if scene else ()
    reason = _reason(change, scene, before=before, missing=missing)
    if reason == Reason.NOTIFIED and change.status in told:
        reason = Reason.ALREADY_TOLD
    if reason == Reason.FIELDS_MISSING:
        missing = _named_fields(change.words) or missing
    others = _other_scenes(scene, change) if reason in MAYBE_ELSEWHERE else ()
    if others:
        reason = Reason.WRONG_SCENE
    kept = missing if reason in LACKING | {Reason.WRONG_SCENE} else ()
    return Step(change, node, reason, kept, others, before)


def _reason(change: StatusChange, scene: Scene | None, *, before: str, missing: Sequence[str]) -> Reason:
    node = scene.node(change.status) if scene else None
    if change.state in (State.DEAD, State.NOT_NOTIFIED):
        return _said(change, node)
    if change.state == State.SUPERSEDED:
        return Reason.FORGOTTEN if change.cause == Reason.FORGOTTEN else Reason.LATE
    if change.state == State.UNKNOWN:
        return Reason.UNKNOWN
    if change.state == State.SYNCED:
        if node is None:
            return Reason.NO_SUCH_NODE
        told = Reason.MESSAGE_UNKNOWN if change.sub_code else Reason.NOTIFIED
        return told if node.notifies else Reason.NOT_A_NODE
    if scene is None or node is None:
        return Reason.NO_SUCH_NODE
    if not scene.may_follow(before, change.status):
        return Reason.BACKWARD
    if missing:
        return Reason.WILL_LACK
    return Reason.SYNCING if change.state == State.SYNCING else Reason.WAITING


def cause_of(change: StatusChange) -> str:
    """Why nobody was told, of a change that was answered; "" where the answer names nothing."""
    if change.state not in (State.DEAD, State.NOT_NOTIFIED):
        return ""
    scene = SCENES.get(change.order.scene)
    return _said(change, scene.node(change.status) if scene else None).value


def is_told(change: StatusChange) -> bool:
    """The platform took a status that notifies, and named nothing that kept its message back."""
    scene = SCENES.get(change.order.scene)
    node = scene.node(change.status) if scene else None
    return change.state == State.SYNCED and not change.sub_code and node is not None and node.notifies


def _said(change: StatusChange, node: Node | None) -> Reason:
    """Read from the platform's answer: its code first, then its words."""
    if _named_fields(change.words) and change.state == State.NOT_NOTIFIED:
        return Reason.FIELDS_MISSING
    found = OF_SUB_CODE.get(change.sub_code) or next(
        (reason for words, reason in OF_WORDS.items() if words in change.words), ""
    )
    if change.state == State.DEAD and change.sub_code.islower() and "." not in change.sub_code:
        return Reason.NEVER_LEFT  # the platform's codes have capitals or a dot
    if found:
        return Reason(found)
    if change.state == State.DEAD:
        return Reason.REFUSED
    return Reason.NOT_DISTRIBUTED if node is None or node.notifies else Reason.NOT_A_NODE


def _named_fields(words: str) -> tuple[str, ...]:
    """Of "缺少必填属性 ext_info.business_info.receiving_time" the last part, of several each one."""
    found = [one for names in FIELD_NAMED.findall(words) for one in re.split(r"[,，、\s]+", names)]
    return tuple(dict.fromkeys(name.rpartition(".")[2] for name in found if name))


def _other_scenes(own: Scene | None, change: StatusChange) -> tuple[Scene, ...]:
    """Scenes to which the status belongs where the own one lacks it, or whose message its fields fit."""
    known = own is not None and own.node(change.status) is not None
    found = []
    for scene in SCENES.values():
        node = scene.node(change.status)
        if scene is own or node is None:
            continue
        asks = node.notifies and (scene.common_fields or node.fields)
        if not known or (asks and not scene.missing_fields(change.status, change.fields)):
            found.append(scene)
    return tuple(found)


def _focus(steps: Sequence[Step], change_id: int | None) -> Step | None:
    """What came late or twice is explained when asked for; a newer status has already taken its place."""
    newest_first = steps[::-1]
    chosen = next((step for step in steps if step.change.pk == change_id), None)
    trouble = next((step for step in newest_first if _still_asks(step, steps)), None)
    return chosen or trouble or next(iter(newest_first), None)


def _still_asks(step: Step, steps: Sequence[Step]) -> bool:
    """Trouble that nobody answered by returning the same status again."""
    if not step.is_trouble or step.reason in OVERTAKEN | {Reason.FORGOTTEN}:
        return False
    later = steps[steps.index(step) + 1 :]
    return all(one.change.status != step.change.status or one.is_trouble for one in later)


def gates_of(step: Step | None) -> tuple[Gate, ...]:
    """All seven; those behind the one it stopped at were not reached."""
    if step is None:
        return ()
    stop = STOPS_AT.get(step.reason)
    verdict, gates = PASSED, []
    for name in GateName:
        if name == stop:
            gates.append(Gate(name, _verdict(step.reason)))
            verdict = NOT_REACHED
        elif name == GateName.ACCEPTED and step.is_accepted is None and verdict == PASSED:
            gates.append(Gate(name, WAITS))
        else:
            gates.append(Gate(name, verdict))
    return tuple(gates)


def _verdict(reason: Reason) -> str:
    if reason in FINE:
        return BY_RULE
    return WAITS if reason in UNDER_WAY | NOBODY_KNOWS else BROKEN


def upcoming_of(order: Order, scene: Scene | None, steps: Sequence[Step]) -> tuple[Upcoming, ...]:
    """The next notifying statuses that the scene allows from where the order stands."""
    if scene is None:
        return ()
    now = order.status
    returned = {step.change.status for step in steps}
    following = [
        node
        for node in scene.nodes
        if node.notifies and node.status not in returned and scene.may_follow(now, node.status)
    ]
    return tuple(_upcoming(order, scene, node) for node in following[:MOST_NEXT])


def _upcoming(order: Order, scene: Scene, node: Node) -> Upcoming:
    lacks = scene.missing_fields(node.status, order.fields)
    asked = tuple(dict.fromkeys((*scene.common_fields, *node.fields)))
    return Upcoming(node, tuple(name for name in asked if name not in lacks), lacks)
