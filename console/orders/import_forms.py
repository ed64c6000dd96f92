"""The form that takes a file of orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from console.forms import CreateForm
from membership.uploads import too_large_sentence
from membership.workbooks import MAX_ROWS
from orders.scenes import Scene

CHOOSE_FILE = gettext_lazy("Choose a CSV or XLSX file with one order on each line.")


class ImportForm(CreateForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=format_lazy(
            gettext_lazy(
                "CSV in UTF-8 or GB18030, at most {megabytes} MB; or XLSX with at most {rows} rows. "
                "The first row names the columns."
            ),
            megabytes=settings.UPLOAD_MAX_BYTES // (1024 * 1024),
            rows=f"{MAX_ROWS:,}",
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
        error_messages={
            "required": CHOOSE_FILE,
            "missing": CHOOSE_FILE,
            "empty": gettext_lazy("This file is empty. Choose one with an order on each line."),
        },
    )
    scene = forms.ChoiceField(
        label=gettext_lazy("Scene of the orders"),
        required=False,
        help_text=gettext_lazy("For rows that name no scene of their own."),
    )

    def __init__(self, *args: Any, scenes: Sequence[Scene], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["scene"]
        field.choices = [
            ("", gettext_lazy("In a column of the file")),
            *((one.code, one.name) for one in scenes),
        ]
        if len(scenes) == 1:
            field.initial = scenes[0].code

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(too_large_sentence())
        return file

    def keep_file(self) -> None:
        """Tells htmx to carry the chosen file over to the form that answers; nothing else can."""
        if "file" not in self.errors:
            self.fields["file"].widget.attrs["hx-preserve"] = "true"
