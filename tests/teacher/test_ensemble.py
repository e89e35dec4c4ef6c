"""Several teachers' stored answers as one teacher's, while its temperature moves."""

import pytest
import torch

from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.distributed.processes import Ranks
from distill.errors import ConfigError
from distill.inference.output_store import OutputStore, OutputWriter
from distill.objective import Objective, Schedule
from distill.objective.terms.divergences import Soft
from distill.pipeline import preflight
from distill.pipeline.context import Builder
from distill.pipeline.prepare_data import prepare
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


@pytest.fixture
def build(tmp_path):
    config = Config(more_teachers={"second": TeacherConfig(vocab_size=300)})
    config.data.source, config.data.limit.train, config.ensemble.weights = "embedded", 64, {"first": 3.0}
    return Builder(config, prepare(config), tmp_path, "")


def test_rows_are_combined_example_by_example_in_whatever_order_each_teacher_was_asked(build, tmp_path):
    (one, first), (other, second) = store(tmp_path / "one", [3, 9, 5]), store(tmp_path / "other", [9, 5, 3])
    found = ensemble.ensemble(build, [one, other], lambda: 1.0).examples(torch.tensor(KEYS))
    assert [len(rows) for rows in found] == LENGTHS
    for rows, key in zip(found, KEYS, strict=True):
        expected = 0.75 * first[key].softmax(dim=-1) + 0.25 * second[key].softmax(dim=-1)
        torch.testing.assert_close(rows.softmax(dim=-1), expected)


def test_the_windows_of_an_example_have_one_teacher_wherever_they_are_read(build, tmp_path):
    build.config.ensemble.combine, build.config.ensemble.weights = "confidence", {}
    said = {"one": [[9.0, 0.0, 0.0, 0.0]] * 4 + [[0.0] * 4] * 2, "other": [[0.0] * 4] * 3 + [[0.0, 2.0, 0.0, 0.0]] * 3}
    asked = []
    for name, rows in said.items():
        writer = OutputWriter(tmp_path / name, "made by")
        windows = {"key": torch.tensor([3, 3, 5]), "first": torch.tensor([0, 2, 0]), "count": torch.tensor([2, 2, 2])}
        writer.add(windows, {"values": torch.tensor(rows)})
        writer.flush()
        asked.append(OutputStore(tmp_path / name, "made by"))
    together = ensemble.ensemble(build, asked, lambda: 1.0)
    second = {"key": torch.tensor([3]), "first": torch.tensor([2]), "count": torch.tensor([2])}
    assert together(second).logits.tolist() == said["one"][2:4], "the second teacher is surer in this window alone"
    batch = {"key": torch.tensor([5, 3, 3]), "first": torch.tensor([0, 2, 0]), "count": torch.tensor([2, 2, 2])}
    assert together(batch).logits.tolist() == said["other"][4:] + said["one"][2:4] + said["one"][:2]


def test_a_batch_is_answered_at_the_temperature_that_the_term_has_at_its_step(build, tmp_path):
    (one, first), (other, second) = store(tmp_path / "one", KEYS), store(tmp_path / "other", KEYS)
    term = Soft(4.0)
    objective = Objective({"soft": term}, {"soft": 1.0}, {"soft": {"temperature": Schedule("linear", 4.0, 1.0)}})
    together = ensemble.ensemble(build, [one, other], lambda: term.temperature)
    batch = {"key": torch.tensor([3]), "first": torch.tensor([1]), "count": torch.tensor([2])}
    for step, temperature in ((0, 4.0), (10, 1.0)):
        objective.at(step, 10)
        soft = [(each[3][1:] / temperature).softmax(dim=-1) for each in (first, second)]
        found = (together(batch).logits / term.temperature).softmax(dim=-1)
        torch.testing.assert_close(found, 0.75 * soft[0] + 0.25 * soft[1])


def test_a_builder_for_each_teacher_knows_that_one_alone_and_the_processes_of_the_run(build):
    made = ensemble.builders(build)
    assert [each.config.teacher.vocab_size for each in made.values()] == [4000, 300]
    assert not any(each.config.more_teachers or each.config.ensemble.weights for each in made.values())
    assert ensemble.builders(build)["second"] is made["second"]
    build.ranks = Ranks(2, 1)
    assert ensemble.builders(build)["second"].ranks.rank == 1
    assert ensemble.owner(build, "finetune:second") == (ensemble.builders(build)["second"], "finetune")
    assert ensemble.owner(build, "finetune") == (build, "finetune")


def test_teachers_that_read_different_tokens_are_refused_where_rows_are_tokens(tmp_path):
    config = Config(task="question_answering", more_teachers={"second": TeacherConfig(vocab_size=300)})
    config.data.source, config.data.limit.train = "embedded", 64
    config.data.columns = {"label": "answers"}
    with pytest.raises(ConfigError) as raised:
        preflight.preflight(Builder(config, prepare(config), tmp_path, ""))
    assert str(raised.value) == (
        "more_teachers.second: question_answering compares token by token, but second and first read different "
        "tokens; allowed are teachers with one tokenizer"
    )
    config.more_teachers["second"] = TeacherConfig(model=None, vocab_size=4000)
    config.more_teachers["second"].architecture.layers = 1
    preflight.preflight(Builder(config, prepare(config), tmp_path, ""))
