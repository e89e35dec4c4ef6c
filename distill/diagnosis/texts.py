"""Whether the data can be read, and what models will see of its texts."""

from collections.abc import Iterator

from datasets import Dataset

from distill.base.findings import OK, SKIPPED, WARN, Finding, verdict
from distill.data.splits import UNLABELLED
from distill.diagnosis.case import Case
from distill.models.sources import TEACHER_CHECKPOINT
from distill.pipeline import meta_build

_SAMPLE = 1000
"""Rows of a split that are looked at, spread over it."""
_UNKNOWN, _CUT = 0.01, 0.05
"""Shares of tokens that a tokenizer does not know, and of texts that are cut, from which on a warning is due."""


def data(case: Case) -> Iterator[Finding]:
    """Yield what was read, with the labels by name and all that was decided on the way."""
    _, ready = case.ready
    stands_in = ready.stands_in_for is not None
    fix = f"give the real data with data.path=FOLDER; figures of a run say nothing about {ready.stands_in_for}"
    yield Finding("data", WARN if stands_in else OK, ready.summary(), fix if stands_in else "", ready.rows())
    for note in ready.notes:
        yield Finding("data", OK, note)
    for remark in ready.remarks:
        yield Finding("data", WARN, remark, "look at these rows: scores of what was learnt by heart are too good")


def unlabelled(case: Case) -> Iterator[Finding]:
    """Yield how many texts without labels there are."""
    rows = case.spec.data.splits.get(UNLABELLED)
    if rows is None:
        yield Finding(
            "unlabelled text", OK, "none is given; data.unlabelled.path=FILE lets the teacher label more text"
        )
        return
    yield Finding("unlabelled text", OK, f"{len(rows):,} texts, all new", facts={"rows": len(rows)})


def tokenizer(case: Case) -> Iterator[Finding]:
    """Yield the share of tokens that the teacher's tokenizer does not know, and of texts that are cut."""
    spec, name = case.spec, "tokenizer"
    reader = meta_build.stand_in(spec, _SAMPLE)
    own = TEACHER_CHECKPOINT in spec.sources.checkpoints
    split = "train" if own else "validation"  # a tokenizer from scratch knows what it has learnt from
    features = spec.setup.encode(_spread(spec.data.splits[split])[:], reader)
    tokens = [token for ids in features["input_ids"] for token in ids]
    what = f"the teacher's, {len(reader):,} tokens" if own else f"made of the texts of train, {len(reader):,} tokens"
    if reader.unk_token_id is None:
        yield Finding(name, OK, f"{what}: it knows every text, byte by byte")
    else:
        share = tokens.count(reader.unk_token_id) / max(1, len(tokens))
        fix = (
            "take a teacher of the texts' language and script (teacher.model), or one from scratch (teacher.model=null)"
        )
        said = f"{what}: {share:.2%} of the tokens of {split} are unknown to it"
        yield verdict(name, share > _UNKNOWN, said, fix, {"unknown_share": share})
    yield _cut(case)


def _cut(case: Case) -> Finding:
    """Return what share of the texts of train does not fit."""
    spec, name = case.spec, "texts cut"
    features = spec.setup.encode(_spread(spec.data.splits["train"])[:], meta_build.stand_in(spec, _SAMPLE))
    limits = " and ".join(f"data.{key}={value}" for key, value in spec.setup.limits.items())
    if "cut" not in features:
        return Finding(name, SKIPPED, f"not checked: {spec.config.task} reads long texts in parts, {limits}")
    cut = [bool(each) for each, first in zip(features["cut"], features["first"], strict=True) if not first]
    share = sum(cut) / max(1, len(cut))
    lost = "have an answer that no window of their text holds" if spec.setup.task.windows else "do not fit whole"
    said = f"{share:.1%} of the examples of train {lost}: {limits} tokens"
    return verdict(name, share > _CUT, said, "raise the limit; memory and time rise with it", {"share": share})


def _spread(rows: Dataset) -> Dataset:
    """Return some rows from all over a split."""
    return rows.select(range(0, len(rows), -(-len(rows) // _SAMPLE)))
