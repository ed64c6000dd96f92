"""Lists as a person makes them: a file in a form, its columns, the yes; the Jobs run in this process."""

import uuid
from collections.abc import Sequence

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from membership import checking, importing
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
            "form_token": str(uuid.uuid4()),
            **changes,
        }

    def uploaded(self, lines: Sequence[str], **changes: object) -> PeopleList:
        """By the operator, through the form; it waits for its columns."""
        self.sign_in(self.operator)
        answer = self.client.post(self.url("list_new"), self.form(lines, **changes))
        assert answer.status_code == 303, answer.content.decode()
        return PeopleList.objects.get()

    def columns(self, **changes: object) -> dict[str, object]:
        """The columns form of a file with one column."""
        return {
            "has_header": "yes",
            "unknown": "leave_out",
            "use_0": "open_id",
            "name_0": "open_id",
            **changes,
        }

    def being_checked(self, lines: Sequence[str], *, unknown: str = "leave_out") -> PeopleList:
        people_list = self.uploaded(lines)
        chosen = self.columns(unknown=unknown)
        answer = self.client.post(self.url("list_columns", list_id=people_list.pk), chosen)
        assert answer.status_code == 303, answer.content.decode()
        people_list.refresh_from_db()
        return people_list

    def checked(self, lines: Sequence[str], **changes: str) -> PeopleList:
        people_list = self.being_checked(lines, **changes)
        assert people_list.job_id is not None
        checking.check_list(people_list.merchant_id, people_list.job_id)
        people_list.refresh_from_db()
        return people_list

    def imported(self, lines: Sequence[str], **changes: str) -> PeopleList:
        people_list = self.checked(lines, **changes)
        answer = self.client.post(self.url("list_import", list_id=people_list.pk))
        assert answer.status_code == 303, answer.content.decode()
        people_list.refresh_from_db()
        assert people_list.job_id is not None
        importing.import_list(people_list.merchant_id, people_list.job_id)
        people_list.refresh_from_db()
        return people_list
