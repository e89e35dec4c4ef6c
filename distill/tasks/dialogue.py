"""The task of writing the next turn of a dialogue, by a decoder that has read the turns before.

Every turn but the first is an example; of a chat with roles, those of the assistant are. Turns end in the tokenizer's
end token; where the history is too long, its oldest tokens give way; only the reply's tokens are rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.base.unusable_rows import Fault
from distill.errors import DataError, ModelError
from distill.tasks import Columns, EncodingSpec, Features, Options, Read, Record, Task
from distill.tasks.features import gather
from distill.tasks.labels import sifted
from distill.tasks.translation import length_group, texts
from distill.tasks.translation import rows as token_rows
from distill.types import LEARNT, Batch

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

_EDGES = (3, 5, 8)
"""Turns of a history at which the report's table begins a new group."""


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Check that every dialogue has two turns or more, and leave out those of which no turn is learnt.

    Raises:
        DataError: a dialogue has a single turn, or none, and is not to be left out; or no turn of a split is learnt.
    """
    sifted_rows = sifted(splits, ["turns"], _fault, options)
    ready, notes = {}, []
    for split, rows in sifted_rows.splits.items():
        ready[split], of_split = _with_replies(split, rows) if LEARNT in rows.column_names else (rows, [])
        notes += of_split
    return Read(ready, notes=(*sifted_rows.notes, *notes))


def _with_replies(split: str, rows: "Dataset") -> tuple["Dataset", list[str]]:
    """The dialogues of a split that have a turn to learn, and a sentence on how many turns that are where not all are.

    Raises:
        DataError: none has.
    """
    counts = list(map(len, _places(rows[:])))
    count, answering = sum(counts), sum(len(turns) - 1 for turns in rows["turns"])
    if not count:
        raise DataError(
            f"no turn of {split} is a reply to learn: what users say, what has weight 0, and the first turn are not"
        )
    if count == answering:
        return rows, []
    bare = counts.count(0)
    left_out = f"; {bare:,} of {len(counts):,} dialogues have no reply, and are left out" if bare else ""
    note = (
        f"{count:,} of {answering:,} turns of {split} that answer others are replies to learn: what users say, and "
        f"what has weight 0, is history alone{left_out}"
    )
    return rows.select([place for place, learnt in enumerate(counts) if learnt]), [note]


def _fault(turns: Sequence[str]) -> Fault | None:
    reason = "has a reply without history: a dialogue has two turns or more"
    return Fault("a reply without history", reason) if len(turns) < 2 else None


def expand(rows: "Dataset") -> "Dataset":
    """Make an example of each turn that answers others and is learnt: the ``reply`` with its ``history``."""
    return rows.map(_replies, batched=True, remove_columns=rows.column_names)


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of dialogues, of which the perplexity of the true replies leads."""
    return "dialogue"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return no names, since the head's outputs are the vocabulary."""
    return []


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode history and reply as one sequence; the position before each token of the reply is a row."""
    before = [_joined(turns, tokenizer) for turns in rows["history"]]
    histories = _latest(before, form)
    whole = [[*ids, _end(tokenizer)] for ids in _tokens(rows["reply"], tokenizer)]
    replies = [ids[: form.max_target_length] for ids in whole]  # one that is cut does not teach to end there
    sizes = zip(before, histories, whole, replies, strict=True)
    inputs = [[*history, *reply[:-1]] for history, reply in zip(histories, replies, strict=True)]
    return {
        **_features(inputs, rows),
        "count": [len(reply) for reply in replies],
        "cut": [len(old) > len(history) or len(ids) > len(reply) for old, history, ids, reply in sizes],
        "targets": replies,
        "positions": [
            list(range(len(history) - 1, len(history) - 1 + len(reply)))
            for history, reply in zip(histories, replies, strict=True)
        ],
    }


def prompt(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode the histories alone, to which a model writes replies."""
    return _features(_latest([_joined(turns, tokenizer) for turns in rows["history"]], form), rows)


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """Return the logits before each token of the reply ``[tokens, vocabulary]``, and ``labels [tokens]``."""
    return gather(logits, batch)


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the reply of each example as text, from its written tokens ``[tokens, 1]``."""
    return [{"reply": text} for text in texts(answers, tokenizer)]


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return what perplexity and text metrics need: the true reply's loss and length, and the written reply."""
    return [{"nll": record["nll"], "tokens": record["tokens"], "text": record["reply"]} for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return the true replies."""
    return list(rows["reply"])


def groups(rows: Columns) -> list[str]:
    """Return the group of each example by the number of turns in its history."""
    return [length_group(len(turns), _EDGES, "turns before") for turns in rows["history"]]


def _replies(rows: Columns) -> Features:
    dialogues = zip(rows["turns"], _places(rows), strict=True)
    pairs = [(list(turns[:end]), turns[end]) for turns, places in dialogues for end in places]
    return {"history": [history for history, _ in pairs], "reply": [reply for _, reply in pairs]}


def _places(rows: Columns) -> list[Sequence[int]]:
    """The places of the turns of each dialogue that are learnt."""
    learnt = rows.get(LEARNT) or [None] * len(rows["turns"])
    return [
        range(1, len(turns)) if places is None else places for turns, places in zip(rows["turns"], learnt, strict=True)
    ]


def _joined(turns: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The tokens of turns, each with the end token after it."""
    return [token for turn in _tokens(turns, tokenizer) for token in (*turn, _end(tokenizer))]


def _end(tokenizer: "PreTrainedTokenizerBase") -> int:
    """The token in which turns end."""
    if tokenizer.eos_token_id is None:
        raise ModelError(
            "its tokenizer has no end token, with which turns end; name one, eos_token, in tokenizer_config.json"
        )
    return int(tokenizer.eos_token_id)


def _latest(histories: Sequence[list[int]], form: EncodingSpec) -> list[list[int]]:
    """The latest tokens of each history that leave room for a reply."""
    room = form.max_length - form.max_target_length
    return [ids[-room:] for ids in histories]


def _tokens(texts: Iterable[str], tokenizer: "PreTrainedTokenizerBase") -> list[list[int]]:
    return [list(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def _features(inputs: Sequence[Sequence[int]], rows: Columns) -> Features:
    ids = [list(each) for each in inputs]
    size = len(ids)
    masks = [[1] * len(each) for each in ids]
    return {
        "input_ids": ids,
        "attention_mask": masks,
        "key": list(rows["key"]),
        "first": [0] * size,
        "count": [0] * size,
    }


TASK = Task(
    roles={"turns": "turns"},
    inputs={"history": "turns"},
    text=("history", "reply"),
    head="AutoModelForCausalLM",
    kind="class",
    sample="dialogues",
    family="decoder",
    read=read,
    metric_module=metric_module,
    leading=("perplexity",),
    outputs=outputs,
    encode=encode,
    align=align,
    rows=token_rows,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
    prompt=prompt,
    expand=expand,
    class_axis="vocabulary",
)
