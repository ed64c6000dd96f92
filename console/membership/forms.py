"""The forms of audiences: the upload, the columns of a file, a list by rule; and the filters of the list."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from console.forms import CreateForm
from console.lists import FilterForm
from membership.columns import NAME_CHARACTERS as COLUMN_CHARACTERS
from membership.columns import ColumnsRefused, Head, Layout, choose
from membership.models import PeopleList
from membership.uploads import too_large_sentence
from membership.workbooks import MAX_ROWS

NAME_CHARACTERS = 80
PURPOSE_CHARACTERS = 120

LEAVE_OUT, ADD = "leave_out", "add"
OPEN_ID, KEEP, LEAVE = "open_id", "keep", "leave"


def at_most(characters: int) -> MaxLengthValidator:
    """Checked here and not by the browser: typing is never blocked."""
    message = gettext_lazy("%(show_value)s characters are too many; there is room for %(limit_value)s.")
    return MaxLengthValidator(characters, message=message)


def purpose_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("What it is for"),
        validators=[at_most(PURPOSE_CHARACTERS)],
        help_text=gettext_lazy(
            "Kept with the list and in the audit log: bring back people who returned a phone"
        ),
        error_messages={
            "required": gettext_lazy("Say in a few words what these people will be written to about.")
        },
    )


class UploadForm(CreateForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=format_lazy(
            gettext_lazy(
                "CSV in UTF-8 or GB18030, at most {megabytes} MB; or XLSX with at most {rows} rows. "
                "With or without a header."
            ),
            megabytes=settings.UPLOAD_MAX_BYTES // (1024 * 1024),
            rows=f"{MAX_ROWS:,}",
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
        error_messages={
            "required": gettext_lazy("Choose a CSV or XLSX file with one open_id on each line."),
            "missing": gettext_lazy("Choose a CSV or XLSX file with one open_id on each line."),
            "empty": gettext_lazy("This file is empty. Choose one with an open_id on each line."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        validators=[at_most(NAME_CHARACTERS)],
        help_text=gettext_lazy("Left empty, it takes the name of the file."),
    )
    purpose = purpose_field()

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(too_large_sentence())
        return file

    def keep_file(self) -> None:
        """Tells htmx to carry the chosen file over to the form that answers; nothing else can."""
        if "file" not in self.errors:
            self.fields["file"].widget.attrs["hx-preserve"] = "true"


class ConsentForm(CreateForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        validators=[at_most(NAME_CHARACTERS)],
        error_messages={"required": gettext_lazy("Give the list a name by which you will find it.")},
    )
    purpose = purpose_field()


class RenameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        validators=[at_most(NAME_CHARACTERS)],
        error_messages={"required": gettext_lazy("Give the list a name by which you will find it.")},
    )


class Column(NamedTuple):
    """One column of the file as the page shows it."""

    number: int
    above: str
    examples: list[str]
    use: forms.BoundField
    name: forms.BoundField


class ColumnsForm(forms.Form):
    """One row for each column of the file. `layout` is the choice, once the form is valid."""

    has_header = forms.ChoiceField(
        label=gettext_lazy("The first row"),
        choices=[
            ("yes", gettext_lazy("holds the names of the columns")),
            ("no", gettext_lazy("is already a person")),
        ],
        widget=forms.RadioSelect,
    )
    unknown = forms.ChoiceField(
        label=gettext_lazy("People this mini program has never seen"),
        choices=[
            (LEAVE_OUT, gettext_lazy("Leave them out and list them as problem rows")),
            (ADD, gettext_lazy("Add them as customers")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what happens to people never seen before.")},
    )

    def __init__(self, data: Any = None, *, head: Head, layout: Layout, add_unknown: bool) -> None:
        super().__init__(data)
        self.head = head
        self.layout = layout
        self.fields["has_header"].initial = "yes" if layout.has_header else "no"
        self.fields["unknown"].initial = ADD if add_unknown else LEAVE_OUT
        kept = dict(zip(layout.kept, layout.names, strict=True))
        for at in range(layout.width):
            use = OPEN_ID if at == layout.open_id else KEEP if at in kept else LEAVE
            self.fields[f"use_{at}"] = forms.ChoiceField(
                label=gettext_lazy("Use"),
                initial=use,
                choices=[
                    (OPEN_ID, "open_id"),
                    (KEEP, gettext_lazy("Keep")),
                    (LEAVE, gettext_lazy("Leave out")),
                ],
            )
            self.fields[f"name_{at}"] = forms.CharField(
                label=gettext_lazy("Name"),
                required=False,
                initial=kept.get(at, head.name(at)),
                validators=[at_most(COLUMN_CHARACTERS)],
            )

    @property
    def columns(self) -> list[Column]:
        return [
            Column(at + 1, self.head.name(at), self.head.examples(at), self[f"use_{at}"], self[f"name_{at}"])
            for at in range(self.layout.width)
        ]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        uses = [given[f"use_{at}"] for at in range(self.layout.width)]
        kept = [at for at, use in enumerate(uses) if use == KEEP]
        try:
            self.layout = choose(
                self.layout,
                has_header=given["has_header"] == "yes",
                open_id=uses.index(OPEN_ID) if uses.count(OPEN_ID) == 1 else -1,
                kept=kept,
                names=[given[f"name_{at}"] for at in kept],
            )
        except ColumnsRefused as refusal:
            self.add_error(None, str(refusal))
        return given


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
            ("waiting", gettext_lazy("Waits for you")),
            ("under_way", gettext_lazy("Under way")),
            ("ready", gettext_lazy("Ready")),
            ("failed", gettext_lazy("Failed")),
        ],
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Source"), choices=[("", gettext_lazy("All")), *PeopleList.Source.choices]
    )
