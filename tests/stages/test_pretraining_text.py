"""What is pretrained on has enough for every process to ask along where these share the weights out."""

import re

import pytest
from run_parts import job_of, spec_of

from distill.config.schema import Config
from distill.distributed.processes import Ranks
from distill.errors import DataError
from distill.pipeline import meta_build
from distill.stages import pretraining_text


@pytest.mark.parametrize(("strategy", "refused"), [("fsdp", True), ("ddp", False)])
def test_text_for_fewer_batches_than_processes_is_refused_where_weights_are_shared_out(strategy, refused, tmp_path):
    config = Config(task="classification")
    config.data.source, config.data.limit.train, config.data.limit.validation = "embedded", 40, 2
    config.trainer.strategy = strategy
    spec = spec_of(config)
    job, made = job_of(spec, tmp_path, ranks=Ranks(3)), meta_build.stand_in(spec, 40)
    if not refused:
        assert len(pretraining_text.make_loaders(job, made).validation) == 1
        return
    said = "the text that is held out makes 2 of what the model reads at once, fewer than there are processes (3)"
    with pytest.raises(DataError, match=re.escape(f"trainer.strategy=fsdp: {said}")):
        pretraining_text.make_loaders(job, made)
