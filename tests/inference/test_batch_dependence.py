"""Whether a model's answer depends on the batch that an example stands in is found out by asking again."""

from functools import partial

import pytest
import torch
from datasets import Dataset
from predicted import LABELS, inputs

from distill.data.example_pipeline import ExamplePipeline, Sharding
from distill.distributed.processes import Ranks
from distill.inference.batch_dependence import Answers, BatchProbe
from distill.inference.output_pass import OutputPass
from distill.inference.runtime import FinishedModel
from distill.inference.torch_runtime import TorchRuntime
from distill.models import loading
from distill.tasks import EncodingSpec, task
from distill.tasks.collating import collate
from distill.tasks.setup import TaskSetup

READING = ("classification", "multilabel_classification", "regression", "token_classification", "question_answering")


class Leaking:
    """A runtime that adds to each logit something of the whole batch."""

    def __init__(self, runtime, amount):
        self.runtime, self.amount = runtime, amount
        self.device, self.name = runtime.device, "leaking"

    def logits(self, batch):
        logits = self.runtime.logits(batch)
        turned = torch.linspace(-1.0, 1.0, logits.shape[-1])
        return logits + self.amount(batch) * turned


@pytest.fixture
def probe(models, tmp_path):
    """A probe of a tiny model of a task, and its answers in the batches of scoring; ``amount`` makes it leak."""

    def made(name, amount=None):
        folder = models(name)
        tokenizer = loading.load_tokenizer(folder, task(name).markers)
        setup = TaskSetup(name, task(name), EncodingSpec(LABELS.get(name, ()), max_length=40, stride=8))

        def opened(device, amount=amount):
            runtime = TorchRuntime.load(folder, setup.task.head, tokenizer, labels=setup.outputs, device=device)
            return runtime if amount is None else Leaking(runtime, amount)

        short = (
            {"context": "the tower of Paris"} if "context" in task(name).inputs else {}
        )  # else no batch is filled up
        rows = Dataset.from_list([{**row, **short, "key": number} for number, row in enumerate(inputs(name) * 5)])
        examples = ExamplePipeline(setup.encode, None, collate, Sharding(8), 1, 0)
        whole = FinishedModel("model", "model", tokenizer, partial(opened, amount=None))
        outputs = OutputPass(setup, examples, Ranks(), {}, str).rows(whole, rows, tmp_path / "rows")
        found = outputs.examples(torch.tensor(rows["key"]))
        records = setup.decode([row.numpy() for row in found], rows[:], tokenizer)
        model = FinishedModel("model", "model", tokenizer, opened)
        return BatchProbe(setup, model, rows, examples, 3), Answers(found, setup.predictions(records))

    return made


@pytest.mark.parametrize("name", READING)
def test_a_model_of_float_numbers_answers_the_same_in_any_batch(probe, name):
    asked, expected = probe(name)
    changes = asked.changes(expected)
    assert (changes.examples, changes.alone, changes.random, changes.padded) == (35, 0, 0, 0)
    assert 0 <= changes.largest_change < 1e-4
    assert not changes.most


def test_what_depends_on_the_length_of_a_batch_is_counted_where_it_is_padded(probe):
    asked, expected = probe("classification", lambda batch: 50.0 * (batch["input_ids"].shape[1] == 40))
    changes = asked.changes(expected)
    turned = sum(prediction == 0 for prediction in expected.predictions)
    assert changes.padded == turned > 0, "the second label is given to all"
    assert (changes.alone, changes.random) == (0, 0)
    assert changes.largest_change == pytest.approx(50.0)
    assert changes.most


def test_what_depends_on_other_texts_is_counted_in_random_batches_and_alone(probe):
    asked, expected = probe("token_classification", lambda batch: 30.0 * (len(batch["input_ids"]) == 1))
    changes = asked.changes(expected)
    assert changes.alone > 0
    assert changes.padded == 0


def test_a_score_that_moves_by_less_than_a_user_sees_is_the_same(probe):
    asked, expected = probe("regression", lambda batch: 1e-4 * (len(batch["input_ids"]) == 1))
    assert not asked.changes(expected).most
    asked, expected = probe("regression", lambda batch: 1e-2 * (len(batch["input_ids"]) == 1))
    assert asked.changes(expected).alone == 35
