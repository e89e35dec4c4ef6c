"""What the kinds of students have in common."""

import torch
from transformers import PretrainedConfig, PreTrainedModel

from distill.models import loading
from distill.student.build import StudentSource
from distill.tasks.setup import TaskSetup


def teacher_model(source: StudentSource, setup: TaskSetup, dtype: torch.dtype) -> PreTrainedModel:
    """Load the teacher that a student is made of, with its head; or a pretrained model, with a new one."""
    if not source.has_head:
        return source.centre(
            loading.load_model(
                source.folder,
                setup.task.head,
                labels=setup.outputs,
                kind=setup.task.kind,
                tokenizer=source.tokenizer,
                dtype=dtype,
                new_head=True,
            )
        )
    return loading.load_model(source.folder, setup.task.head, tokenizer=source.tokenizer, dtype=dtype)


def name_outputs(setup: TaskSetup, config: PretrainedConfig) -> None:
    """Give a model's outputs the names of the task's, and as many, where the head does not bring its own."""
    if setup.outputs:
        loading.name_labels(config, setup.outputs, setup.task.kind)
