"""The task of giving a label to every word: named entities, parts of speech.

The first sub-word of a word answers for it. A sentence that is too long is read in windows that overlap; each word is
answered by one of them, in which it has words on both sides, so that none is dropped.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.base.segmentation import Words
from distill.base.terminal_text import name as called
from distill.errors import DataError
from distill.tasks import Columns, EncodingSpec, Features, Options, Read, Record, Task, word_pieces
from distill.tasks.features import gather
from distill.tasks.labels import in_order, refuse_strangers, refuse_unknown, replaced, sifted
from distill.tasks.tag_checks import TYPED, check, fault, in_iob2, refuse_single
from distill.tasks.tagging import OUTSIDE, entities
from distill.types import MODEL_INPUTS, Batch

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


_NUMBERS = (
    "the tags are numbers, which say nothing of entities: words are scored one by one, those of each number; "
    "+data.labels.0=O +data.labels.1=B-PER and so on name them"
)
_NO_ENTITIES = (
    "beside O the tags are not spelled as B-PER and I-PER, by which entities are told: words are scored one by one, "
    "those of each tag"
)


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Number the tags of all splits; ``options.labels`` may give several tags one name.

    Raises:
        DataError: tokens and tags differ in number, a tag breaks the scheme, or train lacks one of another split.
    """
    sifted_rows = sifted(splits, ["tokens", "label"], fault, options)
    options = sifted_rows.options
    refuse_single(sifted_rows.splits["train"])
    converted = in_iob2(sifted_rows.splits, options)
    checked = check(converted.splits, converted.options)
    splits, options = checked.splits, checked.options
    train_tags = {str(tag) for tags in splits["train"]["label"][:] for tag in tags}
    if len(train_tags) < 2:
        raise DataError(
            f"train has only the tag {', '.join(map(called, train_tags))}{options.in_column()}: "
            "nothing can be learned from one class; data.columns.label=NAME takes another column, in files of words by "
            "its number"
        )
    refuse_strangers(options.labels, train_tags, options.order)
    names = {tag: options.labels.get(tag, tag) for tag in in_order(train_tags, options)}
    labels = tuple(dict.fromkeys(names.values()))
    number = {tag: labels.index(name) for tag, name in names.items()}
    ready = {}
    for name, rows in splits.items():
        tags = [[str(tag) for tag in each] for each in rows["label"][:]]
        refuse_unknown([set(each) for each in tags], names, name, options)
        ids = [[number[tag] for tag in each] for each in tags]
        ready[name] = replaced(rows, "label", ids)
    return Read(ready, labels, (*sifted_rows.notes, *converted.notes, *checked.notes, *_note_on_words(labels)))


def _note_on_words(labels: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence on tags that seem to mean entities and do not tell where they are, or nothing."""
    if all(label.isdecimal() for label in labels):
        return (_NUMBERS,)
    return (_NO_ENTITIES,) if OUTSIDE in labels and metric_module(labels) == "tokens" else ()


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of whole entities where the tags are IOB2 with types, else of single words."""
    typed = [label for label in labels if label != OUTSIDE]
    return "entities" if all(label[:2] in TYPED for label in typed) else "tokens"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return the names of the head's outputs: one for each tag."""
    return list(labels)


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode each sentence as one window where it fits, else as several."""
    sentences, whole = word_pieces.tokenised(rows["tokens"], tokenizer)
    names = [name for name in MODEL_INPUTS if name in tokenizer.model_input_names]
    features: dict[str, list[Any]] = {name: [] for name in (*names, "key", "first", "count", "positions")}
    if "label" in rows:
        features["targets"] = []
    for index, words in enumerate(sentences):
        fits = len(whole[index].ids) <= form.max_length
        pieces = word_pieces.piece_counts(whole[index].word_ids, len(words))
        windows = [(0, len(words), 0, len(words))] if fits else word_pieces.windows(pieces, tokenizer, form)
        for start, stop, first, last in windows:
            window = whole[index] if fits else word_pieces.encode_window(words[start:stop], tokenizer, form)
            places = word_pieces.first_pieces(window.word_ids)
            for name in names:
                features[name].append(getattr(window, _FIELDS[name]))
            features["key"].append(rows["key"][index])
            features["first"].append(first)
            features["count"].append(last - first)
            features["positions"].append([places[word - start] for word in range(first, last)])
            if "label" in rows:
                features["targets"].append(list(rows["label"][index][first:last]))
    return features


_FIELDS = dict(zip(MODEL_INPUTS, ("ids", "attention_mask", "type_ids"), strict=True))


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """Return the logits ``[words, tags]`` of each word's first sub-word, and ``labels [words]``."""
    return gather(logits, batch)


def rows(
    logits: "NDArray[np.float32]", batch: Mapping[str, "NDArray[Any]"], form: EncodingSpec
) -> "NDArray[np.float32]":
    """Return the logits ``[words, tags]`` of each word's first sub-word."""
    from distill.tasks import arrays

    return arrays.gathered(logits, batch)


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the likeliest tag of each word, and of a text as it was written the words and entities, too."""
    tags = [[form.labels[tag] for tag in answer.argmax(axis=-1).tolist()] for answer in answers]
    return [
        {"tokens": list(words), "tags": each, "entities": entities(each, words)}
        if isinstance(words, Words)
        else {"tags": each}
        for each, words in zip(tags, rows["tokens"], strict=True)
    ]


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return the predicted tags of each sentence."""
    return [record["tags"] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return the true tags of each sentence."""
    return [[labels[tag] for tag in tags] for tags in rows["label"]]


def groups(rows: Columns) -> list[str]:
    """Return no groups, since the report groups words by their tags."""
    return []


TASK = Task(
    roles={"tokens": "texts", "label": "tags"},
    inputs={"tokens": "texts"},
    text=("tokens",),
    head="AutoModelForTokenClassification",
    kind="class",
    sample="entities",
    pipeline="token-classification",
    read=read,
    metric_module=metric_module,
    leading=("f1", "precision", "recall", "accuracy"),
    outputs=outputs,
    encode=encode,
    align=align,
    rows=rows,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
    windows=True,
)
