"""Several teachers on the command line and in cards, and what of them is refused."""

import re

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf

from distill.config import compose as cards
from distill.config import messages, validate
from distill.config.architecture import ArchitectureConfig
from distill.config.ensemble import EnsembleConfig, settings, weights
from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.config.validate import check
from distill.errors import ConfigError


def composed(*overrides, folder=None):
    places = cards.composing()
    if folder is not None:
        GlobalHydra.instance().clear()
        places = initialize_config_dir(version_base="1.3", config_dir=str(folder))
    with places:
        given = OmegaConf.to_container(compose("config", overrides=list(overrides)))
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), given))


def test_a_card_becomes_a_further_teacher_and_its_settings_can_be_overridden():
    found = composed(
        "experiment=sst2_tiny", "+teacher@more_teachers.second=minilm", "more_teachers.second.model=FOLDER",
        "+teacher@more_teachers.third=scratch_small", "more_teachers.third.vocab_size=300",
    )  # fmt: skip
    check(found)
    assert found.teacher == TeacherConfig(architecture=ArchitectureConfig(3, 128, 4, 512), vocab_size=4000)
    assert found.more_teachers == {
        "second": TeacherConfig(model="FOLDER"),
        "third": TeacherConfig(architecture=ArchitectureConfig(3, 128, 4, 512), vocab_size=300),
    }


def test_a_further_teacher_needs_no_card():
    given = "+more_teachers={second: {model: FOLDER, finetuned: true}}", "+ensemble.weights={first: 3, second: 1}"
    found = composed("experiment=sst2_tiny", *given)
    check(found)
    assert weights(found) == {"first": 0.75, "second": 0.25}
    assert found.more_teachers == {"second": TeacherConfig(model="FOLDER", finetuned=True)}


def test_an_experiment_of_ones_own_names_several_teachers_among_ones_own_cards(tmp_path):
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "mine.yaml").write_text("model: FOLDER\nfinetuned: true\n")
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "two.yaml").write_text(
        "# @package _global_\n"
        "defaults:\n"
        "  - /teacher@more_teachers.second: mine\n"
        "  - override /teacher: scratch_small\n"
        "  - override /student: scratch_tiny\n"
        "ensemble: {combine: logits, weights: {second: 2}}\n"
    )
    found = composed("experiment=two", folder=tmp_path)
    check(found)
    assert found.more_teachers == {"second": TeacherConfig(model="FOLDER", finetuned=True)}
    assert weights(found) == {"first": pytest.approx(1 / 3), "second": pytest.approx(2 / 3)}
    other = composed("experiment=two", "teacher@more_teachers.second=minilm", folder=tmp_path)
    assert other.more_teachers["second"].model == "sentence-transformers/all-MiniLM-L6-v2"


def test_a_wrong_setting_of_a_further_teacher_is_told_with_those_there_are():
    with pytest.raises(HydraException) as raised:
        composed("+teacher@more_teachers.second=scratch_small", "more_teachers.second.vocab_sise=300")
    assert messages.describe_error(raised.value) == (
        "more_teachers.second.vocab_sise: unknown setting; did you mean vocab_size? more_teachers.second has model, "
        "default_model, revision, base, finetuned, labels, labels_subset, accept, architecture, vocab_size, lowercase, "
        "store, precision, store_limit_gb, keep, top_k, samples, answers, gold, label_map, price_per_row, smoothing, "
        "replaces_labels"
    )


@pytest.mark.parametrize(
    ("key", "way"),
    [
        ("ensemble.weights.first", "ensemble.weights.first"),
        ("more_teachers.second", "more_teachers.second.model=VALUE"),
    ],
)
def test_a_name_of_ones_own_is_added_with_a_plus(key, way):
    with pytest.raises(HydraException) as raised:
        composed(f"{key.rpartition('.')[0]}={{{key.rpartition('.')[2]}: {{}}}}")
    assert messages.describe_error(raised.value) == (
        f"{key}: is no setting yet; what has a name of yours is added with a + before it, as in +{way}"
    )


def test_of_one_teacher_nothing_is_said():
    assert settings(Config()) == {}


def test_weights_count_by_their_proportions_and_are_1_where_not_given():
    given = Config(more_teachers={"b": TeacherConfig(model="B"), "c": TeacherConfig(model="C")})
    assert weights(given) == pytest.approx({"first": 1 / 3, "b": 1 / 3, "c": 1 / 3})
    given.ensemble.weights = {"b": 6.0}
    assert settings(given) == {
        "teachers": {"combine": "probabilities", "weights": pytest.approx({"first": 0.125, "b": 0.75, "c": 0.125})}
    }
    given.task = "regression"
    assert settings(given)["teachers"]["combine"] == "scores", "probabilities and logits of scores are the same"
    given.task, given.ensemble.weights = "classification", {"first": 0.0, "c": 0.0}
    check(given)
    assert weights(given) == {"first": 0.0, "b": 1.0, "c": 0.0}


def two(task="classification", second=None, combine="probabilities", weights=(), name="second"):
    made = Config(task=task, more_teachers={name: second or TeacherConfig(model="FOLDER")})
    made.ensemble = EnsembleConfig(combine, dict(weights))
    return made


def of_one(**given):
    return Config(ensemble=EnsembleConfig(**given))


def with_hidden():
    made = two()
    made.distill.hidden.weight = 0.5
    return made


