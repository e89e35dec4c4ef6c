"""A student that learns from labels and a teacher."""

from transformers import PreTrainedModel

from distill.losses.objective import Objective
from distill.training.learner import Learner, Recipe
from distill.types import Batch, Outputs, Respond


class Distiller(Learner):
    """The LightningModule that pairs teacher and student; all but the teacher's word is the learner's."""

    def __init__(self, model: PreTrainedModel, objective: Objective, recipe: Recipe, teacher: Respond) -> None:
        """``teacher`` answers batches, live or from its stored outputs; it is no submodule."""
        super().__init__(model, objective, recipe)
        self.teacher = teacher

    def taught(self, batch: Batch) -> Outputs:
        """What the teacher says about a batch, with its logits aligned into rows."""
        raw = self.teacher(batch)
        return Outputs(self.recipe.align(raw.logits, batch)[0], raw.hidden, raw.mask)
