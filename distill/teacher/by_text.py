"""Ask another teacher about some texts than about the rest, as self-training does after its first round."""

from dataclasses import replace

from torch import Tensor, isin

from distill.models.device_copies import to_device
from distill.types import PLACES, Batch, Outputs, TeacherFn


class TeacherByText:
    """A teacher of all texts, but for some of which another one gives the logits."""

    def __init__(self, usual: TeacherFn, other: TeacherFn, keys: Tensor) -> None:
        """Keep both teachers, and the keys ``[examples]`` of the texts that the other one is asked about.

        Args:
            usual: answers whatever the other does not.
            other: is asked by the places of features alone, as stored outputs are.
            keys: of its texts.
        """
        self.usual, self.other, self.keys = usual, other, keys

    def __call__(self, batch: Batch) -> Outputs:
        """Return the logits of both teachers, each for its own texts, on the batch's device."""
        answer = self.usual(batch)
        chosen = isin(batch["key"].cpu(), self.keys)
        if not bool(chosen.any()):
            return answer
        places = {name: batch[name][chosen.to(batch[name].device)] for name in PLACES}
        logits = answer.logits.clone()
        (rows,) = chosen.repeat_interleave(batch["count"].cpu()).nonzero(as_tuple=True)
        device = logits.device
        logits[to_device(rows, device)] = to_device(self.other(places).logits, device).to(logits)
        return replace(answer, logits=logits)
