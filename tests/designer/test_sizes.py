"""Weights counted without making them, against a sum by hand and against the models that a run would make."""

import pytest
from run_parts import examples_of, spec_of
from transformers import (
    BartConfig,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    ModernBertConfig,
    Qwen3Config,
)

from distill.config.architecture import ArchitectureConfig
from distill.config.design import DesignConfig
from distill.designer import sizes
from distill.designer.candidates import Candidate, StudentShape, candidates
from distill.errors import ModelError
from distill.models import loading, static
from distill.student.from_layers import from_layers
from distill.student.narrow.narrowing import Width, narrow

TEACHER = ArchitectureConfig(layers=3, hidden_size=32, heads=2, intermediate_size=48)


def run_of(task, model=None, max_length=40, architecture=TEACHER):
    """What the run is that would make a teacher and its students."""
    config = DesignConfig(task=task)
    config.data.source, config.data.max_length, config.data.limit.train = "embedded", max_length, 60
    config.data.max_target_length = 8
    config.teacher.architecture, config.teacher.vocab_size, config.teacher.model = architecture, 400, model
    return spec_of(config)


def bert(layers, width, inner, vocabulary, positions, labels):
    """A BERT with a classifier, by hand."""
    embeddings = (vocabulary + positions + 2) * width
    attention, feed_forward = 4 * (width * width + width), 2 * width * inner + inner + width
    body = 2 * width + layers * (attention + feed_forward + 4 * width)
    return embeddings + body + width * width + width + width * labels + labels, embeddings


def test_a_bert_is_counted_as_by_hand():
    spec = run_of("classification")
    teacher = sizes.teacher(spec)
    vocabulary = len(teacher.tokenizer)
    assert 200 < vocabulary <= 400
    assert teacher.kinds == ("teacher", "random", "static")
    assert teacher.shape == StudentShape(3, 32, 2)
    whole, embeddings = bert(3, 32, 48, vocabulary, 40, 2)
    assert sizes.count(teacher.configuration, spec.setup.task.head) == (whole, whole - embeddings)
    for init, shape, inner in (("teacher", StudentShape(2, 32, 2), 48), ("random", StudentShape(3, 16, 1), 64)):
        found = sizes.sized(teacher, Candidate(init, shape))
        whole, embeddings = bert(shape.layers, shape.width, inner, vocabulary, 40, 2)
        assert (found.parameters, found.body) == (whole, whole - embeddings)


@pytest.mark.parametrize(("task", "texts"), [("classification", 1), ("regression", 2)])
def test_a_student_without_layers_has_embeddings_and_a_head_for_one_text_or_two(task, texts):
    spec = run_of(task, architecture=ArchitectureConfig(layers=2, hidden_size=64, heads=2, intermediate_size=48))
    teacher = sizes.teacher(spec)
    (candidate,) = sizes.makeable(teacher, candidates(teacher.shape, ["static"]))
    found, outputs = sizes.sized(teacher, candidate), len(spec.setup.outputs)
    head = (4 if texts == 2 else 1) * 64 * 64 + 64 + 64 * outputs + outputs
    assert found.body == head
    assert found.parameters == len(teacher.tokenizer) * 64 + head


@pytest.mark.parametrize("task", ["relation_extraction", "translation", "dialogue"])
def test_whatever_the_task_the_count_is_that_of_a_real_model(task):
    spec = run_of(task)
    teacher = sizes.teacher(spec)
    assert teacher.configuration.vocab_size == len(teacher.tokenizer)
    assert set(spec.setup.task.markers) <= set(teacher.tokenizer.get_vocab())
    real = loading.from_config(teacher.configuration, spec.setup.task.head)
    assert sizes.count(teacher.configuration, spec.setup.task.head)[0] == loading.parameters(real)
    for candidate in candidates(teacher.shape, teacher.kinds):
        found = sizes.sized(teacher, candidate)
        if candidate.init == "teacher":
            made = from_layers(real, range(candidate.shape.layers), None, spec.setup.task.head, 0.0)
        else:
            made = loading.from_config(sizes.configuration(teacher, candidate), spec.setup.task.head)
        assert found.parameters == loading.parameters(made)
        assert 0 < found.body < found.parameters


def test_a_checkpoint_is_counted_with_the_outputs_and_the_tokens_that_the_task_needs(tmp_path):
    origin = run_of("classification")
    teacher = sizes.teacher(origin)
    loading.save(
        loading.from_config(teacher.configuration, origin.setup.task.head), teacher.tokenizer, tmp_path / "model"
    )
    spec = run_of("relation_extraction", model=str(tmp_path / "model"))
    found = sizes.teacher(spec)
    assert found.configuration.vocab_size == len(teacher.tokenizer) + len(spec.setup.task.markers)
    assert found.configuration.num_labels == len(spec.setup.outputs)
    assert found.kinds == ("teacher", "narrow")
    assert found.shape == StudentShape(3, 32, 2, 1.5), "its layers are narrow inside, as those of its copies will be"
    longer = run_of("relation_extraction", model=str(tmp_path / "model"), max_length=41)
    with pytest.raises(ModelError, match=r"^data\.max_length=41: the teacher reads at most 40 tokens$"):
        sizes.teacher(longer)


