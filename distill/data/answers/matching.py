"""Find the rows of the data that a labeller's answers belong to, by id where there are any, else by text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from distill.data.answers.reading import Answer, Inputs
from distill.errors import DataError


class Rows(NamedTuple):
    """The rows of a split, as answers are matched with them.

    Attributes:
        ids: of the rows in their file, or none.
        inputs: what each consists of.
    """

    ids: Sequence[str] | None
    inputs: Sequence[Inputs]


class Matched(NamedTuple):
    """The answer to each row, and the answers that no row asked for.

    Attributes:
        answers: split to the answer of each of its rows, or none.
        left: the answers that belong to no row.
    """

    answers: dict[str, list[Answer | None]]
    left: list[Answer]


def match(path: str, answers: Sequence[Answer], splits: Mapping[str, Rows]) -> Matched:
    """Give each row its answer.

    An id counts where the texts agree or the answer has none. What an id in one split has answered, it does not answer
    in another one, unless the texts agree there as well.

    Args:
        path: of the file, for messages.
        answers: of the file.
        splits: the rows that may be answered, train first.

    Raises:
        DataError: an id or text has two answers, or an answer by its id alone is to several rows of a split.
    """
    by_id = _by_id(answers)
    by_inputs = _by_inputs(path, answers)
    matched: dict[str, list[Answer | None]] = {}
    used: set[int] = set()
    for split, rows in splits.items():
        _refuse_ambiguous(split, rows, by_id)
        fresh = [_of_row(place, rows, by_id, by_inputs, used) for place in range(len(rows.inputs))]
        used |= {id(answer) for answer in fresh if answer is not None}
        matched[split] = fresh
    same = {answer.inputs for answer in answers if id(answer) in used}
    left = [answer for answer in answers if id(answer) not in used and (not answer.inputs or answer.inputs not in same)]
    return Matched(matched, left)


def _refuse_ambiguous(split: str, rows: Rows, by_id: Mapping[str, Answer]) -> None:
    """Refuse an answer that says by an id alone what it answers, where rows of other texts have that id, too.

    Raises:
        DataError: there is one.
    """
    first: dict[str, Inputs] = {}
    for name, inputs in zip(rows.ids or (), rows.inputs, strict=False):
        answer = by_id.get(name)
        if answer is not None and answer.inputs is None and first.setdefault(name, inputs) != inputs:
            raise DataError(
                f"{answer.called} may answer several rows of {split}, which have that id: give each row an id of its "
                "own, or the texts beside the answers"
            )


def _of_row(
    place: int, rows: Rows, by_id: Mapping[str, Answer], by_inputs: Mapping[Inputs, Answer], used: set[int]
) -> Answer | None:
    inputs = rows.inputs[place]
    answer = None if rows.ids is None else by_id.get(rows.ids[place])
    if answer is not None and (answer.inputs == inputs or (answer.inputs is None and id(answer) not in used)):
        return answer
    return by_inputs.get(inputs)


def _by_id(answers: Sequence[Answer]) -> dict[str, Answer]:
    """Return the answers that have an id by it.

    Raises:
        DataError: an id has two.
    """
    found: dict[str, Answer] = {}
    for answer in answers:
        if answer.id is not None and (other := found.setdefault(answer.id, answer)) is not answer:
            raise DataError(
                f"{other.place} and {answer.place.rpartition(' line ')[2]} both answer the id {answer.id}: leave one "
                "of them out; several askings are one line with a list of votes"
            )
    return found


def _by_inputs(path: str, answers: Sequence[Answer]) -> dict[Inputs, Answer]:
    """Return the answers by what was asked.

    Raises:
        DataError: answers without ids say two things of a text.
    """
    found: dict[Inputs, Answer] = {}
    for answer in answers:
        if answer.inputs is None:
            continue
        other = found.setdefault(answer.inputs, answer)
        if answer.id is None and other.content != answer.content:
            raise DataError(
                f"{other.place} and {answer.place.rpartition(' line ')[2]} answer the same text differently: leave one "
                "of them out; several askings are one line with a list of votes"
            )
    return found


def refuse_strange(path: str, answers: Sequence[Answer], splits: Iterable[Rows]) -> None:
    """Refuse a file in which nothing belongs to the data.

    Raises:
        DataError: always.
    """
    ids = {name for rows in splits for name in rows.ids or ()}
    if ids & {answer.id for answer in answers}:
        raise DataError(f"{path}: its ids are in the data, but its texts are others: it answers another data set")
    raise DataError(f"{path}: no id and no text of it is in the data: it answers another data set")
