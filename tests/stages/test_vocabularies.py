"""Students with the tokens of their texts, before they learn: they answer as those with all tokens do."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pretrained
import pytest
import torch
from run_parts import examples_of, job_of, spec_of
from transformers import AutoTokenizer

from distill.config.schema import Config
from distill.data.batching import Place
from distill.data.splits import UNLABELLED
from distill.errors import DistillError
from distill.models.low_rank import LowRankEmbedding, truncated
from distill.models.tokenizer_training import train_bytes, train_wordpiece
from distill.pipeline import expected_shapes, meta_build
from distill.pipeline.preflight import _refuse_different_tokens, _vocabulary
from distill.pipeline.prepare_data import prepare
from distill.stages import students, vocabularies
from distill.student.vocabulary import VocabularySpec, count_weights
from distill.tasks import TASKS
from distill.tasks import task as task_of

INITS = ("teacher", "narrow", "bilstm", "random")


@pytest.fixture(scope="module")
def prepared():
    config = Config()
    config.data.source, config.data.limit.train = "embedded", 40
    return prepare(config)


@pytest.fixture(scope="module")
def folder(prepared, tmp_path_factory):
    texts = [row for split in prepared.splits.values() for row in split["text"][:]]
    tokenizer = train_wordpiece(texts, vocab_size=400, max_length=64)
    at = tmp_path_factory.mktemp("teacher") / "model"
    pretrained.classifier(at, labels=prepared.labels, vocab_size=len(tokenizer), hidden_size=32)
    tokenizer.save_pretrained(at)
    return at


def run_of(prepared, folder, init="teacher", **student):
    config = Config()
    config.teacher.model, config.teacher.finetuned = str(folder), True
    config.student.init, config.student.layers = init, 1
    config.student.architecture = replace(
        config.student.architecture, layers=1, hidden_size=16, heads=2, intermediate_size=24
    )
    config.student.lstm.embedding_size = 12
    for name, value in student.items():
        setattr(config.student, name, value)
    return spec_of(config, prepared)


def student_of(spec, tmp_path):
    return students.make_student(job_of(spec, tmp_path))


def answers(spec, student, tokenizer, split="train"):
    examples = examples_of(spec)
    features = examples.encode(spec.data.splits[split], tokenizer)
    batch = examples.collate(tokenizer)(features[:], Place(()))
    student.eval()
    with torch.no_grad():
        return student(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits, features


@pytest.mark.parametrize("init", INITS)
def test_a_student_of_fewer_tokens_answers_train_exactly_as_one_of_all(prepared, folder, tmp_path, init):
    whole_spec = run_of(prepared, folder, init)
    whole = answers(whole_spec, *student_of(whole_spec, tmp_path))
    small_spec = run_of(prepared, folder, init, vocabulary="corpus")
    student, tokenizer = student_of(small_spec, tmp_path)
    small = answers(small_spec, student, tokenizer)
    torch.testing.assert_close(small[0], whole[0], rtol=0, atol=0)
    assert list(map(len, small[1]["input_ids"])) == list(map(len, whole[1]["input_ids"]))
    assert len(tokenizer) == len(student.get_input_embeddings().weight) < 400


def test_texts_without_labels_keep_their_tokens_too(prepared, folder, tmp_path):
    more = prepared.splits["test"].remove_columns("label")
    with_more = replace(prepared, splits={**prepared.splits, UNLABELLED: more})
    sizes, kept = [], []
    for data in (prepared, with_more):
        spec = run_of(data, folder, vocabulary="corpus")
        _, tokenizer = student_of(spec, tmp_path)
        kept.append([tokenizer.tokenize(text) for text in more["text"]])
        sizes.append(len(tokenizer))
    whole = AutoTokenizer.from_pretrained(folder)
    assert sizes[0] < sizes[1]
    assert kept[0] != kept[1] == [whole.tokenize(text) for text in more["text"]]


def test_embeddings_of_a_low_rank_are_weighted_by_what_train_uses(prepared, folder, tmp_path):
    spec = run_of(prepared, folder, vocabulary="corpus", embedding_rank=4)
    student, tokenizer = student_of(spec, tmp_path)
    plain, _ = student_of(run_of(prepared, folder, vocabulary="corpus"), tmp_path)
    factors = student.get_input_embeddings()
    assert isinstance(factors, LowRankEmbedding)
    weights = count_weights(vocabularies.training_ids(spec, tokenizer), len(tokenizer))
    vectors, directions = truncated(plain.get_input_embeddings().weight, weights, 4)
    torch.testing.assert_close(factors.weight, vectors @ directions, rtol=1e-5, atol=1e-6)


def test_a_vocabulary_is_counted_once_for_all_stages(prepared, folder, tmp_path, caplog):
    caplog.set_level("INFO")
    spec = run_of(replace(prepared), folder, vocabulary="corpus")
    tokenizers = [student_of(spec, tmp_path)[1] for _ in range(2)]
    assert tokenizers[0] is tokenizers[1]
    assert [line for line in caplog.messages if "keeps" in line] == [
        f"student: keeps {len(tokenizers[0])} of 400 tokens"
    ]


@pytest.mark.parametrize(
    "change",
    [{"vocabulary": "corpus"}, {"embedding_rank": 4}],
)
def test_what_is_made_without_a_small_vocabulary_has_its_old_fingerprint(prepared, folder, change):
    usual, changed = (students.settings(run_of(prepared, folder, **given)) for given in ({}, change))
    assert {**usual, **change} == changed
    assert not {"vocabulary", "vocabulary_min_count", "vocabulary_size", "embedding_rank"} & usual.keys()


@pytest.mark.parametrize("task", [name for name in TASKS if not task_of(name).writes])
def test_features_of_train_differ_in_the_numbers_of_tokens_alone(task):
    """Windows, places of tags and answers, markers and what is cut off stay as the teacher has them."""
    config = Config(task=task)
    config.data.source, config.data.limit.train, config.data.max_length, config.data.stride = "embedded", 24, 32, 8
    if task == "question_answering":
        config.data.columns, config.data.max_length = {"label": "answers"}, 64
    spec = spec_of(config)
    spec = replace(
        spec,
        decisions=replace(spec.decisions, student=replace(spec.decisions.student, vocabulary=VocabularySpec("corpus"))),
    )
    whole = meta_build.stand_in(spec, 10_000)
    vocabulary = vocabularies.of_student(spec, Path("FOLDER"), whole)
    rows = spec.data.splits["train"][:]
    before, after = (spec.setup.encode(rows, reader) for reader in (whole, vocabulary.tokenizer))
    expected = [vocabulary.renumber(np.asarray(ids)).tolist() for ids in before.pop("input_ids")]
    assert after.pop("input_ids") == expected
    assert after == before
    assert len(vocabulary.kept) < len(whole)
    assert {*spec.setup.task.markers} <= vocabulary.tokenizer.get_vocab().keys()


# What is refused before anything is made


def refused(check, message):
    with pytest.raises(DistillError, match=f"^{re.escape(message)}$"):
        check()


def test_a_student_with_another_tokenizer_than_its_teachers_is_refused(prepared, folder, tmp_path):
    other = pretrained.classifier(tmp_path / "other", ["quite other words"], labels=prepared.labels)
    spec = run_of(prepared, folder, "checkpoint", model=str(other), vocabulary="corpus")
    message = (
        f"student.vocabulary=corpus: keeps tokens of the teacher's tokenizer, but {other} has another one; "
        "allowed is all"
    )
    refused(lambda: _vocabulary(spec), message)


def test_a_checkpoint_with_the_teachers_tokenizer_may_lose_tokens(prepared, folder, tmp_path):
    spec = run_of(prepared, folder, "checkpoint", model=str(folder), vocabulary="corpus")
    _vocabulary(spec)
    student, tokenizer = student_of(spec, tmp_path)
    assert len(student.get_input_embeddings().weight) == len(tokenizer) < 400


def test_terms_on_tokens_are_refused_where_texts_of_train_lose_tokens(prepared, folder):
    spec = run_of(prepared, folder, vocabulary="corpus", vocabulary_min_count=2)
    spec.config.distill.cka.weight = 1.0
    message = (
        "student.vocabulary_min_count=2: texts of train lose tokens that are used less often, but distill.cka compares "
        "hidden states token by token; allowed is 1"
    )
    refused(lambda: _refuse_different_tokens(spec), message)
    spec.config.distill.cka.weight = 0.0
    _refuse_different_tokens(spec)
    assert not expected_shapes.read_same_tokens(spec)
    assert expected_shapes.read_same_tokens(run_of(prepared, folder, vocabulary="corpus"))


def test_a_size_that_the_texts_do_not_fit_in_is_refused_early(prepared, folder):
    spec = run_of(prepared, folder, vocabulary="corpus", vocabulary_size=3)
    tokenizer = spec.sources.tokenizer(folder)
    needed = len(vocabularies.of_student(run_of(prepared, folder, vocabulary="corpus"), folder, tokenizer).kept)
    message = (
        f"student.vocabulary_size=3: the texts, characters and special tokens take {needed} of the tokenizer's 400 "
        f"tokens; allowed is {needed} to 400"
    )
    refused(lambda: _vocabulary(spec), message)


def test_a_rank_above_the_embeddings_width_is_refused_early(prepared, folder):
    spec = run_of(prepared, folder, embedding_rank=33)
    config = spec.sources.configurations["teacher_checkpoint"]
    message = "student.embedding_rank=33: the student's embeddings are 32 wide; allowed is 1 to 32"
    refused(lambda: expected_shapes.refuse_student(spec, config), message)


def test_byte_pairs_are_cut_as_well(prepared, folder, tmp_path):
    bytes_folder = pretrained.classifier(tmp_path / "bytes", ["a"], labels=prepared.labels, vocab_size=330)
    train_bytes(prepared.splits["train"]["text"][:], vocab_size=330, max_length=64).save_pretrained(bytes_folder)
    whole_spec = run_of(prepared, bytes_folder)
    whole = answers(whole_spec, *student_of(whole_spec, tmp_path))
    few = replace(prepared, splits={**prepared.splits, "train": prepared.splits["train"].select(range(4))})
    spec = run_of(few, bytes_folder, vocabulary="corpus")
    student, tokenizer = student_of(spec, tmp_path)
    small, _ = answers(spec, student, tokenizer)
    assert len(tokenizer) < 330
    torch.testing.assert_close(small, whole[0][:4], rtol=1e-5, atol=1e-6)
