"""SQuAD's own files: articles of paragraphs of questions, as rows of context, question and answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from distill.data.formats.rows import Rows
from distill.errors import DataError


def is_squad(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is written like SQuAD."""
    data = value.get("data")
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict) and "paragraphs" in data[0]


def rows(value: Mapping[str, Any], file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """One row a question, numbered from 1.

    Raises:
        DataError: it is written otherwise somewhere.
    """
    yield from _questions(value["data"], file)


def opened(file_rows: Rows, file: Path) -> Rows:
    """Rows that are articles or paragraphs of SQuAD as one row a question; others as they are."""
    first = next(file_rows.rows, None)
    rest = file_rows.rows if first is None else chain([first], file_rows.rows)
    if first is None or not isinstance(first[1].get("paragraphs", first[1].get("qas")), list):
        return replace(file_rows, rows=rest)
    return Rows(_questions((row for _, row in rest), file), "question")


def _questions(articles: Iterable[Any], file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    number = 0
    try:
        for article in articles:
            for paragraph in article.get("paragraphs", [article]):
                for question in paragraph["qas"]:
                    number += 1
                    yield number, _row(article, paragraph, question)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"question {max(1, number)} of {file} is not written as in SQuAD (data, paragraphs, qas, answers): {error}"
        ) from error


def _row(article: Mapping[str, Any], paragraph: Mapping[str, Any], question: Mapping[str, Any]) -> Mapping[str, Any]:
    """A question; one that its context does not answer has no texts and no places, which the task looks at."""
    answers = [] if question.get("is_impossible") else question.get("answers")
    answer_lists = (
        None if answers is None else {key: [each[key] for each in answers] for key in ("text", "answer_start")}
    )
    return {
        "id": str(question.get("id", "")),
        "title": str(article.get("title", "")),
        "context": paragraph["context"],
        "question": question["question"],
        "answers": answer_lists,
    }
