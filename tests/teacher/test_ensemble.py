"""Several teachers' stored answers as one teacher's, while its temperature moves."""

import pytest
import torch
from run_parts import decided, spec_of

from distill.config.ensemble import weights
from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.errors import ConfigError
from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.objective import Objective, Schedule
from distill.objective.terms.divergences import Soft
from distill.pipeline import preflight
from distill.stages import finetune, pretrain, teach
from distill.teacher import ensemble

DRAW = torch.Generator().manual_seed(0)
KEYS = [5, 3, 9]
LENGTHS = [1, 3, 2]


def store(folder, order):
    """Rows of the examples, written in an order of the teacher's own, and the truth."""
    rows = {key: torch.randn(length, 4, generator=DRAW) for key, length in zip(KEYS, LENGTHS, strict=True)}
    writer = OutputWriter(folder, "made by")
    for key in order:
        places = {"key": torch.tensor([key]), "first": torch.tensor([0]), "count": torch.tensor([len(rows[key])])}
        writer.add(places, {"values": rows[key]})
    writer.flush()
    return OutputStore(folder, "made by"), rows


def settings(task="classification", **second):
    """Of a run with two teachers, the first of which counts three times as much."""
    config = Config(task=task, more_teachers={"second": TeacherConfig(**second)})
    config.data.source, config.data.limit.train, config.ensemble.weights = "embedded", 64, {"first": 3.0}
    return config


def together(stores, config, temperature=lambda: 1.0):
    """The stored rows of classes as one teacher's, combined as the settings say."""
    combined = ensemble.combined_logits(config.ensemble.combine, "class", weights(config), temperature)
    return ensemble.of_logits(stores, combined)


def test_rows_are_combined_example_by_example_in_whatever_order_each_teacher_was_asked(tmp_path):
    (one, first), (other, second) = store(tmp_path / "one", [3, 9, 5]), store(tmp_path / "other", [9, 5, 3])
    found = together([one, other], settings()).examples(torch.tensor(KEYS))
    assert [len(rows) for rows in found] == LENGTHS
    for rows, key in zip(found, KEYS, strict=True):
        expected = 0.75 * first[key].softmax(dim=-1) + 0.25 * second[key].softmax(dim=-1)
        torch.testing.assert_close(rows.softmax(dim=-1), expected)


def test_the_windows_of_an_example_have_one_teacher_wherever_they_are_read(tmp_path):
    config = settings()
    config.ensemble.combine, config.ensemble.weights = "confidence", {}
    said = {"one": [[9.0, 0.0, 0.0, 0.0]] * 4 + [[0.0] * 4] * 2, "other": [[0.0] * 4] * 3 + [[0.0, 2.0, 0.0, 0.0]] * 3}
    asked = []
    for name, rows in said.items():
        writer = OutputWriter(tmp_path / name, "made by")
        windows = {"key": torch.tensor([3, 3, 5]), "first": torch.tensor([0, 2, 0]), "count": torch.tensor([2, 2, 2])}
        writer.add(windows, {"values": torch.tensor(rows)})
        writer.flush()
        asked.append(OutputStore(tmp_path / name, "made by"))
    common = together(asked, config)
    second = {"key": torch.tensor([3]), "first": torch.tensor([2]), "count": torch.tensor([2])}
    assert common(second).logits.tolist() == said["one"][2:4], "the second teacher is surer in this window alone"
    batch = {"key": torch.tensor([5, 3, 3]), "first": torch.tensor([0, 2, 0]), "count": torch.tensor([2, 2, 2])}
    assert common(batch).logits.tolist() == said["other"][4:] + said["one"][2:4] + said["one"][:2]


def test_a_batch_is_answered_at_the_temperature_that_the_term_has_at_its_step(tmp_path):
    (one, first), (other, second) = store(tmp_path / "one", KEYS), store(tmp_path / "other", KEYS)
    term = Soft(4.0)
    objective = Objective({"soft": term}, {"soft": 1.0}, {"soft": {"temperature": Schedule("linear", 4.0, 1.0)}})
    common = together([one, other], settings(), lambda: term.temperature)
    batch = {"key": torch.tensor([3]), "first": torch.tensor([1]), "count": torch.tensor([2])}
    for step, temperature in ((0, 4.0), (10, 1.0)):
        objective.at(step, 10)
        soft = [(each[3][1:] / temperature).softmax(dim=-1) for each in (first, second)]
        found = (common(batch).logits / term.temperature).softmax(dim=-1)
        torch.testing.assert_close(found, 0.75 * soft[0] + 0.25 * soft[1])


def test_of_each_teacher_there_is_a_run_with_that_one_alone_and_the_processes_of_the_whole():
    config = settings(vocab_size=300)
    config.trainer.accelerator, config.trainer.devices = "cpu", 2
    spec = decided(config)
    assert list(spec.members) == list(spec.teachers) == ["first", "second"]
    assert [member.config.teacher.vocab_size for member in spec.members.values()] == [4000, 300]
    assert not any(member.config.more_teachers or member.config.ensemble.weights for member in spec.members.values())
    assert not any(member.members for member in spec.members.values())
    assert all(member.decisions.outputs.stored for member in spec.members.values()), "to be combined from their stores"
    assert [spec.world, *(member.world for member in spec.members.values())] == [2, 2, 2]
    assert spec.owner("finetune:second") == (spec.members["second"], "finetune")
    assert spec.owner("finetune") == (spec, "finetune")
    assert spec.teacher_inputs == {"first": "finetune", "second": "finetune:second"}


def test_several_teachers_are_stored_whatever_size_a_single_one_may_have():
    config = settings()
    config.teacher.store_limit_gb = 1e-9
    spec = decided(config)
    assert [each.decisions.outputs.stored for each in (spec, *spec.members.values())] == [True] * 3
    config.more_teachers, config.ensemble.weights = {}, {}
    assert not decided(config).decisions.outputs.stored


def test_the_settings_of_one_teacher_are_those_of_a_run_with_it_alone():
    alone = Config()
    alone.data.source, alone.data.limit.train, alone.teacher.vocab_size = "embedded", 64, 300
    alone.teacher.store = "always"
    member, other = decided(settings(vocab_size=300)).members["second"], decided(alone)
    for stage in (pretrain, finetune, teach):
        assert stage.settings(member) == stage.settings(other)
        assert stage.needs(member) == stage.needs(other)


def test_teachers_that_read_different_tokens_are_refused_where_rows_are_tokens():
    config = settings("question_answering", vocab_size=300)
    config.ensemble.weights = {}
    config.data.columns = {"label": "answers"}
    with pytest.raises(ConfigError) as raised:
        preflight.preflight(spec_of(config))
    assert str(raised.value) == (
        "more_teachers.second: question_answering compares token by token, but second and first read different "
        "tokens; allowed are teachers with one tokenizer"
    )
    config.more_teachers["second"] = TeacherConfig(model=None, vocab_size=4000)
    config.more_teachers["second"].architecture.layers = 1
    preflight.preflight(spec_of(config))
