"""Say what to change where a run needs more memory than there is."""

from collections.abc import Iterator
from contextlib import contextmanager

from distill.base.memory import is_out_of_memory
from distill.config.schema import Config
from distill.errors import ModelError

_LONGEST = 160
"""Characters of the library's own sentence, which goes on about its settings."""


@contextmanager
def in_memory(config: Config) -> Iterator[None]:
    """Turn an error of too little memory into a sentence with the settings that take less.

    It stands around all that the ranks do together: one that runs out of memory has agreed on nothing with the others,
    and has to leave them as a failure does.

    Raises:
        ModelError: there is not enough memory.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(_sentence(error, config)) from error


def _sentence(error: Exception, config: Config) -> str:
    said = (str(error).strip() or type(error).__name__).splitlines()[0][:_LONGEST]
    size, parts = config.data.batch_size, config.trainer.accumulate_grad_batches
    settings = f"data.batch_size={size // 2} trainer.accumulate_grad_batches={parts * 2}"
    half = f"{settings}, which makes the same steps of halves"
    ways = [half] if size > 1 else []
    ways += [f"data.max_length below {config.data.max_length}", "a smaller student or teacher"]
    if config.data.batch_tokens is None:
        ways.insert(1, "data.batch_tokens=auto, which finds what fits")
    if not config.trainer.activation_checkpointing:
        ways.insert(1, "trainer.activation_checkpointing=true")
    return f"there is not enough memory ({said}); give {', '.join(ways[:-1])}, or {ways[-1]}; finished stages stay"
