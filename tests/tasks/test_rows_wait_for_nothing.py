"""The rows of a step, whatever the task, are found without asking the device for a number."""

import pytest
import torch
from run_parts import examples_of, spec_of
from waits import counted

from distill.config.schema import Config
from distill.data.batching import Place
from distill.models import attention_masks, loading
from distill.models.forward import outputs
from distill.pipeline import batch_fitting, meta_build
from distill.tasks import TASKS


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_forward_and_backward_pass_of_a_task_waits_for_nothing(name):
    config = Config(task=name)
    config.data.source, config.data.limit.train, config.data.limit.validation = "embedded", 40, 8
    config.data.max_length = 48
    if name == "question_answering":
        config.data.columns = {"label": "answers"}
    spec = spec_of(config)
    examples, tokenizer = examples_of(spec), meta_build.stand_in(spec, 40)
    features = examples.encode(spec.data.splits["train"].select(range(8)), tokenizer)
    batch = examples.collate(tokenizer)(features[list(range(8))], Place(tuple(range(8))))
    configuration = batch_fitting._largest(spec)[0]
    last = configuration.get_text_config().vocab_size - 1  # marks of a task have no embedding yet
    for each in batch.keys() & {"input_ids", "target_ids"}:
        batch[each] = batch[each].clamp_max(last)
    model = loading.from_config(configuration, spec.setup.task.head).train()
    with attention_masks.always_made(torch.device("cuda")), counted() as found:
        rows, _ = spec.setup.align(outputs(model, batch).logits, batch)
        rows.sum().backward()
    assert found == {}
    assert len(rows) > 0
