"""Match the outputs of a teacher with the labels of the data by name, never by position."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.errors import ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_SHOWN = 8
"""Names of outputs that a sentence shows where it shows but some."""
_OUTSIDE = "O"
_OF_IOB2 = ("B-", "I-")
_SCHEMES = {"BIOES": {"E", "S"}, "BILOU": {"L", "U"}, "BMES": {"M", "E", "S"}}
"""The schemes that mark where an entity ends, and their letters beside B and I."""


def label_columns(
    config: "PretrainedConfig", labels: Sequence[str], output_labels: Sequence[str], *, subset: bool = False
) -> list[int]:
    """Return, for each label of the data, the index of the teacher's output of that name.

    Args:
        config: the configuration of a fine-tuned checkpoint.
        labels: names of the data's labels, in their order.
        output_labels: names of the teacher's outputs, where the checkpoint does not name them; else empty.
        subset: whether the teacher may have more outputs, which are left out then.

    Raises:
        ModelError: the teacher's labels are other ones.
    """
    try:
        names = given_or_own_names(config, output_labels)
    except ModelError as error:
        raise ModelError(f"{error}; name all of them in their order with teacher.labels=[...]") from error
    return columns_by_name(names, labels, subset=subset)


def given_or_own_names(config: "PretrainedConfig", given: Sequence[str]) -> list[str]:
    """Return the names of a head's outputs in their order: the given ones, and without any its own.

    Raises:
        ModelError: the ``given`` are more or fewer than its outputs.
    """
    own = output_names(config)
    if given and len(given) != len(own):
        raise ModelError(f"{len(given)} outputs are named {some(given)}, and the checkpoint has {len(own)}")
    return list(given) or own


def output_names(config: "PretrainedConfig") -> list[str]:
    """Return the names of a head's outputs, in their order."""
    return [str(name) for _, name in sorted((config.id2label or {}).items())]


def columns_by_name(names: Sequence[str], labels: Sequence[str], *, subset: bool = False) -> list[int]:
    """Return, for each of the labels, the index of the output of that name.

    Args:
        names: of a model's outputs, in their order.
        labels: names of the data's labels, in theirs.
        subset: whether the model may have more outputs, which are left out then.

    Raises:
        ModelError: the model's labels are other ones.
    """
    if twice := [name for name, count in Counter(names).items() if count > 1 and name in labels]:
        raise ModelError(
            f"the outputs of the model are named {', '.join(names)}, so that {twice[0]} is two of them: name them in "
            "id2label of config.json as they are"
        )
    more, fewer = unnamed(names, labels), unnamed(labels, names)
    difference = f"the teacher's labels are {', '.join(names)}, those of the data are {', '.join(labels)}"
    if (scheme := other_scheme(names, labels)) is not None:
        raise ModelError(
            f"{difference}: the teacher's are {scheme}, another scheme than IOB2, as which the data is read; give a "
            "checkpoint of IOB2, or leave out teacher.finetuned=true, and the run fine-tunes it"
        )
    if not fewer and (subset or len(names) == len(labels)):
        return [names.index(label) for label in labels]
    if more and not fewer:
        raise ModelError(
            f"{difference}: the data has no {', '.join(more)}; teacher.labels_subset=true takes the teacher's outputs "
            "for the data's labels and leaves the others out"
        )
    if len(names) < len(labels):
        count = f"{len(names)} output{'s' * (len(names) > 1)} for {len(labels)} labels"
        raise ModelError(
            f"{difference}: it has {count}; give a checkpoint that has learnt all of them, or leave out "
            "teacher.finetuned=true, and the run fine-tunes it"
        )
    way = "name its outputs in their order with teacher.labels=[...], or the data's labels with data.labels"
    if subset:
        way = f"teacher.labels_subset=true needs an output for each, and there is none for {', '.join(fewer)}; {way}"
    raise ModelError(f"{difference}; {way}")


def other_scheme(names: Sequence[str], labels: Sequence[str]) -> str | None:
    """Return how the scheme of a model's tags is called where the data's are IOB2 of the same types, else none.

    >>> other_scheme(["O", "B-PER", "I-PER", "E-PER", "S-PER"], ["O", "B-PER", "I-PER"])
    'BIOES'
    >>> other_scheme(["O", "PER"], ["O", "B-PER", "I-PER"]), other_scheme(["O", "I-PER"], ["O", "B-PER", "I-PER"])
    ('IO, without a mark of where an entity begins', 'IOB1')
    >>> other_scheme(["O", "B-PER", "I-PER", "B-LOC"], ["O", "B-PER", "I-PER"])
    """
    types = {label[2:] for label in labels if label[:2] in _OF_IOB2}
    if not types or any(label[:2] not in _OF_IOB2 for label in labels if label != _OUTSIDE):
        return None
    tags = [name for name in names if name != _OUTSIDE]
    if types <= {*tags}:
        return "IO, without a mark of where an entity begins"
    letters = {tag[0] for tag in tags if tag[1:2] == "-"}
    if not types <= {tag[2:] for tag in tags if tag[1:2] == "-"}:
        return None
    if letters == {"I"}:
        return "IOB1"
    return next((scheme for scheme, ends in _SCHEMES.items() if letters & ends and letters <= {"B", "I", *ends}), None)


def columns_of_some(names: Sequence[str], labels: Sequence[str]) -> list[int | None]:
    """Return, for each of the labels, the index of the output of that name, or none where the model has no such output.

    >>> columns_of_some(["no", "yes"], ["yes", "perhaps", "no"])
    [1, None, 0]

    Raises:
        ModelError: it has none of them.
    """
    if not set(names) & set(labels):
        raise ModelError(f"the model's labels are {', '.join(names)}, those of the data are {', '.join(labels)}")
    place = {name: number for number, name in enumerate(names)}
    return [place.get(label) for label in labels]


def some(names: Sequence[str]) -> str:
    """Return the first of the names for a sentence, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def unnamed(names: Sequence[str], reference: Sequence[str]) -> list[str]:
    """Return the names that are not in ``reference``."""
    return [name for name in names if name not in reference]
