"""Read templates of texts, and fill their slots so that the texts of a pair differ by a group alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from distill.base.terminal_text import name as called
from distill.base.terminal_text import names
from distill.errors import DataError

OWN = Path(__file__).parent / "people.yaml"
"""The templates that come along."""
_SLOT = re.compile(r"\{([^{}]*)\}")
_LABEL = "label"
_MOST_TEXTS = 200_000
"""Texts of all templates together: more are a slip, such as long lists in several slots of a template."""


@dataclass(frozen=True)
class Template:
    """A text with slots, or several where the task reads several.

    Attributes:
        number: in its file, from 1.
        inputs: input of the task to its text with slots.
        label: what is right, whatever fills the slots; none where the file does not say.
    """

    number: int
    inputs: Mapping[str, str]
    label: str | None

    @property
    def slots(self) -> list[str]:
        """The names of the slots, each once."""
        return list(dict.fromkeys(slot for text in self.inputs.values() for slot in _SLOT.findall(text)))

    def filled(self, words: Mapping[str, str]) -> dict[str, str]:
        """Return the inputs with words in the slots."""
        return {role: _SLOT.sub(lambda slot: words[slot[1]], text) for role, text in self.inputs.items()}


@dataclass(frozen=True)
class Exchange:
    """The texts of templates in which the words of some slots are exchanged, group by group.

    Attributes:
        slots: that are exchanged together, such as a name and its pronoun.
        templates: those that have just these of the slots with these groups.
        groups: name of each group to the words that go into the slots, one filling after the other.
        texts: of each template, of each of its surroundings (words in its other slots), of each group, its texts, one
            for each filling.
    """

    slots: tuple[str, ...]
    templates: Sequence[Template]
    groups: Mapping[str, Sequence[Mapping[str, str]]]
    texts: Sequence[Sequence[Mapping[str, Sequence[Mapping[str, str]]]]]

    @property
    def title(self) -> str:
        """What is exchanged."""
        return " and ".join(self.slots)


def exchanges(file: Path, inputs: Sequence[str]) -> list[Exchange]:
    """Return what is exchanged in the templates of a file.

    Args:
        file: YAML with ``lists`` (slot to words, or to groups of words) and ``templates``.
        inputs: of the task.

    Raises:
        DataError: it cannot be read, or a template has no slot, or one that no list fills; the template is named. Or
            there is a list that no template uses, or a template twice.
    """
    lists, templates = _read(file, inputs)
    _refuse_unfilled(file, lists, templates)
    _refuse_idle(file, lists, templates)
    found: list[Exchange] = []
    count = 0
    for slots in dict.fromkeys(tuple(each) for template in templates for each in _together(template.slots, lists)):
        same = [template for template in templates if list(slots) in _together(template.slots, lists)]
        groups = _fillings(file, slots, lists)
        around = [list(_surroundings(template, slots, lists)) for template in same]
        count += sum(map(len, around)) * sum(map(len, groups.values()))
        if count > _MOST_TEXTS:
            raise DataError(f"{file}: its templates make more than {_MOST_TEXTS:,} texts; shorten the lists")
        texts = [
            [
                {
                    group: [template.filled({**words, **filling}) for filling in fillings]
                    for group, fillings in groups.items()
                }
                for words in each
            ]
            for template, each in zip(same, around, strict=True)
        ]
        found.append(Exchange(slots, same, groups, texts))
    return found


Lists = Mapping[str, Any]
"""Slot to its words, or to groups of words."""


def _read(file: Path, inputs: Sequence[str]) -> tuple[Lists, list[Template]]:
    if not file.is_file():
        raise DataError(f"{file}: there is no such file")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{file} cannot be read as YAML: {reason}") from error
    if not isinstance(content, dict) or set(content) != {"lists", "templates"}:
        raise DataError(f"{file}: it has to hold lists (slot to words, or to groups of words) and templates")
    if not isinstance(content["lists"], dict) or not isinstance(content["templates"], list) or not content["templates"]:
        raise DataError(f"{file}: lists has to be slots with their words, and templates a list of texts")
    lists = {str(slot): _words(file, str(slot), value) for slot, value in content["lists"].items()}
    return lists, [_template(file, number, each, inputs) for number, each in enumerate(content["templates"], 1)]


def _words(file: Path, slot: str, value: object) -> list[str] | dict[str, list[str]]:
    """Return what fills a slot: words, or groups of them."""
    if isinstance(value, dict):
        groups = {str(group): _plain(file, f"{slot}.{group}", words) for group, words in value.items()}
        if len(groups) < 2:
            raise DataError(
                f"{file}: lists.{slot} has {len(groups)} groups; it takes two that are compared, or plain words"
            )
        return groups
    return _plain(file, slot, value)


def _plain(file: Path, where: str, value: object) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word.strip() for word in value):
        raise DataError(
            f"{file}: lists.{where} has to be a list of words; put those in quotes that YAML takes for others"
        )
    return list(value)


def _template(file: Path, number: int, value: object, inputs: Sequence[str]) -> Template:
    """Return a template: a text alone, or a mapping of the task's inputs and the label."""
    where = f"{file}: template {number}"
    if isinstance(value, str) and len(inputs) == 1:
        value = {inputs[0]: value}
    if not isinstance(value, dict) or not set(inputs) <= set(value) <= {*inputs, _LABEL}:
        raise DataError(f"{where} has to give {' and '.join(inputs)}, and may give a label")
    texts = {role: value[role] for role in inputs}
    if not all(isinstance(text, str) and text.strip() for text in texts.values()):
        raise DataError(f"{where} has to give {' and '.join(inputs)} as text; put it in quotes")
    label = value.get(_LABEL)
    return Template(number, texts, None if label is None else str(label))


