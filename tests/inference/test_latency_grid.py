"""Latency of batches of some sizes: which batches are timed, on one thread, and how long that may take."""

import pytest
import torch
from datasets import Dataset
from predicted import LABELS, inputs

from distill.data.example_pipeline import ExamplePipeline, Sharding
from distill.inference import latency_grid
from distill.inference.runtime import FinishedModel
from distill.models import loading
from distill.tasks import EncodingSpec, task
from distill.tasks.collating import collate
from distill.tasks.setup import TaskSetup


class Watching:
    """A runtime that keeps what it is asked."""

    def __init__(self):
        self.batches, self.threads = [], set()

    def logits(self, batch):
        self.batches.append(batch)
        self.threads.add(torch.get_num_threads())
        return torch.zeros(1)


def measured(name, tokenizer):
    """What two runtimes are asked for a task's rows, what was found, and the rows' tokens as one long text."""
    setup = TaskSetup(name, task(name), EncodingSpec(LABELS.get(name, ()), max_length=20, stride=4))
    rows = Dataset.from_list([{**row, "key": number} for number, row in enumerate(inputs(name))])
    examples = ExamplePipeline(setup.encode, None, collate, Sharding(8), 1, 0)
    runtimes = {"one": Watching(), "two": Watching()}
    finished = {
        each: FinishedModel(each, each, tokenizer, lambda device, each=each: runtimes[each]) for each in runtimes
    }
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = latency_grid.measure(finished, rows, examples, max_length=20, samples=4)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    return runtimes, found, [token for row in setup.encode(rows[:], tokenizer)["input_ids"] for token in row]


@pytest.mark.parametrize("name", ["classification", "question_answering"])
def test_every_model_is_asked_batches_of_real_tokens_of_each_size(models, name):
    runtimes, (found, conditions), text = measured(name, loading.load_tokenizer(models(name)))
    sizes = ["1x16", "1x20", "32x16", "32x20"]
    assert {each: list(times) for each, times in found.items()} == dict.fromkeys(runtimes, sizes)
    assert all(0 <= times["p50"] <= times["p90"] for cells in found.values() for times in cells.values())
    assert conditions["threads"] == 1
    for runtime in runtimes.values():
        assert runtime.threads == {1}
        shapes = list(dict.fromkeys(tuple(batch["input_ids"].shape) for batch in runtime.batches))
        assert shapes == [(1, 16), (1, 20), (32, 16), (32, 20)]
        for batch in runtime.batches:
            assert int(batch["attention_mask"].min()) == 1, "nothing of it is padding"
            asked = batch["input_ids"].flatten().tolist()
            assert asked == (text * (1 + len(asked) // len(text)))[: len(asked)]


def test_where_texts_have_an_end_each_one_that_is_timed_has_it_once_as_t5_and_bart_want_it(models):
    tokenizer = loading.load_tokenizer(models("classification"))
    tokenizer.eos_token = tokenizer.sep_token
    runtimes, _, text = measured("classification", tokenizer)
    assert text.count(tokenizer.eos_token_id) > 1
    for batch in runtimes["one"].batches:
        ends = batch["input_ids"] == tokenizer.eos_token_id
        assert ends.sum(dim=1).tolist() == [1] * len(ends)
        assert ends[:, -1].all()
        assert len({values.shape for values in batch.values()}) == 1


def test_models_that_read_fewer_tokens_are_timed_with_as_many_as_they_read():
    assert [cell.name for cell in latency_grid.cells(128)] == ["1x16", "1x128", "32x16", "32x128"]
    assert [cell.name for cell in latency_grid.cells(512)] == ["1x16", "1x128", "32x16", "32x128"]
    assert [cell.name for cell in latency_grid.cells(10)] == ["1x10", "32x10"]
