"""The format of SQuAD: articles of paragraphs of questions, as rows of context, question and answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from distill.data.formats.rows import Row, Rows
from distill.errors import DataError

Article: TypeAlias = Mapping[str, Any]
"""An object of a file, be it an article, a paragraph or a question: nobody has checked yet what is in it."""


def is_squad(value: Mapping[str, object]) -> bool:
    """Return whether a JSON object has the shape of a SQuAD file."""
    data = value.get("data")
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict) and "paragraphs" in data[0]


def rows(value: Article, file: Path) -> Iterator[tuple[int, Row]]:
    """Yield a row for each question of a SQuAD file, numbered from 1.

    Raises:
        DataError: it is written otherwise somewhere.
    """
    yield from _questions(value["data"], file)


def opened(file_rows: Rows, file: Path) -> Rows:
    """Turn rows that are articles or paragraphs of SQuAD into a row for each question; leave others as they are."""
    first = next(file_rows.rows, None)
    rest = file_rows.rows if first is None else chain([first], file_rows.rows)
    if first is None or not isinstance(first[1].get("paragraphs", first[1].get("qas")), list):
        return replace(file_rows, rows=rest)
    return Rows(_questions((row for _, row in rest), file), "question")


def _questions(articles: Iterable[Article], file: Path) -> Iterator[tuple[int, Row]]:
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


def _row(article: Article, paragraph: Article, question: Article) -> Row:
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