def _refuse_unfilled(file: Path, lists: Lists, templates: Sequence[Template]) -> None:
    """Refuse templates without a slot, with one that no list fills, or in which no group can be exchanged."""
    for template in templates:
        where = f"{file}: template {template.number}, {called(next(iter(template.inputs.values())))},"
        if not template.slots:
            raise DataError(f"{where} has no slot; write one as {{{next(iter(lists), 'name')}}}")
        if strangers := [slot for slot in template.slots if slot not in lists]:
            raise DataError(
                f"{where} has the slot {{{strangers[0]}}}, which no list fills; there are {names(lists) or 'none'}"
            )
        if not _together(template.slots, lists):
            raise DataError(f"{where} has no slot with groups, so that nothing can be exchanged in it")
        if any("{" in rest or "}" in rest for text in template.inputs.values() for rest in _SLOT.split(text)[::2]):
            raise DataError(f"{where} has a brace that belongs to no slot; write one as {{{template.slots[0]}}}")


def _refuse_idle(file: Path, lists: Lists, templates: Sequence[Template]) -> None:
    """Refuse lists that no template uses, and templates that are there already, which would count as more of them."""
    used = {slot for template in templates for slot in template.slots}
    if idle := [slot for slot in lists if slot not in used]:
        raise DataError(f"{file}: no template uses lists.{idle[0]}; write one with {{{idle[0]}}}, or leave it out")
    first: dict[tuple[str, ...], int] = {}
    for template in templates:
        same = first.setdefault(tuple(template.inputs.values()), template.number)
        if same != template.number:
            raise DataError(f"{file}: template {template.number} is template {same} again; leave one of them out")


def _together(slots: Sequence[str], lists: Lists) -> list[list[str]]:
    """Return the slots of a template that have groups, those with the same groups together.

    >>> _together(["name", "pronoun", "job"], {"name": {"f": [], "m": []}, "pronoun": {"m": [], "f": []}, "job": []})
    [['name', 'pronoun']]
    """
    found: dict[frozenset[str], list[str]] = {}
    for slot in slots:
        if isinstance(lists[slot], dict):
            found.setdefault(frozenset(lists[slot]), []).append(slot)
    return [sorted(each) for each in found.values()]


def _fillings(file: Path, slots: Sequence[str], lists: Lists) -> dict[str, list[dict[str, str]]]:
    """Return what goes into slots that are exchanged together: the words of a line of each list, or its only word."""
    groups: dict[str, list[dict[str, str]]] = {}
    for group in lists[slots[0]]:
        words = {slot: lists[slot][group] for slot in slots}
        longest = max(map(len, words.values()))
        if odd := [slot for slot, each in words.items() if len(each) not in (1, longest)]:
            raise DataError(
                f"{file}: {' and '.join(slots)} stand in one template, and lists.{odd[0]}.{group} has "
                f"{len(words[odd[0]])} words beside {longest}; it takes as many, or a single one"
            )
        lines = [tuple(each[number if len(each) > 1 else 0] for each in words.values()) for number in range(longest)]
        groups[group] = [dict(zip(words, line, strict=True)) for line in dict.fromkeys(lines)]  # a line twice is one
    return groups


def _surroundings(template: Template, slots: Sequence[str], lists: Lists) -> Iterator[dict[str, str]]:
    """Yield the words in the other slots of a template, which are the same in both texts of a pair."""
    others = [slot for slot in template.slots if slot not in slots]
    plain = [slot for slot in others if not isinstance(lists[slot], dict)]
    together = _together([slot for slot in others if slot not in plain], lists)
    choices: list[list[dict[str, str]]] = [[{slot: word} for word in lists[slot]] for slot in plain]
    choices += [_every(each, lists) for each in together]
    for chosen in product(*choices):
        yield {slot: word for words in chosen for slot, word in words.items()}


def _every(slots: Sequence[str], lists: Lists) -> list[dict[str, str]]:
    """Return the fillings of all groups of slots that are held while others are exchanged."""
    return [filling for each in _fillings(Path(), slots, lists).values() for filling in each]
