"""What is stored of the teacher follows from settings and data alone."""

import functools
import re

import pytest
from run_parts import decided, spec_of

from distill.config.schema import Config
from distill.errors import ConfigError
from distill.inference import output_pass
from distill.models import from_scratch, loading
from distill.models.from_scratch import Size
from distill.objective import build as objectives
from distill.objective.specs import TERM_SPECS
from distill.pipeline import expected_shapes
from distill.pipeline.prepare_data import prepare
from distill.stages import pretrain, teach


@functools.cache
def data(task):
    config = Config()
    config.task, config.data.source, config.data.limit.train = task, "embedded", 64
    return prepare(config)


def settings(change=None, task="classification"):
    config = Config()
    config.task = task
    if change:
        change(config)
    return config


def run_of(change=None, task="classification"):
    """What a run is before it is decided what is stored."""
    return spec_of(settings(change, task), data(task))


def decided_run(change=None, task="classification"):
    """What a run is once that is decided."""
    return decided(settings(change, task), data(task))


def stored_of(change=None, task="classification"):
    """What is stored of the teacher."""
    return decided_run(change, task).decisions.outputs


def weighs(*names):
    def change(config):
        for name in names:
            getattr(config.distill, name).weight = 1.0

    return change


@pytest.mark.parametrize("name", list(TERM_SPECS))
def test_outputs_are_stored_exactly_where_every_term_finds_in_them_what_it_reads(name):
    spec = decided_run(weighs(name))
    shapes = expected_shapes.student_and_teacher_shapes(spec)
    needs = objectives.build_objective(spec.config.distill, spec.setup.task.kind, *shapes).needs
    found = spec.decisions.outputs
    assert found.stored == (not needs & {"teacher_attentions", "teacher_qkv"})
    assert bool(found.states) == ("teacher_hidden" in needs and found.stored)


READ = {
    ("hidden",): (0, 3, 6), ("hidden_cosine",): (0, 3, 6), ("pkd",): (3, 6), ("cka",): (3, 6), ("embedding",): (0,),
    ("rkd_distance",): (6,), ("rkd_angle",): (6,), ("soft",): (), ("embedding", "rkd_angle"): (0, 6),
    ("hidden", "attention"): (),
}  # fmt: skip


@pytest.mark.parametrize("names", READ)
def test_only_the_states_that_terms_read_are_stored(names):
    def change(config):
        config.teacher.architecture.layers = 6
        weighs(*names)(config)

    assert stored_of(change).states == READ[names]


def test_other_layers_are_stored_where_the_map_says_so_and_no_states_for_rows():
    def mapped(config):
        config.teacher.architecture.layers = 6
        weighs("pkd")(config)
        config.distill.pkd.layer_map = "0,2"

    def rows(config):
        weighs("rkd_distance")(config)
        config.distill.rkd_distance.of = "logits"

    assert stored_of(mapped).states == (1, 3)
    assert stored_of(rows).states == ()


def test_what_would_pass_the_limit_is_not_stored_unless_it_shall_be_always():
    def limited(store):
        def change(config):
            weighs("hidden")(config)
            config.teacher.store = store
            config.teacher.store_limit_gb = 1e-4

        return change

    size = stored_of(weighs("hidden")).gigabytes
    reason = f"its logits and hidden states would take about {size:.3g} GB, and teacher.store_limit_gb=0.0001"
    assert stored_of(limited("auto")).reason == reason
    assert teach.skipped(decided_run(limited("auto"))) == f"{reason}; the teacher answers while the student learns"
    assert stored_of(limited("always")).stored
    assert stored_of(limited("never")).reason == "teacher.store=never"
    assert teach.skipped(decided_run(limited("always"))) is None


def test_the_estimate_of_logits_is_the_number_of_rows_and_their_width():
    assert stored_of().gigabytes == pytest.approx(64 * (2 * 4 + 24) / 1e9)
    words = decided_run(task="token_classification")
    rows = sum(len(tokens) for tokens in words.data.splits["train"]["tokens"])
    features = (words.decisions.outputs.gigabytes * 1e9 - rows * len(words.setup.outputs) * 4) / 24
    assert features == pytest.approx(64, abs=1e-3)


def test_the_estimate_of_states_grows_with_their_number_and_width():
    def change(layers, width):
        def change(config):
            config.teacher.architecture.layers, config.teacher.architecture.hidden_size = layers, width
            config.distill.hidden.weight = 1.0

        return change

    base = stored_of().gigabytes + 64 * 8 / 1e9
    narrow, wide = (stored_of(change(2, width)).gigabytes - base for width in (128, 256))
    assert wide == pytest.approx(2 * narrow)
    tokens = narrow * 1e9 / (3 * 128 * 2)
    words = sum(len(text.split()) for text in data("classification").splits["train"]["text"])
    assert words + 2 * 64 <= tokens <= 3 * words


@pytest.mark.parametrize("keep", ["top_k", "sampled"])
def test_of_a_vocabulary_the_estimate_and_the_name_of_what_is_kept_follow_the_settings(keep):
    def change(number):
        def change(config):
            config.teacher.keep = keep
            setattr(config.teacher, {"top_k": "top_k", "sampled": "samples"}[keep], number)

        return change

    four, eight = (decided_run(change(number), "translation") for number in (4, 8))
    names = {"top_k": "top {} at temperature 2", "sampled": "{} tokens drawn at temperature 2 with seed 42"}
    assert [teach._kept_logits(each) for each in (four, eight)] == [names[keep].format(number) for number in (4, 8)]
    sizes = [each.decisions.outputs.gigabytes * 1e9 for each in (four, eight)]
    assert (sizes[1] - sizes[0]) / (4 * 8) == pytest.approx((sizes[0] - 64 * 24) / (4 * 8 + 4))


@pytest.mark.parametrize("task", ["token_classification", "classification"])
def test_a_student_with_other_tokens_finds_words_only_in_a_store(task, tmp_path):
    origin = run_of(task=task)
    tokenizer = pretrain.trained_tokenizer(origin, origin.data.splits["train"].select(range(8)))
    size = Size(layers=1, hidden_size=8, heads=1, intermediate_size=8)
    made = from_scratch.config("encoder", tokenizer, size, max_length=origin.config.data.max_length, dropout=0.0)
    loading.save(loading.from_config(made, origin.setup.task.head), tokenizer, tmp_path)

    def change(store):
        def change(config):
            config.teacher.store, config.student.init, config.student.model = store, "checkpoint", str(tmp_path)

        return change

    assert stored_of(change("always"), task).stored
    if task == "classification":
        assert not stored_of(change("never"), task).stored
        return
    message = (
        "teacher.store: teacher.store=never, but a student that reads other tokens finds the teacher's rows of "
        "token_classification only where they are stored; allowed are auto and always"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        stored_of(change("never"), task)


def test_a_limit_that_the_task_does_not_have_makes_no_other_answers():
    def limited(name, task):
        def change(config):
            setattr(config.data, name, getattr(config.data, name) + 1)

        return output_pass.identity(run_of(change, task).setup, "made")

    same = {task: output_pass.identity(run_of(task=task).setup, "made") for task in ("classification", "translation")}
    assert (
        limited("stride", "classification") == limited("max_target_length", "classification") == same["classification"]
    )
    assert limited("max_length", "classification") != same["classification"]
    assert limited("max_target_length", "translation") != same["translation"] == limited("stride", "translation")
