"""The task of writing one text for another, token by token, by an encoder-decoder."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from distill.base.segmentation import spaced
from distill.tasks import Columns, EncodingSpec, Features, Options, Read, Record, Task
from distill.tasks.features import gather, overflowed
from distill.tasks.labels import replaced
from distill.types import MODEL_INPUTS, Batch

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

_EDGES = (10, 15, 20, 30)
"""Words of a source at which the report's table begins a new group."""
_SEVERAL = "some examples have several targets: the first is learnt, and metrics compare with all"


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Take the pairs as they are; of several targets of an example, learn the first.

    All targets of an example are its ``references``.
    """
    ready, several = dict(splits), False
    for name, rows in splits.items():
        texts = rows["target"][:]
        if isinstance(texts[0], list):
            several = several or any(len(each) > 1 for each in texts)
            ready[name] = replaced(rows, "target", [each[0] for each in texts]).add_column("references", texts)
    return Read(ready, notes=(_SEVERAL,) if several else ())


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of translations, of which BLEU leads."""
    return "translation"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return no names, since the head's outputs are the vocabulary."""
    return []


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode the sources, and the targets, whose tokens are the rows.

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


def prompt(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode the sources alone, for which a model writes targets."""
    read_ = tokenizer(list(rows["source"]), truncation=True, max_length=form.max_length)
    inputs = {name: list(read_[name]) for name in MODEL_INPUTS[:2]}
    size = len(inputs["input_ids"])
    places = {"key": list(rows["key"]), "first": [0] * size, "count": [0] * size}
    return {**inputs, **places, "cut": overflowed(read_)}


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """Return the logits ``[tokens, vocabulary]`` of the targets' tokens, and ``labels [tokens]``."""
    return gather(logits, batch)


def rows(
    logits: "NDArray[np.float32]", batch: Mapping[str, "NDArray[Any]"], form: EncodingSpec
) -> "NDArray[np.float32]":
    """Return the logits of the tokens that are rows, ``[tokens, vocabulary]``."""
    from distill.tasks import arrays

    return arrays.gathered(logits, batch)


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the text of each target that was written, from its tokens ``[tokens, 1]``."""
    return [{"target": text} for text in texts(answers, tokenizer)]


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return the text that was written for each example."""
    return [record["target"] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return the right texts of each example."""
    return list(rows["references"]) if "references" in rows else [[target] for target in rows["target"]]


def groups(rows: Columns) -> list[str]:
    """Return the group of each source by its length in words, or in characters of a script without spaces."""
    return [length_group(len(spaced(source)), _EDGES, "words") for source in rows["source"]]


def texts(answers: Sequence["NDArray[Any]"], tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """Decode written tokens ``[tokens, 1]`` into texts, without a last character that the limit cut off."""
    ids = [answer.ravel().astype("int64").tolist() for answer in answers]
    return [text.rstrip("\ufffd").strip() for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def length_group(length: int, edges: Sequence[int], unit: str) -> str:
    """Return the name of the group of a length from 1 up; names sort by the numbers that they begin with.

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
    rows=rows,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
    prompt=prompt,
    class_axis="vocabulary",
)
