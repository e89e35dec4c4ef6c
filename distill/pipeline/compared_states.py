"""Check before the first stage that what terms compare of a model comes one for each token."""

from collections.abc import Iterable, Set

from transformers import PretrainedConfig

from distill.errors import ConfigError
from distill.models.on_meta import TEXTS, TOKENS, outputs_on_meta
from distill.objective.settings import active, reads
from distill.stages.job import RunSpec

_QKV, _SCORES, _STATES = "teacher_qkv", "teacher_attentions", "teacher_hidden"


def refuse_other_shapes(spec: RunSpec, needs: Set[str], configs: Iterable[PretrainedConfig]) -> None:
    """Refuse terms that read of an architecture what it does not have one of for each token.

    Args:
        spec: the run.
        needs: what its objective reads.
        configs: of the checkpoints.

    Raises:
        ModelError: queries, keys and values cannot be found or are laid out otherwise.
        ConfigError: hidden states are more or fewer than tokens, as in Funnel, which pools them.
    """
    hidden, attentions, qkv = (name in needs for name in (_STATES, _SCORES, _QKV))
    if not (hidden or attentions or qkv):
        return
    for config in configs:
        found = outputs_on_meta(config, spec.setup.task.head, hidden=hidden, attentions=attentions, qkv=qkv)
        if found is None or all(states.shape[:2] == (TEXTS, TOKENS) for states in found.hidden):
            continue
        section = spec.config.distill
        name = next(name for name in active(section) if reads(section, name) == "states")
        raise ConfigError(
            f"distill.{name}.weight={active(section)[name].weight}: {config.model_type} models do not have a hidden "
            "state for each token in all layers, which are compared; allowed is 0"
        )
