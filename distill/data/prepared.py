"""The data of a run when it is ready for its task, and what the report and fingerprints say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset

from distill.base.files import fingerprint
from distill.base.per_object_cache import cached_method
from distill.base.terminal_text import names
from distill.data.answers.labelled import Labelled
from distill.data.slices import Slice
from distill.data.splits import content


@dataclass(frozen=True, eq=False)
class Prepared:
    """The data of a run: read, with numbered labels, a validation split, and no more rows than allowed.

    Attributes:
        splits: train, validation and perhaps test, with the task's columns, ``label`` as a number, and ``key``.
        labels: their names, by number.
        name: of the data.
        kind: hub | local | embedded.
        stands_in_for: what the embedded sample replaces, if it does.
        notes: what was decided on the way, each a sentence.
        columns: role to the name that its column has in the files.
        unanswerable: whether there are questions without an answer.
        remarks: what was noticed and changes nothing, each a sentence; log and report have them beside the notes.
        ids: of the rows of validation and test, in their order, where the files have a column of that name.
        slices: parts of the split that the report leads with, which is the test split where there is one.
        labelled: name of each teacher whose answers come from a file to what it said of the rows.
    """

    splits: Mapping[str, Dataset]
    labels: tuple[str, ...]
    name: str
    kind: str
    stands_in_for: str | None
    notes: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    unanswerable: bool = False
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labelled: Mapping[str, Labelled] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()

    @cached_method
    def content(self, split: str) -> str:
        """Return a digest of the texts and labels of a split, in their order."""
        return content(self.splits[split].remove_columns("key"))

    @cached_method
    def texts(self, split: str) -> str:
        """Return a digest of the texts of a split, whatever their labels."""
        return content(self.splits[split].select_columns("key"))

    def identity(self, *splits: str) -> dict[str, object]:
        """Return what stands for the labels and the content of some splits in a fingerprint."""
        digests = {split: self.content(split) for split in splits if split in self.splits}
        return {"labels": list(self.labels), "examples": digests}

    def rows(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        return {name: len(rows) for name, rows in self.splits.items()}

    def summary(self) -> str:
        """Return one line on the data for the console."""
        rows = ", ".join(f"{count:,} {name}" for name, count in self.rows().items())
        labels = f"; labels {names(self.labels)}" if self.labels else ""
        return f"{self.name} ({self.kind}): {rows}{labels}"

    def describe(self) -> dict[str, Any]:
        """Return what the report says of the data."""
        return {
            "name": self.name,
            "source": self.kind,
            "stands_in_for": self.stands_in_for,
            "notes": list(self.notes),
            "labels": list(self.labels),
            "rows": self.rows(),
            "fingerprint": fingerprint(self.identity(*self.splits)),
        }
