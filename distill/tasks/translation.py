"""A text for a text, written token by token by an encoder-decoder."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from distill.base.segmentation import spaced
from distill.tasks import Columns, EncodingSpec, Options, Read, Task
from distill.tasks.features import gather, overflowed
from distill.tasks.labels import replaced
from distill.types import MODEL_INPUTS, Batch

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor

_EDGES = (10, 15, 20, 30)
"""Words of a source at which the report's table begins a new group."""
_SEVERAL = "some examples have several targets: the first is learnt, and metrics compare with all"


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Take the pairs; of several targets of an example the first is learnt, and all are its ``references``."""
    ready, several = dict(splits), False
    for name, rows in splits.items():
        texts = rows["target"][:]
        if isinstance(texts[0], list):
            several = several or any(len(each) > 1 for each in texts)
            ready[name] = replaced(rows, "target", [each[0] for each in texts]).add_column("references", texts)
    return Read(ready, notes=(_SEVERAL,) if several else ())


def metric_module(labels: Sequence[str]) -> str:
    """BLEU first."""
    return "translation"


def outputs(labels: Sequence[str]) -> list[str]:
    """The head's outputs are the vocabulary."""
    return []


def encode(rows: Columns, tokenizer: Any, form: EncodingSpec) -> dict[str, list[Any]]:  # noqa: ANN401
    """Tokens of the sources, and of the targets, which are the rows.

    A target that is too long loses its end token too: else it would teach to stop in the middle of a sentence.
    """
    written = tokenizer(text_target=list(rows["target"]))["input_ids"]
    targets = [list(ids[: form.max_target_length]) for ids in written]
    sources = prompt(rows, tokenizer, form)
    return {
        **sources,
        "cut": [cut or len(ids) > form.max_target_length for cut, ids in zip(sources["cut"], written, strict=True)],
        "count": [len(ids) for ids in targets],
        "target_ids": targets,
        "targets": targets,
        "positions": [list(range(len(ids))) for ids in targets],
    }


def prompt(rows: Columns, tokenizer: Any, form: EncodingSpec) -> dict[str, list[Any]]:  # noqa: ANN401
    """Tokens of the sources alone."""
    read_ = tokenizer(list(rows["source"]), truncation=True, max_length=form.max_length)
    inputs = {name: list(read_[name]) for name in MODEL_INPUTS[:2]}
    size = len(inputs["input_ids"])
    places = {"key": list(rows["key"]), "first": [0] * size, "count": [0] * size}
    return {**inputs, **places, "cut": overflowed(read_)}


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """The targets' tokens are the rows: ``logits [tokens, vocabulary]`` and ``labels [tokens]``."""
    return gather(logits, batch)


def decode(answers: Sequence["Tensor"], rows: Columns, tokenizer: Any, form: EncodingSpec) -> list[dict[str, Any]]:  # noqa: ANN401
    """The text of the written tokens ``[tokens, 1]``."""
    return [{"target": text} for text in texts(answers, tokenizer)]


def predictions(records: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[Any]:
    """The texts."""
    return [record["target"] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[Any]:
    """The right texts of each example."""
    return list(rows["references"]) if "references" in rows else [[target] for target in rows["target"]]


def groups(rows: Columns) -> list[str]:
    """How long the source is, in words, or in characters where its script puts no spaces."""
    return [length_group(len(spaced(source)), _EDGES, "words") for source in rows["source"]]


def texts(answers: Sequence["Tensor"], tokenizer: Any) -> list[str]:  # noqa: ANN401
    """The texts of written tokens ``[tokens, 1]``, without a character of which the limit let only some bytes come."""
    ids = [answer.flatten().long().tolist() for answer in answers]
    return [text.rstrip("\ufffd").strip() for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def length_group(length: int, edges: Sequence[int], unit: str) -> str:
    """The name of the group of a length from 1 up; names sort by the numbers that they begin with.

    >>> [length_group(length, (10, 20), "words") for length in (3, 10, 25)]
    ['1 to 9 words', '10 to 19 words', '20 words and more']
    """
    for low, high in pairwise((1, *edges)):
        if length < high:
            return f"{low} to {high - 1} {unit}"
    return f"{edges[-1]} {unit} and more"


TASK = Task(
    roles={"source": "text", "target": "target"},
    inputs={"source": "text"},
    text=("source", "target"),
    head="AutoModelForSeq2SeqLM",
    kind="class",
    sample="translations",
    family="encoder-decoder",
    read=read,
    metric_module=metric_module,
    leading=("bleu", "chrf"),
    outputs=outputs,
    encode=encode,
    align=align,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
    prompt=prompt,
    class_axis="vocabulary",
)
