"""What the tests of lists share: a folder of their own, an upload, its Job run to the end."""

import io
import tempfile
import uuid
from pathlib import Path

from django.test import override_settings

from membership import importing, lists
from membership.models import Customer, PeopleList
from merchants.models import Job
from tests.base import CastCase


def open_id(number: int) -> str:
    return f"012person{number:06d}"


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
                "add_unknown": False,
                "by": self.operator,
                "form_token": uuid.uuid4(),
                **changes,
            }
        )

    def imported(self, content: bytes | str, **changes) -> PeopleList:
        """The list after its Job had one run."""
        people_list = self.receive(content, **changes)
        importing.import_list(self.yunduo.pk, people_list.job_id)
        people_list.refresh_from_db()
        return people_list

    def job_of(self, people_list: PeopleList) -> Job:
        return Job.objects.get(pk=people_list.job_id)
