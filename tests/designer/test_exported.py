"""Students in the form that is shipped: exported, opened, asked and weighed."""

import copy
from dataclasses import replace

import pytest
from test_sizes import run_of

from distill.designer import exported, sizes, small_vocabulary
from distill.designer.candidates import Candidate, StudentShape
from distill.designer.search import Limits
from distill.designer.timing import Text
from distill.errors import ModelError
from distill.models import loading
from distill.student.vocabulary import shrink

TEXT = Text(8, 1, 0)
ONE = Candidate("teacher", StudentShape(1, 32, 2))
FEWER = Candidate("teacher", StudentShape(2, 32, 2), vocabulary="corpus")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A tiny one with a checkpoint, whose tokenizer was made of more texts than train has."""
    origin = run_of("classification")
    made, folder = sizes.teacher(origin), tmp_path_factory.mktemp("teacher") / "model"
    loading.save(loading.from_config(made.configuration, origin.setup.task.head), made.tokenizer, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_vocabulary, "_WORTH", 1.0)
        return sizes.teacher(run_of("classification", model=str(folder)))


@pytest.mark.parametrize("form", ["onnx", "onnx_int8"])
def test_a_student_is_asked_and_weighed_in_the_form_that_is_shipped(teacher, form):
    student = sizes.sized(teacher, ONE, form=form)
    timed, costs = exported.measure(teacher, [student], TEXT, Limits(), form, "static", name="teacher")
    assert set(timed.latency) == {"teacher", "layers_1"}
    assert timed.latency["layers_1"]["p50"] == costs.seen["layers_1"].latency_ms > 0
    graph = timed.bytes["layers_1"] - student.bytes
    assert 0 < graph < 60_000, "beside the weights there are the operators and their names"
    if form == "onnx":
        saved = student.parameters - student.bytes / 4
        tokens, rank = teacher.configuration.vocab_size, teacher.rank_of(ONE)
        assert saved == tokens * 32 - rank * (tokens + 32) > 0, "embeddings are exported as two factors"
    else:
        assert timed.bytes["layers_1"] < 4 * student.parameters


def test_a_student_of_the_texts_own_tokens_is_counted_as_it_is_made(teacher):
    vocabulary = teacher.vocabulary_of(FEWER)
    assert vocabulary is not None
    assert len(vocabulary.kept) < len(teacher.tokenizer)
    whole = loading.from_config(
        sizes.configuration(teacher, Candidate("teacher", FEWER.shape)), teacher.setup.task.head
    )
    shrink(whole, vocabulary)
    assert sizes.sized(teacher, FEWER).parameters == loading.parameters(whole)
    configured = sizes.configuration(teacher, FEWER)
    assert (configured.vocab_size, configured.pad_token_id) == (whole.config.vocab_size, whole.config.pad_token_id)
    assert teacher.reader(FEWER).get_vocab() == vocabulary.tokenizer.get_vocab()
    assert teacher.vocabulary_of(ONE) is None


def test_an_architecture_that_cannot_have_the_form_is_refused_with_the_setting(teacher, monkeypatch):
    def refusing(*_):
        raise ModelError("models of the kind bert cannot be traced")

    monkeypatch.setattr("distill.export.onnx_graph.trace", refusing)
    with pytest.raises(
        ModelError, match=r"^budget\.format=onnx: models of the kind bert cannot be traced; allowed is t"
    ):
        exported.measure(teacher, [sizes.sized(teacher, ONE)], TEXT, Limits(), "onnx", "static", name="teacher")


def test_a_rank_that_its_teacher_has_is_not_a_candidates_own(teacher):
    said = copy.deepcopy(teacher.configuration)
    said.embedding_rank = 5
    found = [sizes.configuration(replace(teacher, configuration=said), each) for each in (ONE, FEWER)]
    assert found[0].embedding_rank == teacher.rank_of(ONE) == 16
    assert not hasattr(found[1], "embedding_rank")
