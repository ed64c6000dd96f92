"""What the tests of lists share: a folder of their own, an upload, its two Jobs run to the end."""

import io
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from django.db import connection
from django.test import override_settings

from membership import checking, importing, lists, staging
from membership.columns import Layout, choose, stored_layout
from membership.models import Customer, PeopleList
from merchants.models import Job
from tests.base import CastCase


def open_id(number: int) -> str:
    return f"012person{number:06d}"


def judged_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(staging.ALL_JUDGED)
        return [name for (name,) in cursor.fetchall()]


class ListCase(CastCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="uploads-")
        self.addCleanup(folder.cleanup)
        self.uploads = Path(folder.name)
        chosen = override_settings(MEDIA_ROOT=self.uploads)
        chosen.enable()
        self.addCleanup(chosen.disable)

    def know(self, *open_ids: str) -> list[Customer]:
        people = [
            Customer(merchant=self.yunduo, mini_program=self.mini_program, open_id=one, source="test")
            for one in open_ids
        ]
        return Customer.objects.bulk_create(people)

    def receive(self, content: bytes | str, **changes) -> PeopleList:
        body = content.encode() if isinstance(content, str) else content
        return lists.receive(
            **{
                "merchant": self.yunduo,
                "mini_program": self.mini_program,
                "file": io.BytesIO(body),
                "file_name": "people.csv",
                "name": "老客名单",
                "purpose": "召回",
                "by": self.operator,
                "form_token": uuid.uuid4(),
                **changes,
            }
        )

    def being_checked(
        self,
        content: bytes | str,
        *,
        keep: Sequence[int] | None = (),
        add_unknown: bool = False,
        **changes,
    ) -> PeopleList:
        """Its columns are chosen, its Job has not run. `keep`: places of columns; None: as proposed."""
        people_list = self.receive(content, **changes)
        layout = stored_layout(people_list.layout)
        if keep is not None:
            layout = self.keeping(layout, keep)
        assert lists.start_check(people_list, layout=layout, add_unknown=add_unknown, by=self.operator)
        return people_list

    def keeping(self, layout: Layout, keep: Sequence[int]) -> Layout:
        return choose(
            layout,
            has_header=layout.has_header,
            open_id=layout.open_id,
            kept=keep,
            names=[f"column {one}" for one in keep],
        )

    def checked(self, content: bytes | str, **changes) -> PeopleList:
        """The list after its dry run had one run."""
        people_list = self.being_checked(content, **changes)
        checking.check_list(self.yunduo.pk, people_list.job_id)
        people_list.refresh_from_db()
        return people_list

    def being_imported(self, content: bytes | str, **changes) -> PeopleList:
        people_list = self.checked(content, **changes)
        assert lists.start_import(people_list, by=self.operator), self.job_of(people_list).error
        return people_list

    def imported(self, content: bytes | str, **changes) -> PeopleList:
        """The list after both Jobs had one run."""
        people_list = self.being_imported(content, **changes)
        importing.import_list(self.yunduo.pk, people_list.job_id)
        people_list.refresh_from_db()
        return people_list

    def job_of(self, people_list: PeopleList) -> Job:
        return Job.objects.get(pk=people_list.job_id)
