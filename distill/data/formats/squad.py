"""The format of SQuAD: articles of paragraphs of questions, as rows of context, question and answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias, cast

from distill.data.formats.rows import Row, Rows
from distill.data.label_columns import is_on
from distill.data.question_answers import answers
from distill.errors import DataError

Article: TypeAlias = Mapping[str, Any]
"""An object of a file, be it an article, a paragraph or a question: nobody has checked yet what is in it."""
_KEYS = ("text", "answer_start")
_EXPECTED = "answers are a list of objects of text and answer_start, the place of its first character in the context"


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
    """Turn rows that are articles or paragraphs of SQuAD into a row for each question; leave others as they are.

    A first row that is a header and nothing else, as in the files of MRQA, is none of them.
    """
    first = list(islice(file_rows.rows, 2))
    articles = first[1:] if first and first[0][1].keys() == {"header"} else first
    if not articles or not isinstance(articles[0][1].get("paragraphs", articles[0][1].get("qas")), list):
        return replace(file_rows, rows=chain(first, file_rows.rows))
    return Rows(_questions((row for _, row in chain(articles, file_rows.rows)), file), "question")


def _questions(articles: Iterable[Article], file: Path) -> Iterator[tuple[int, Row]]:
    number = 0
    try:
        for article in articles:
            for paragraph in article.get("paragraphs", [article]):
                for question in paragraph["qas"]:
                    number += 1
                    yield number, _row(article, paragraph, question)
    except KeyError as error:
        raise DataError(f"{_wrong(number, file)}: there is no {error.args[0]}") from error
    except (TypeError, AttributeError) as error:
        raise DataError(f"{_wrong(number, file)}: {error}") from error
    except ValueError as error:
        raise DataError(f"question {number} of {file} {error}") from error


def _wrong(number: int, file: Path) -> str:
    return f"question {max(1, number)} of {file} is not written as in SQuAD (data, paragraphs, qas, answers)"


def _row(article: Article, paragraph: Article, question: Article) -> Row:
    """A question; one that its context does not answer has no texts and no places, which the task looks at."""
    return {
        "id": str(question.get("id", "")),
        "title": str(article.get("title", "")),
        "context": paragraph["context"],
        "question": question["question"],
        "answers": _answers(question, paragraph["context"]),
    }


def _answers(question: Article, context: str) -> Row | None:
    """The answers to a question, none where the file does not say which they are.

    Raises:
        ValueError: they are written otherwise; the message is the end of a sentence.
    """
    detected = question.get("detected_answers")
    given = _detected(detected, context) if detected else question.get("answers")
    if is_on(question.get("is_impossible")) or given == []:
        return {"text": [], "answer_start": []}
    try:
        read = cast(Row | None, answers(given))
    except ValueError as error:
        parts = given if isinstance(given, list) else [given]
        lacking = [key for key in _KEYS if any(isinstance(part, dict) and key not in part for part in parts)]
        said = f"an answer without {lacking[0]}" if lacking else f"answers that hold {error}"
        raise ValueError(f"has {said}: {_EXPECTED}") from error
    return read and {key: read[key] for key in _KEYS}


def _detected(given: Sequence[Article], context: str) -> list[Row]:
    """Each place of each answer as MRQA has them: the characters of ``char_spans``, the last included."""
    return [
        {"text": text if context.startswith(text, start) else context[start : last + 1], "answer_start": start}
        for text, spans in ((answer["text"], answer["char_spans"]) for answer in given)
        for start, last in spans
    ]
