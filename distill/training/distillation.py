"""A student that learns from labels and a teacher."""

from transformers import PreTrainedModel

from distill.objective.objective import Objective
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.types import Batch, Outputs, TeacherFn


class DistillationModule(SupervisedModule):
    """The LightningModule that pairs teacher and student; all but the teacher's word is the learner's."""

    def __init__(self, model: PreTrainedModel, objective: Objective, recipe: TrainingSpec, teacher: TeacherFn) -> None:
        """``teacher`` answers batches, live or from its stored outputs; it is no submodule."""
        super().__init__(model, objective, recipe)
        self.teacher = teacher

    def teacher_outputs(self, batch: Batch) -> Outputs | None:
        """What the teacher says about a batch, in rows; none where no term asks, as where only its texts are learnt."""
        asked = any(need.startswith("teacher_") for need in self.objective.needs)
        return self.teacher(batch) if asked else None
