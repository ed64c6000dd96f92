"""A file of orders in chunks that the intake takes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings

from membership import uploads
from merchants.models import Job
from orders.choosing import chosen_scenes
from orders.given import OrderGiven
from orders.importing.columns import Layout, rows_of
from orders.importing.rows import Read, Reader
from orders.intake import MAX_ORDERS, Received
from orders.models import OrderImport


def reader_of(of: OrderImport, layout: Layout) -> Reader:
    chosen = [scene.code for scene in chosen_scenes(of.mini_program)]
    return Reader(layout, scene=of.scene, chosen=chosen, zone=ZoneInfo(of.merchant.time_zone))


def chunks_of(of: OrderImport, layout: Layout, *, behind: int = 0) -> Iterator[list[Read]]:
    """At most MAX_ORDERS rows each, in the order of the file; `behind` that many rows. Raises UploadRefused.

    Each chunk is read when it is asked for: only one is in memory.
    """
    reader = reader_of(of, layout)
    rows = rows_of(uploads.path_of(of.stored_file), layout)
    next(islice(rows, behind, behind), None)
    while chunk := [reader.read(line, cells) for line, cells in islice(rows, MAX_ORDERS)]:
        yield chunk


def orders_of(chunk: Sequence[Read]) -> list[OrderGiven]:
    return [read.given for read in chunk if read.given is not None]


def judged(chunk: Sequence[Read], answers: Sequence[Received]) -> list[tuple[Read, Received]]:
    """Each row with its answer; `answers` are those for the orders of the chunk."""
    rest = iter(answers)
    return [(read, next(rest) if read.given is not None else _unread(read)) for read in chunk]


def _unread(read: Read) -> Received:
    return Received("refused", code=read.code, fields=dict(read.wrong))


def language_of(job: Job) -> str:
    return (job.by.language if job.by else "") or settings.LANGUAGE_CODE
