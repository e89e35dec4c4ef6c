"""The task of finding the words of a context that answer a question.

A long context is read in windows that overlap; each window has two rows, one for where the answer starts and one for
where it ends, over the window's tokens. A window without the answer points at its first token, and so do all windows of
a question that has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.errors import DataError
from distill.tasks import Columns, EncodingSpec, Features, Options, Read, Record, Task, context_windows, unanswerable
from distill.tasks.labels import sifted
from distill.types import FLOOR, MODEL_INPUTS, Batch, at_least_float32

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

_BEST = 20
"""Starts, and ends, of a window that are tried with each other."""
_QUESTION_WORDS = ("what", "who", "when", "where", "which", "why", "how")


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Check that every answer stands in its context where ``answer_start`` says.

    Raises:
        DataError: an example has an answer that stands elsewhere, and is not to be left out; or none of train has one.
    """
    answered = unanswerable.left_out(splits, options)
    sifted_rows = sifted(answered.splits, ["label", "context"], _fault, answered.options)
    if all(map(unanswerable.has_none, sifted_rows.splits["train"]["label"][:])):
        raise DataError("no row of train has an answer: nothing can be learned but to say nothing")
    without = unanswerable.said(sifted_rows.splits)
    return Read(sifted_rows.splits, notes=(*answered.notes, *sifted_rows.notes, *without), unanswerable=bool(without))


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of spans, of which the F1 of words leads."""
    return "spans"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return no names, since the head brings its own outputs: start and end."""
    return []


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode each example as windows, with the tokens that may be an answer and where the answer is."""
    windows = context_windows.cut(rows, tokenizer, form)
    names = [name for name in MODEL_INPUTS if name in windows]
    features: dict[str, list[Any]] = {name: list(windows[name]) for name in names}
    features |= {name: [] for name in ("key", "first", "count", "answerable")}
    if "label" in rows:
        features["targets"] = []
    for number, example, order in context_windows.numbered(windows):
        spans = context_windows.characters(windows, number)
        features["key"].append(rows["key"][example])
        features["first"].append(2 * order)
        features["count"].append(2)
        features["answerable"].append([int(place == 0 or span is not None) for place, span in enumerate(spans)])
        if "label" in rows:
            features["targets"].append(context_windows.target(spans, rows["label"][example]))
    pairs = zip(features["key"], features.get("targets", []), strict="label" in rows)
    located = {key for key, target in pairs if any(target)}
    labels = rows.get("label", ())
    lost = {key for key, answers in zip(rows["key"], labels, strict=False) if answers["text"]} - located
    features["cut"] = [key in lost for key in features["key"]]
    return features


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """Turn logits ``[batch, tokens, 2]`` into a row for the start and one for the end, ``[2 batch, max_length]``."""
    from torch.nn.functional import pad

    possible = batch["answerable"].bool().unsqueeze(1)
    rows = at_least_float32(logits).transpose(1, 2).masked_fill(~possible, FLOOR)
    return pad(rows, (0, form.max_length - rows.shape[-1]), value=FLOOR).flatten(0, 1), batch["labels"]


def rows(
    logits: "NDArray[np.float32]", batch: Mapping[str, "NDArray[Any]"], form: EncodingSpec
) -> "NDArray[np.float32]":
    """Return a row for the start and one for the end of each window ``[2 batch, max_length]``, as ``align`` does."""
    import numpy as np

    windows, tokens, ends = logits.shape
    aligned = np.full((windows, ends, form.max_length), FLOOR, dtype=np.float32)
    possible = batch["answerable"].astype(bool)[:, None]
    aligned[..., :tokens] = np.where(possible, logits.transpose(0, 2, 1), np.float32(FLOOR))
    return aligned.reshape(windows * ends, form.max_length)


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the likeliest span over all windows of each example, or no answer where that is allowed.

    The probability is that of the span in its window.
    """
    from distill.tasks import arrays

    if form.unanswerable:
        return _or_nothing(answers, rows, tokenizer, form)
    windows = context_windows.cut(rows, tokenizer, form)
    best: list[tuple[float, str]] = [(-1.0, "")] * len(answers)
    for number, example, order in context_windows.numbered(windows):
        start, end = arrays.softmax(_ends(answers[example], order))
        spans = context_windows.characters(windows, number)
        for opening, closing, span in _spans(start, end, spans, form.max_answer_length):
            if (probability := opening * closing) > best[example][0]:
                best[example] = (probability, rows["context"][example][slice(*span)])
    return [{"answer": answer, "probability": max(0.0, probability)} for probability, answer in best]


