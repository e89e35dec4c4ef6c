"""A long context, read in windows that overlap, each after the question, and where the answer stands in each."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from distill.tasks import Columns, EncodingSpec, unanswerable

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase


def cut(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> "BatchEncoding":
    """Question and a part of the context each; a question may take half of the room at most."""
    room = form.max_length - tokenizer.num_special_tokens_to_add(pair=True)
    cut = tokenizer(
        [question.strip() for question in rows["question"]],
        truncation=True,
        max_length=room // 2,
        add_special_tokens=False,
        return_offsets_mapping=True,
    )
    ends = [offsets[-1][1] if offsets else 0 for offsets in cut["offset_mapping"]]
    questions = [question.strip()[:end] for question, end in zip(rows["question"], ends, strict=True)]
    windows: BatchEncoding = tokenizer(
        questions,
        list(rows["context"]),
        truncation="only_second",
        max_length=form.max_length,
        stride=min(form.stride, room // 4),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    return windows


def numbered(windows: "BatchEncoding") -> Iterator[tuple[int, int, int]]:
    """Each window's number, its example, and which of the example's windows it is."""
    last, order = -1, 0
    for number, example in enumerate(windows["overflow_to_sample_mapping"]):
        order = order + 1 if example == last else 0
        last = example
        yield number, example, order


def characters(windows: "BatchEncoding", number: int) -> list[tuple[int, int] | None]:
    """For each token of a window the characters of the context that it is, or none."""
    belongs = windows.sequence_ids(number)
    offsets = windows["offset_mapping"][number]
    return [tuple(span) if which == 1 else None for which, span in zip(belongs, offsets, strict=True)]


def target(spans: Sequence[tuple[int, int] | None], answers: unanswerable.Answers) -> list[int]:
    """The tokens at which the first answer starts and ends, or the first token where the window lacks a part of it."""
    if unanswerable.has_none(answers):
        return [0, 0]
    text = answers["text"][0]
    start = answers["answer_start"][0] + len(text) - len(text.lstrip())
    stop = start + len(text.strip())
    inside = [place for place, span in enumerate(spans) if span and span[0] < stop and span[1] > start]
    if not inside:
        return [0, 0]
    first, last = spans[inside[0]], spans[inside[-1]]
    whole = first is not None and last is not None and first[0] <= start and last[1] >= stop
    return [inside[0], inside[-1]] if whole else [0, 0]
