"""What the stage that pretrains reads: texts of the task one by one, or texts packed into blocks."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from datasets import Dataset, concatenate_datasets
from transformers import PreTrainedTokenizerBase

from distill.base.files import checksum
from distill.config.pretrain import NEXT
from distill.data.segment_pair_tables import paired
from distill.data.segment_pairs import PairForm
from distill.data.splits import UNLABELLED
from distill.data.text_blocks import Packing, PlainText, Tokens, held_out, packed
from distill.errors import DataError
from distill.models.checkpoint_fitting import token_count
from distill.models.subwords import inner_of_vocabulary
from distill.stages.job import Job, RunSpec, StageSettings
from distill.stages.loaders import Loaders
from distill.tasks import causal_language_modeling as causal
from distill.tasks import masked_language_modeling as masked
from distill.tasks import next_sentence_prediction as following
from distill.training.trainer import FSDP


def settings(spec: RunSpec) -> StageSettings:
    """Return what stands for objective and texts in a fingerprint."""
    section = spec.config.pretrain
    found: StageSettings = {"mask_probability": section.mask_probability}
    if section.objective == "clm":
        found = {"objective": "clm"}
    elif section.objective == NEXT:
        found["objective"] = NEXT
    if section.whole_words:
        found["whole_words"] = True
    if not section.paths:
        return {**found, "texts": {split: spec.data.texts(split) for split in (*splits_read(spec), "validation")}}
    return {**found, "files": [checksum(path) for path in files(spec)], "holdout": section.holdout}


def splits_read(spec: RunSpec) -> list[str]:
    """Return the splits whose texts the model learns from where no files are named."""
    return [split for split in ("train", UNLABELLED) if split in spec.data.splits]


def files(spec: RunSpec) -> list[Path]:
    """Return the files of plain text."""
    return [Path(path).expanduser() for path in spec.config.pretrain.paths]


def all_texts(spec: RunSpec) -> Iterable[str]:
    """Return all that the model learns from, in bounded memory where it is of files; it can be read several times."""
    if spec.config.pretrain.paths:
        return PlainText(files(spec))
    return of_rows(spec, [spec.data.splits[name] for name in splits_read(spec)])


def of_rows(spec: RunSpec, splits: Sequence[Dataset]) -> list[str]:
    """Return the texts of rows, without the marks that become tokens of their own."""
    return [text for rows in splits for text in _texts(spec, rows)]


def _texts(spec: RunSpec, rows: Dataset) -> Iterator[str]:
    task = spec.setup.task
    for role in task.text:
        for text in rows[role][:]:  # a column by itself is read row by row
            joined = text if isinstance(text, str) else " ".join(text)
            for marker in task.markers:
                joined = joined.replace(marker, " ")
            yield joined


def make_loaders(job: Job, tokenizer: PreTrainedTokenizerBase) -> Loaders:
    """Return batches to learn from, and those on which perplexity is measured.

    Raises:
        DataError: a text cannot be read, or too few are there to hold some out.
    """
    collate = _collate(job.spec, tokenizer)
    section = job.spec.config.pretrain
    read = _pairs if section.objective == NEXT else _blocks if section.packs else _examples
    train, validation = read(job, tokenizer)
    if job.spec.config.trainer.strategy == FSDP and len(validation) < job.context.ranks.world:
        raise DataError(
            f"trainer.strategy=fsdp: the text that is held out makes {len(validation)} of what the model reads at "
            f"once, fewer than there are processes ({job.context.ranks.world}): give more text, or trainer.strategy=ddp"
        )
    return Loaders(
        job.examples.training_batches(train, collate, collate.counts(train)),
        job.examples.scoring_batches(validation, collate),
    )


def _collate(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> masked.Collate | causal.Collate | following.Collate:
    """Return what makes batches: of hidden tokens, alone or in pairs of segments, or of tokens that follow."""
    if spec.config.pretrain.objective == "clm":
        return causal.Collate(tokenizer.pad_token_id)
    hide = _hiding(spec, tokenizer)
    return following.Collate(hide) if spec.config.pretrain.objective == NEXT else hide


def _hiding(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> masked.Collate:
    """Return what makes batches of hidden tokens."""
    return masked.Collate(
        seed=spec.config.seed,
        probability=spec.config.pretrain.mask_probability,
        pad_id=tokenizer.pad_token_id,
        mask_id=tokenizer.mask_token_id,
        vocabulary=token_count(tokenizer),
        special=frozenset(tokenizer.all_special_ids),
        inner=inner_of_vocabulary(tokenizer) if spec.config.pretrain.whole_words else None,
    )


def _examples(job: Job, tokenizer: PreTrainedTokenizerBase) -> tuple[Dataset, Dataset]:
    """Return the examples of the task, each by itself."""
    splits = job.spec.data.splits
    texts = [job.examples.encode(splits[name], tokenizer) for name in splits_read(job.spec)]
    common = [name for name in texts[0].column_names if all(name in features.column_names for features in texts)]
    train = concatenate_datasets([features.select_columns(common) for features in texts])
    return train, job.examples.encode(splits["validation"], tokenizer)


def _blocks(job: Job, tokenizer: PreTrainedTokenizerBase) -> tuple[Dataset, Dataset]:
    """Return texts packed into blocks, of files with some of the blocks held out."""
    spec = job.spec
    if spec.config.pretrain.paths:
        blocks = _packed(job, tokenizer, all_texts(spec), files(spec), {})
        kept, out = held_out(len(blocks), spec.config.pretrain.holdout)
        return blocks.select(np.asarray(kept)), blocks.select(np.asarray(out))
    validation = [spec.data.splits["validation"]]
    texts = {",".join(splits_read(spec)): all_texts(spec), "validation": of_rows(spec, validation)}
    train, scored = (
        _packed(job, tokenizer, of_split, (), {"texts": [spec.data.texts(each) for each in name.split(",")]})
        for name, of_split in texts.items()
    )
    return train, scored


def _packed(
    job: Job, tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], origin: Sequence[Path], named: StageSettings
) -> Dataset:
    """Return texts as blocks, which the first process writes."""
    form, tokens, identity = _packing(job.spec, tokenizer), _tokens(tokenizer), {**named, **_identity(tokenizer)}
    job.context.ranks.first(lambda: len(packed(texts, tokens, form, origin, identity)))
    return packed(texts, tokens, form, origin, identity)


def _pairs(job: Job, tokenizer: PreTrainedTokenizerBase) -> tuple[Dataset, Dataset]:
    """Return pairs of segments of files, with some of the text held out; the first process writes them."""
    spec, section = job.spec, job.spec.config.pretrain
    form = PairForm(spec.setup.spec.max_length, _known(tokenizer.cls_token_id), _known(tokenizer.sep_token_id))

    def made() -> tuple[Dataset, Dataset]:
        text, tokens, identity = PlainText(files(spec)), _tokens(tokenizer), _identity(tokenizer)
        return paired(text, tokens, form, section.holdout, spec.config.seed, identity)

    job.context.ranks.first(lambda: len(made()))
    return made()


def _tokens(tokenizer: PreTrainedTokenizerBase) -> Tokens:
    """Return the function that gives the tokens of texts, without those that begin and end an input."""

    def tokens(chunk: Sequence[str]) -> list[list[int]]:
        encoded = tokenizer(list(chunk), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return cast("list[list[int]]", encoded)

    return tokens


def _identity(tokenizer: PreTrainedTokenizerBase) -> StageSettings:
    """Return what names a table of tokens beside the text."""
    return {"tokenizer": hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()}


def _packing(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> Packing:
    """Return the form of a block: with what begins and ends an input, or with what ends each text."""
    length = spec.setup.spec.max_length
    if spec.config.pretrain.objective == "clm":
        return Packing(length, between=_known(tokenizer.eos_token_id))
    after = _known(tokenizer.sep_token_id)
    return Packing(length, before=_known(tokenizer.cls_token_id), after=after, between=after)


def _known(token: int | None) -> tuple[int, ...]:
    return () if token is None else (token,)