def _or_nothing(
    answers: Sequence["NDArray[Any]"],
    rows: Columns,
    tokenizer: "PreTrainedTokenizerBase",
    form: EncodingSpec,
) -> list[Record]:
    """The span with the largest logits over all windows of an example, or an empty text for no answer.

    As in BERT's own script for version 2 of SQuAD, no answer is the first token of the window that is least sure of it,
    and is chosen where its logits are above those of the best span, by a threshold of 0.
    """
    from distill.tasks import arrays

    windows = context_windows.cut(rows, tokenizer, form)
    nothing, best = ([each] * len(answers) for each in (unanswerable.NO_WINDOW_YET, unanswerable.NO_SPAN_YET))
    for number, example, order in context_windows.numbered(windows):
        start, end = _ends(answers[example], order)
        spans = context_windows.characters(windows, number)
        whole = arrays.logsumexp(start) + arrays.logsumexp(end)
        nothing[example] = min(nothing[example], unanswerable.Choice(float(start[0] + end[0]), whole))
        for opening, closing, span in _spans(start, end, spans, form.max_answer_length):
            if opening + closing > best[example].score:
                text = rows["context"][example][slice(*span)]
                best[example] = unanswerable.Choice(opening + closing, whole, text)
    choices = map(unanswerable.chosen, nothing, best)
    return [{"answer": choice.answer, "probability": choice.probability} for choice in choices]


def _ends(answer: "NDArray[Any]", order: int) -> "NDArray[np.float32]":
    """The logits ``[2, max_length]`` of the start and the end in one window of an example."""
    ends: NDArray[np.float32] = answer[2 * order : 2 * order + 2].astype("float32")
    return ends


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return the text of each predicted answer."""
    return [record["answer"] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return the texts of all answers that count as right; none for a question without an answer."""
    return [list(answers["text"]) for answers in rows["label"]]


def groups(rows: Columns) -> list[str]:
    """Return the question word of each example, such as ``who``."""
    words = (question.lower().replace("?", " ").split() for question in rows["question"])
    return [next((word for word in question if word in _QUESTION_WORDS), "other") for question in words]


def _fault(answers: unanswerable.Answers, context: str) -> Fault | None:
    texts, starts = answers["text"], answers["answer_start"]
    if len(texts) != len(starts):
        return Fault("more answers than places, or fewer", f"has {len(texts)} answers, but {len(starts)} places")
    wrong = [pair for pair in zip(texts, starts, strict=True) if not _stands_at(*pair, context)]
    if not wrong:
        return None
    reason = f"has the answer {shown(wrong[0][0])}, which does not stand at {wrong[0][1]}, where answer_start says"
    return Fault("an answer that stands elsewhere", reason)


def _stands_at(text: str, start: int, context: str) -> bool:
    return bool(text.strip()) and start >= 0 and context[start : start + len(text)] == text


def _spans(
    start: "NDArray[np.float32]", end: "NDArray[np.float32]", spans: Sequence[tuple[int, int] | None], longest: int
) -> Iterator[tuple[float, float, tuple[int, int]]]:
    """Likely answers of a window, of ``longest`` tokens at most: of start and end what is given, and its characters."""
    from distill.tasks import arrays

    openings, closings = (arrays.largest(each[: len(spans)], _BEST) for each in (start, end))
    for begins, opening in openings:
        for ends, closing in closings:
            first, last = spans[begins], spans[ends]
            if first is not None and last is not None and begins <= ends < begins + longest:
                yield opening, closing, (first[0], last[1])


TASK = Task(
    roles={"context": "text", "question": "text", "label": "answers"},
    inputs={"context": "text", "question": "text"},
    text=("context", "question"),
    head="AutoModelForQuestionAnswering",
    kind="class",
    sample="passages",
    read=read,
    metric_module=metric_module,
    leading=("f1", "exact_match"),
    outputs=outputs,
    encode=encode,
    align=align,
    rows=rows,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
    windows=True,
    class_axis="tokens",
)
