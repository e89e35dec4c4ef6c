"""Make a labeller of the settings, and ask it for the labels of the texts."""

from collections.abc import Callable, Mapping
from pathlib import Path

from distill.config.label import LabelConfig
from distill.labelling import prompts
from distill.labelling.budget import Budget
from distill.labelling.command import CommandLabeller
from distill.labelling.endpoint import from_environment
from distill.labelling.forms import AnswerForm, answer_form
from distill.labelling.prompts import Prompt
from distill.labelling.questions import Labeller
from distill.labelling.session import Session
from distill.pipeline.rows_to_label import rows_to_label
from distill.tasks import task


def label_texts(config: LabelConfig, say: Callable[[str], object]) -> None:
    """Ask for the labels of the texts, and write the file of answers.

    Args:
        config: that has been checked.
        say: gets a sentence about the texts, and one about what came of it.

    Raises:
        DistillError: the user can mend it, and the message says how; what was answered is kept.
    """
    if config.labeller.kind == "openai":
        from_environment()  # says at once what is wrong with it
    given = rows_to_label(config)
    for note in given.notes:
        say(note)
    allowed = config.data.score_range
    form = answer_form(
        task(config.task).roles["label"],
        tuple(given.labels),
        None if allowed is None else (allowed[0], allowed[1]),
        abstains=config.labeller.abstain,
    )
    labeller = _labeller(config, form, given.labels)
    session = Session(given.rows, config.labeller.votes, labeller, _budget(config), _priced(config))
    output, cache = (Path(str(path)).expanduser() for path in (config.output, config.labeller.cache))
    say(session.run(output, cache, overwrite=config.overwrite))


def _labeller(config: LabelConfig, form: AnswerForm, labels: Mapping[str, str]) -> Labeller:
    """Return the labeller of the settings.

    Raises:
        DistillError: it cannot be had, or its prompt cannot be made.
    """
    section = config.labeller
    if section.kind == "command":
        return CommandLabeller(str(section.command), form, section.timeout)
    instruction = section.instruction or form.instruction
    prompt = prompts.build(instruction, form.wording, labels, section.template, tuple(task(config.task).inputs))
    return _local(config, prompt, tuple(labels)) if section.kind == "local" else _openai(config, prompt, form)


def _openai(config: LabelConfig, prompt: Prompt, form: AnswerForm) -> Labeller:
    from distill.labelling.chat_completions import ChatCompletions  # of an extra
    from distill.labelling.requests_of_endpoints import Patience, Request

    section = config.labeller
    request = Request(str(section.model), prompt, form, section.heat, section.max_tokens, section.structured)
    patience = Patience(section.concurrency, section.timeout, section.retries, section.backoff)
    return ChatCompletions(from_environment(), request, patience)


def _local(config: LabelConfig, prompt: Prompt, labels: tuple[str, ...]) -> Labeller:
    from distill.labelling.likelihood import Ask, LikelihoodLabeller  # torch takes seconds

    section = config.labeller
    several = task(config.task).kind == "labels"
    ask = Ask(prompt, labels, several, section.calibrated, section.batch_size)
    return LikelihoodLabeller(Path(str(section.model)).expanduser(), ask)


def _budget(config: LabelConfig) -> Budget:
    limits, price = config.labeller.budget, config.labeller.price
    return Budget(limits.rows, limits.tokens, limits.price, price.read, price.written)


def _priced(config: LabelConfig) -> bool:
    return bool(config.labeller.price.read or config.labeller.price.written)
