"""One call of labelling: from rows to a file of answers, which has whatever is known by the end, however that comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.base.signals import Interrupted
from distill.labelling import answers_file
from distill.labelling.answers_file import Answer
from distill.labelling.asking import Asked, ask
from distill.labelling.budget import Budget, Spending
from distill.labelling.cache import Cache
from distill.labelling.questions import Labeller, LabellerError, Row


@dataclass(frozen=True)
class Session:
    """What is labelled, by whom, and at which cost.

    Attributes:
        rows: to be labelled.
        votes: how often each text is asked.
        labeller: gives the answers.
        budget: what may be asked.
        priced: whether answers have their cost beside them.
    """

    rows: Sequence[Row]
    votes: int
    labeller: Labeller
    budget: Budget
    priced: bool = False

    def run(self, output: Path, folder: Path, *, overwrite: bool = False) -> str:
        """Ask for what is not known yet, write all that is known, and return what came of it.

        Args:
            output: the file of answers.
            folder: of what labellers have answered before.
            overwrite: whether an output that this labeller did not write may be replaced.

        Raises:
            LabellerError: the labeller gives no more answers; the file has those that it gave.
            DataError: the file cannot be written, or is another one's.
        """
        cache, spending = Cache(folder, self.labeller.identity()), Spending(self.budget)
        if not overwrite:
            answers_file.refuse_foreign(output, self._answers(cache))
        try:
            asked = ask(self.rows, self.votes, self.labeller, cache, spending)
        except (LabellerError, Interrupted) as error:
            lines = self._written(output, cache, failed=False)
            if isinstance(error, LabellerError):
                kept = f"{len(lines):,} of {len(self.rows):,} rows are answered in {output}" if lines else "nothing yet"
                raise LabellerError(f"{error}; kept: {kept}; the same command goes on") from error
            raise
        finally:
            cache.close()
        return self._summary(output, self._written(output, cache), asked, spending)

    def _answers(self, cache: Cache, *, failed: bool = True) -> list[Answer]:
        budget = self.budget if self.priced else None
        return answers_file.answers(self.rows, self.votes, cache, budget, failed=failed)

    def _written(self, output: Path, cache: Cache, *, failed: bool = True) -> list[Answer]:
        """Write the answers that are known, if there are any, and return them."""
        lines = self._answers(cache, failed=failed)
        if lines:
            answers_file.write(output, lines)
        return lines

    def _summary(self, output: Path, lines: Sequence[Answer], asked: Asked, spending: Spending) -> str:
        """Return what came of asking, in a sentence or two."""
        count = answers_file.count(lines)
        parts = [
            f"{count.abstained:,} abstained" if count.abstained else "",
            f"{count.unreadable:,} could not be read" if count.unreadable else "",
            f"{count.failed:,} have no answer" if count.failed else "",
        ]
        some = ", ".join(filter(None, parts))
        first = f" (the first error: {count.first})" if count.first else ""
        texts = "1 text" if len(spending.asked) == 1 else f"{len(spending.asked):,} texts"
        spent = [f"{spending.tokens:,} tokens"] if spending.tokens else []
        spent += [f"at a price of {spending.price:.4g}"] if self.priced else []
        said = f"{output}: {count.rows:,} of {len(self.rows):,} rows{': ' + some if some else ''}{first}; "
        said += f"asked about {texts}{' (' + ', '.join(spent) + ')' if spent else ''}, {asked.known:,} known before"
        return f"{said}; stopped at {asked.stopped}, the same command goes on" if asked.stopped else said
