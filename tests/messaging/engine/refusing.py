"""People of a send that were marked and refused, through the engine itself."""

from django.utils import timezone

from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import SendControl


def refuse(control: SendControl, people: int, sub_code: str, *, shape: str = "refused") -> list[int]:
    """The ids of the rows that were refused, or came to another outcome."""
    ours = claim(control, limit=people)
    sent = mark(control, ours, ids=ours.ids, at=timezone.now())
    record(control, ours.token, [Answer(row.id, shape, sub_code, 1.0) for row in sent])
    return [row.id for row in sent]
