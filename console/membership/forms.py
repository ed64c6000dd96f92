"""The upload form and the filters of the audience list."""

from __future__ import annotations

import codecs
from pathlib import PurePath

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.forms import CreateForm
from console.lists import FilterForm

NAME_CHARACTERS = 80
PURPOSE_CHARACTERS = 120
HEAD_BYTES = 64 * 1024
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and other archives; xls

LEAVE_OUT, ADD = "leave_out", "add"


def at_most(characters: int) -> MaxLengthValidator:
    """Checked here and not by the browser: typing is never blocked."""
    message = gettext_lazy("%(show_value)s characters are too many; there is room for %(limit_value)s.")
    return MaxLengthValidator(characters, message=message)


class UploadForm(CreateForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=format_lazy(
            gettext_lazy("CSV in UTF-8, with or without a header, at most {megabytes} MB."),
            megabytes=settings.UPLOAD_MAX_BYTES // (1024 * 1024),
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": gettext_lazy("Choose a CSV file with one open_id on each line."),
            "missing": gettext_lazy("Choose a CSV file with one open_id on each line."),
            "empty": gettext_lazy("This file is empty. Choose one with an open_id on each line."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        validators=[at_most(NAME_CHARACTERS)],
        help_text=gettext_lazy("Left empty, it takes the name of the file."),
    )
    purpose = forms.CharField(
        label=gettext_lazy("What it is for"),
        validators=[at_most(PURPOSE_CHARACTERS)],
        help_text=gettext_lazy(
            "Kept with the list and in the audit log: bring back people who returned a phone"
        ),
        error_messages={
            "required": gettext_lazy("Say in a few words what these people will be written to about.")
        },
    )
    unknown = forms.ChoiceField(
        label=gettext_lazy("People this mini program has never seen"),
        choices=[
            (LEAVE_OUT, gettext_lazy("Leave them out and list them as problem rows")),
            (ADD, gettext_lazy("Add them as customers")),
        ],
        initial=LEAVE_OUT,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what happens to people never seen before.")},
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        problem = too_large(file) or wrong_kind(file)
        if problem:
            raise forms.ValidationError(problem)
        return file

    def keep_file(self) -> None:
        """Tells htmx to carry the chosen file over to the form that answers; nothing else can."""
        if "file" not in self.errors:
            self.fields["file"].widget.attrs["hx-preserve"] = "true"


def too_large(file: UploadedFile) -> str:
    if (file.size or 0) <= settings.UPLOAD_MAX_BYTES:
        return ""
    megabytes = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
    return _("The file is larger than %(megabytes)s MB. Split it and upload each part as a list.") % {
        "megabytes": megabytes
    }


def wrong_kind(file: UploadedFile) -> str:
    """What can be told from the name and the first bytes; the import reads the rest."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    suffix = PurePath(file.name or "").suffix.lower()
    if suffix != ".csv" or head.startswith(SPREADSHEETS):
        return _(
            "“%(name)s” is not a CSV file. "
            "Open it in a spreadsheet, save it as CSV UTF-8, then upload that file."
        ) % {"name": file.name}
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _(
            "The file is not in UTF-8. Open it in a spreadsheet, save it as CSV UTF-8, then upload that file."
        )
    return ""


class ListFilters(FilterForm):
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=80,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": gettext_lazy("Name, purpose or file")}
        ),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[
            ("", gettext_lazy("All")),
            ("under_way", gettext_lazy("Being checked")),
            ("ready", gettext_lazy("Ready")),
            ("failed", gettext_lazy("Failed")),
        ],
    )
