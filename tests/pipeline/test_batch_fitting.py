"""``data.batch_tokens=auto`` gives batches as many tokens as fit into memory."""

from dataclasses import dataclass, replace

import pytest
from pretrained import bert
from run_parts import spec_of

from distill.config.schema import Config
from distill.distributed.processes import Ranks
from distill.errors import ConfigError
from distill.pipeline import batch_fitting
from distill.pipeline.batch_fitting import fitted
from distill.pipeline.context import example_pipeline
from distill.pipeline.prepare_data import prepare
from distill.tasks import TASKS
from distill.tasks.collating import counts


def of(name="classification", **data):
    config = Config(task=name)
    config.data.source, config.data.limit.train, config.data.limit.validation = "embedded", 100, 20
    config.data.batch_tokens = "auto"
    if name == "question_answering":
        config.data.columns = {"label": "answers"}
    for key, value in data.items():
        setattr(config.data, key, value)
    return config


@pytest.fixture
def memory_of(monkeypatch):
    def set_to(size):
        monkeypatch.setattr(batch_fitting.memory, "total", lambda: size)

    return set_to


def test_no_limit_is_set_where_the_largest_batch_fits():
    config = of()
    data = prepare(config)
    settled, described = fitted(config, data, Ranks())
    assert settled.data.batch_tokens is None
    assert "data.batch_tokens=auto: no limit, 32 texts fit at any length (" in described.notes[-1]


def test_a_number_stays_as_it_is():
    config = of(batch_tokens=64)
    data = prepare(config)
    assert fitted(config, data, Ranks()) == (config, data)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_with_little_memory_batches_of_every_task_get_as_much_as_fits(name, memory_of):
    config = of(name, max_length=48, batch_size=64)
    data = prepare(config)
    spec = spec_of(replace(config, data=replace(config.data, batch_tokens=None)), data)
    price, longest, weights = batch_fitting._measured(spec, Ranks())
    memory_of(2 * (weights + 300 * price))
    tokens = fitted(config, data, Ranks())[0].data.batch_tokens
    assert tokens == 256 >= longest
    twice = of(name, max_length=48, batch_size=64)
    memory_of(2 * (weights + 600 * price))
    assert fitted(twice, data, Ranks())[0].data.batch_tokens == 512


def test_batches_hold_no_more_than_was_found(memory_of):
    config = of(max_length=48, batch_size=64)
    data = prepare(config)
    spec = spec_of(replace(config, data=replace(config.data, batch_tokens=None)), data)
    price, _, weights = batch_fitting._measured(spec, Ranks())
    memory_of(2 * (weights + 200 * price))
    config, data = fitted(config, data, Ranks())
    spec = spec_of(config, data)
    examples = example_pipeline(config, spec.setup, Ranks())
    tokenizer = batch_fitting.meta_build.stand_in(spec, 100)
    features = examples.encode(data.splits["train"], tokenizer)
    batches = list(examples.training_batches(features, examples.collate(tokenizer), counts(features[:])))
    assert max(batch["input_ids"].numel() for batch in batches) <= config.data.batch_tokens == 128
    assert sum(len(batch["input_ids"]) for batch in batches) == len(data.splits["train"])


@dataclass(frozen=True)
class WithAPoorOne(Ranks):
    """One of two ranks, of which the other has less memory."""

    def every(self, value):
        return [value, value / 8]


def test_the_rank_with_the_least_memory_decides(memory_of):
    config = of(max_length=48, batch_size=64)
    data = prepare(config)
    spec = spec_of(replace(config, data=replace(config.data, batch_tokens=None)), data)
    price, _, weights = batch_fitting._measured(spec, Ranks())
    memory_of(16 * (weights + 300 * price))
    assert fitted(config, data, WithAPoorOne())[0].data.batch_tokens == 256


def test_a_token_costs_what_its_states_take_however_many_words_a_model_knows(tmp_path):
    config = of(batch_tokens=None, max_length=48)
    config.teacher.model = str(bert(tmp_path / "model", ["a film"]))
    data = prepare(config)
    spec = spec_of(config, data)
    few = batch_fitting._measured(spec, Ranks())[0]
    configuration = spec.sources.configurations["teacher_checkpoint"]
    configuration.vocab_size *= 100
    assert batch_fitting._measured(spec, Ranks())[0] == pytest.approx(few, rel=0.02)


def test_activation_checkpointing_makes_room(tmp_path):
    config = of(batch_tokens=None, max_length=48)
    config.teacher.model = str(bert(tmp_path / "model", ["a film"], layers=6))
    data = prepare(config)
    whole = batch_fitting._measured(spec_of(config, data), Ranks())[0]
    config.trainer.activation_checkpointing = True
    assert batch_fitting._measured(spec_of(config, data), Ranks())[0] < 0.7 * whole


def test_a_single_text_that_does_not_fit_is_refused(memory_of):
    config = of()
    memory_of(1e6)
    with pytest.raises(ConfigError) as refused:
        fitted(config, prepare(config), Ranks())
    said = str(refused.value)
    assert said.startswith("data.batch_tokens=auto: a batch of one text of ")
    assert said.endswith("lower data.max_length, take a smaller model, or give trainer.activation_checkpointing=true")


def test_a_system_that_says_nothing_of_its_memory_needs_a_number(memory_of):
    config = of()
    memory_of(None)
    with pytest.raises(ConfigError) as refused:
        fitted(config, prepare(config), Ranks())
    assert str(refused.value) == (
        "data.batch_tokens=auto: this system does not say how much memory it has; give a number"
    )
