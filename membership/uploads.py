"""Uploaded files: kept under names of our own, deleted when their time is over."""

from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from membership.models import PeopleList
from merchants.jobs import JobRefused

BLOCK_BYTES = 256 * 1024
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
KEPT_STATES = (PeopleList.State.CHECKING, PeopleList.State.IMPORTING)  # a worker reads the file


class UploadRefused(JobRefused):
    """The file was not taken; the message tells the person what to do."""


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


def path_of(stored_name: str) -> Path:
    return Path(settings.MEDIA_ROOT) / stored_name


def new_name() -> str:
    return f"{uuid.uuid4().hex}.csv"


def create(stored_name: str) -> int:
    """A descriptor of the new file, which only we may read."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / stored_name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def store(file: Readable) -> str:
    """Writes the file to disk block by block; returns its name there. Raises UploadRefused when too large."""
    name, size = new_name(), 0
    with os.fdopen(create(name), "wb") as target:
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            if size > settings.UPLOAD_MAX_BYTES:
                break
            target.write(block)
    if size > settings.UPLOAD_MAX_BYTES:
        delete(name)
        raise UploadRefused(too_large_sentence())
    return name


def too_large_sentence() -> str:
    return _("The file is larger than %(megabytes)s MB. Split it and upload each part by itself.") % {
        "megabytes": settings.UPLOAD_MAX_BYTES // (1024 * 1024)
    }


def delete(stored_name: str) -> None:
    if stored_name:
        path_of(stored_name).unlink(missing_ok=True)


def discard(people_list: PeopleList) -> None:
    """Deletes the files of a list, which stays. The row forgets first: a file without a row is litter."""
    names = (people_list.stored_file, people_list.problem_file)
    PeopleList.objects.filter(pk=people_list.pk).update(stored_file="", problem_file="")
    for name in names:
        delete(name)


def problem_path(people_list: PeopleList) -> Path | None:
    """Where the rows that were left out stand, or None: there are none, or their time is over."""
    path = path_of(people_list.problem_file) if people_list.problem_file else None
    return path if path is not None and path.is_file() else None


def prune(*, at: datetime) -> int:
    """Deletes files older than UPLOAD_KEEP_DAYS, also stray ones. Returns how many lists lost theirs."""
    oldest = at - timedelta(days=settings.UPLOAD_KEEP_DAYS)
    old = PeopleList.objects.filter(created_at__lt=oldest).exclude(stored_file="", problem_file="")
    lists = list(old.exclude(state__in=KEPT_STATES)[:1000])
    for people_list in lists:
        discard(people_list)
    for path in Path(settings.MEDIA_ROOT).glob("*.csv"):
        if path.stat().st_mtime < (oldest - timedelta(days=1)).timestamp():
            path.unlink(missing_ok=True)
    return len(lists)


def safe_against_formulas(value: str) -> str:
    """A spreadsheet that opens the file shows the text and runs nothing."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
