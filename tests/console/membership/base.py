"""Lists as a person makes them: a file in a form, then the Job run in this process."""

import uuid
from collections.abc import Sequence

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from membership import importing
from membership.models import PeopleList
from tests.base import CastCase
from tests.build_messaging import people

HTMX = {"HX-Request": "true"}


class ListCase(CastCase):
    def url(self, name: str, *, merchant: str = "yunduo", **kwargs: int) -> str:
        return reverse(name, kwargs={"merchant": merchant, **kwargs})

    def known(self, count: int) -> list[str]:
        return [str(one.open_id) for one in people(self.mini_program, count)]

    def form(self, lines: Sequence[str], **changes: object) -> dict[str, object]:
        text = "\n".join(["open_id", *lines])
        return {
            "file": SimpleUploadedFile("people.csv", text.encode(), content_type="text/csv"),
            "name": "Autumn",
            "purpose": "Bring back people who returned a phone",
            "unknown": "leave_out",
            "form_token": str(uuid.uuid4()),
            **changes,
        }

    def uploaded(self, lines: Sequence[str], **changes: object) -> PeopleList:
        """By the operator, through the form; its Job has not run yet."""
        self.sign_in(self.operator)
        answer = self.client.post(self.url("list_new"), self.form(lines, **changes))
        assert answer.status_code == 303, answer.content.decode()
        return PeopleList.objects.get()

    def imported(self, lines: Sequence[str], **changes: object) -> PeopleList:
        people_list = self.uploaded(lines, **changes)
        assert people_list.job_id is not None
        importing.import_list(people_list.merchant_id, people_list.job_id)
        people_list.refresh_from_db()
        return people_list