def test_a_teacher_without_layers_is_refused(tmp_path):
    origin = run_of("classification")
    tokenizer = sizes.teacher(origin).tokenizer
    loading.save(
        loading.from_config(static.configured(tokenizer, len(tokenizer), 8, 1, 0.0), origin.setup.task.head),
        tokenizer,
        tmp_path / "model",
    )
    message = "students are designed by the shape of a transformer's layers, and distill-static models have none"
    with pytest.raises(ModelError, match=message):
        sizes.teacher(run_of("classification", model=str(tmp_path / "model")))


SIZE = {"num_hidden_layers": 3, "num_attention_heads": 4, "vocab_size": 300, "max_position_embeddings": 40}
COPIED = {
    "bert": lambda **size: BertConfig(hidden_size=32, intermediate_size=128, **size),
    "distilbert": lambda **size: DistilBertConfig(dim=32, hidden_dim=128, **size),
    "gpt2": lambda **size: GPT2Config(n_embd=32, **size),
    "qwen3": lambda **size: Qwen3Config(
        hidden_size=32, intermediate_size=96, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True, **size
    ),
    "bart": lambda num_hidden_layers, num_attention_heads, **size: BartConfig(
        d_model=32,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        encoder_layers=num_hidden_layers,
        decoder_layers=num_hidden_layers,
        encoder_attention_heads=num_attention_heads,
        decoder_attention_heads=num_attention_heads,
        **size,
    ),
}


@pytest.mark.parametrize("name", COPIED)
def test_of_a_checkpoint_narrower_copies_are_looked_at_and_counted_as_they_are_made(name, tmp_path):
    task = {"gpt2": "dialogue", "qwen3": "dialogue", "bart": "translation"}.get(name, "classification")
    origin = run_of(task)
    tokenizer = sizes.teacher(origin).tokenizer
    tokens = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    whole = loading.from_config(COPIED[name](**{**SIZE, **tokens}), origin.setup.task.head)
    loading.save(whole, tokenizer, tmp_path / "model")
    spec = run_of(task, model=str(tmp_path / "model"))
    found = sizes.teacher(spec)
    assert found.kinds == ("teacher", "narrow", *(["static"] if task == "classification" else []))
    made = sizes.makeable(found, candidates(found.shape, found.kinds))
    copy = next(each for each in made if each.name == "narrow_3x16")
    inner = 48 if name == "qwen3" else 64
    assert copy.card["architecture"] == {"layers": 3, "hidden_size": 16, "heads": 2, "intermediate_size": inner}
    student = narrow(
        whole,
        examples_of(spec).sample(spec.data.splits["train"], found.tokenizer),
        Width(16, 2, inner),
        spec.setup.task.head,
    )
    assert sizes.sized(found, copy).parameters == loading.parameters(student)


def test_a_teacher_whose_layers_are_not_one_stack_gives_none():
    spec = run_of("translation", architecture=ArchitectureConfig(3, 32, 2, 48, decoder_layers=2))
    found = sizes.teacher(spec)
    made = sizes.makeable(found, candidates(found.shape, found.kinds))
    assert {each.init for each in made} == {"random"}


def test_students_that_no_run_would_make_are_no_candidates():
    spec = run_of("classification")
    configured = ElectraConfig(hidden_size=64, embedding_size=32, intermediate_size=256, **SIZE)
    teacher = sizes.Teacher(configured, sizes.teacher(spec).tokenizer, ("teacher", "narrow"), spec.setup)
    wanted = candidates(teacher.shape, teacher.kinds)
    made = {each.name for each in sizes.makeable(teacher, wanted)}
    assert "narrow_1x32" in {each.name for each in wanted}, "as wide as its embeddings"
    assert made == {each.name for each in wanted if "x32" not in each.name}


def test_where_the_first_layer_has_to_stay_the_first_students_begin_with_it():
    spec = run_of("classification")
    configured = ModernBertConfig(hidden_size=64, intermediate_size=64, pad_token_id=0, **SIZE)
    teacher = sizes.Teacher(configured, sizes.teacher(spec).tokenizer, ("teacher",), spec.setup)
    made = sizes.makeable(teacher, candidates(teacher.shape, teacher.kinds))
    assert [each.card for each in made] == [
        {"init": "teacher", "layers": 1, "layer_map": "0", "embedding_rank": "auto"},
        {"init": "teacher", "layers": 2, "layer_map": "0,2", "embedding_rank": "auto"},
    ]
    assert sizes.configuration(teacher, made[1]).layer_types == [configured.layer_types[n] for n in (0, 2)]
