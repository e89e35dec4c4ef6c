"""A student that learns from labels and a teacher."""

from transformers import PreTrainedModel

from distill.objective.objective import Objective
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.types import Batch, Outputs, TeacherFn


class DistillationModule(SupervisedModule):
    """The LightningModule in which a student learns from labels and from a teacher's outputs."""

    def __init__(self, model: PreTrainedModel, objective: Objective, spec: TrainingSpec, teacher: TeacherFn) -> None:
        """Pair a student with its objective and a teacher, which is no submodule and answers live or from disk."""
        super().__init__(model, objective, spec)
        self.teacher = teacher

    def teacher_outputs(self, batch: Batch) -> Outputs | None:
        """Return the teacher's outputs for a batch, in rows; none where no term reads them."""
        reads_teacher = any(need.startswith("teacher_") for need in self.objective.needs)
        return self.teacher(batch) if reads_teacher else None