def continued():
    made = two(second=TeacherConfig(vocab_size=300))
    made.teacher.model, made.pretrain.continued = "FOLDER", True
    return made


CASES = {
    "unknown weights": (
        two(weights={"third": 1.0, "second": 1.0}),
        "ensemble.weights: unknown third; the teachers are first, second",
    ),
    "a weight below 0": (two(weights={"first": -1.0}), "ensemble.weights.first=-1.0: allowed is a number from 0 up"),
    "an infinite weight": (
        two(weights={"second": float("inf")}), "ensemble.weights.second=inf: allowed is a number from 0 up",
    ),
    "no weight": (
        two(weights={"first": 0.0, "second": 0.0}),
        "ensemble.weights={'first': 0.0, 'second': 0.0}: at least one must be above 0",
    ),
    "another way": (
        two(combine="median"), "ensemble.combine=median: allowed is one of probabilities, logits, confidence",
    ),
    "a name that is taken": (
        two(name="first"),
        "more_teachers.first: allowed is a name of letters, digits and _ that is none of first, teacher, student, "
        "control, without_unlabelled, tfidf, huggingface, onnx, onnx_int8",
    ),
    "a name that is none": (
        two(name="the second"),
        "more_teachers.the second: allowed is a name of letters, digits and _ that is none of first, teacher, "
        "student, control, without_unlabelled, tfidf, huggingface, onnx, onnx_int8",
    ),
    "the same teacher": (
        two(second=TeacherConfig(store="always")),
        "more_teachers.second: is the same teacher as first; give another, or leave it out",
    ),
    "a limit of what is stored": (
        two(second=TeacherConfig(model="folder", store_limit_gb=3.0)),
        "more_teachers.second.store_limit_gb=3.0: several teachers are stored whatever it takes; allowed is 10.0",
    ),
    "a way for one teacher": (
        of_one(combine="logits"),
        "ensemble.combine=logits: there is one teacher; give others as more_teachers.NAME, or leave it out",
    ),
    "weights for one teacher": (
        of_one(weights={"first": 2.0}),
        "ensemble.weights={'first': 2.0}: there is one teacher; give others as more_teachers.NAME, or leave it out",
    ),
    "a score's confidence": (
        two("regression", combine="confidence"),
        "ensemble.combine=confidence: a score has no confidence; allowed is probabilities or logits, which are one",
    ),
    "hidden states": (
        with_hidden(),
        "distill.hidden.weight=0.5: reads hidden states, which several teachers do not share; allowed is 0",
    ),
    "a further teacher that does not fit": (
        two(second=TeacherConfig(finetuned=True, vocab_size=300)),
        "more_teachers.second.finetuned=true: give the fine-tuned checkpoint as more_teachers.second.model=PATH",
    ),
    "a rule that holds for every teacher": (
        two(second=TeacherConfig(vocab_size=3)),
        "more_teachers.second.vocab_size=3: allowed is a whole number from 100 up",
    ),
    "a further teacher that cannot be pretrained on": (
        continued(),
        "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; "
        "give more_teachers.second.model=PATH",
    ),
}  # fmt: skip


def refused(config, problem):
    message = re.escape(f"1 problem in the settings\n  {problem}")
    with pytest.raises(ConfigError, match=f"^{message}$"):
        check(config)


@pytest.mark.parametrize("case", CASES)
def test_what_makes_no_sense_is_refused_in_one_line(case):
    config, problem = CASES[case]
    refused(config, problem)


@pytest.mark.parametrize("task", ["translation", "summarization", "dialogue"])
@pytest.mark.parametrize("keep", ["top", "sampled"])
def test_teachers_that_write_are_averaged(task, keep):
    config = two(task)
    config.pretrain.max_epochs = 0
    if keep == "sampled":
        config.teacher.keep, config.teacher.store = "sampled", "always"
    check(config)
    config.ensemble.combine = "confidence"
    problem = (
        "ensemble.combine=confidence: who is surest of a text shows when it is written; allowed is probabilities or "
    )
    refused(config, problem + "logits")


def test_of_drawn_tokens_probabilities_are_averaged():
    config = two("translation")
    config.pretrain.max_epochs = 0
    config.more_teachers["second"].keep, config.more_teachers["second"].store = "sampled", "always"
    config.ensemble.combine = "logits"
    reason = "of second tokens are drawn, whose shares alone are right on average; allowed is probabilities"
    refused(config, f"ensemble.combine=logits: {reason}")


def test_what_teachers_write_is_no_target_of_several():
    config = two("translation")
    config.pretrain.max_epochs = 0
    config.distill.targets = "teacher"
    refused(
        config,
        "distill.targets=teacher: what a teacher writes is kept teacher by teacher; allowed is data, or one teacher",
    )


def test_a_students_layers_come_from_the_first_teacher_whatever_the_others_have():
    config = two(second=TeacherConfig(architecture=ArchitectureConfig(layers=1), vocab_size=300))
    config.student.init, config.student.layers = "teacher", 2
    check(config)


def test_two_labellers_are_audited_by_one_file():
    config = Config(more_teachers={"other": TeacherConfig(answers="b.jsonl", gold="gold_b.jsonl")})
    config.teacher.answers, config.teacher.gold = "a.jsonl", "gold_a.jsonl"
    assert (
        "more_teachers.other.gold=gold_b.jsonl: one file audits all labellers; allowed is gold_a.jsonl, or null"
        in validate.problems(config)
    )
