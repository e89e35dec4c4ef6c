"""What labelling may cost: rows, tokens and price of one call, and the words with which it stops."""

from dataclasses import dataclass, field

from distill.labelling.questions import LabellerError, Question, Reply

_MILLION = 1e6


@dataclass(frozen=True)
class Budget:
    """What may be asked for, and what it costs.

    Attributes:
        rows: texts that may be asked; none: any.
        tokens: read and written; none: any.
        price: of all tokens, in whatever money the prices are in; none: any.
        price_read: of a million tokens that are read.
        price_written: of a million tokens that are written.
    """

    rows: int | None = None
    tokens: int | None = None
    price: float | None = None
    price_read: float = 0.0
    price_written: float = 0.0

    def cost(self, tokens: tuple[int, int]) -> float:
        """Return the price of tokens that were read and written.

        >>> Budget(price_read=1.0, price_written=4.0).cost((500_000, 250_000))
        1.5
        """
        return (tokens[0] * self.price_read + tokens[1] * self.price_written) / _MILLION


@dataclass
class Spending:
    """What has been spent, and whether another question may be asked.

    Questions are in flight together, and what they cost is known only afterwards: each is reckoned as dear as the
    dearest one so far.
    """

    budget: Budget
    asked: set[str] = field(default_factory=set)
    in_flight: int = 0
    tokens: int = 0
    price: float = 0.0
    _most_tokens: int = 0
    _dearest: float = 0.0

    def refusal(self, question: Question) -> str | None:
        """Return which limit the question would exceed, in the words of the settings; none where it may be asked."""
        budget, waiting = self.budget, self.in_flight + 1
        if budget.rows is not None and question.key not in self.asked and len(self.asked) >= budget.rows:
            return f"labeller.budget.rows={budget.rows}"
        if budget.tokens is not None and self._over(self.tokens, self._most_tokens * waiting, budget.tokens):
            return f"labeller.budget.tokens={budget.tokens}"
        if budget.price is not None and self._over(self.price, self._dearest * waiting, budget.price):
            return f"labeller.budget.price={budget.price:g}"
        return None

    def ask(self, question: Question) -> None:
        """Count a question."""
        self.asked.add(question.key)
        self.in_flight += 1

    def add(self, reply: Reply) -> None:
        """Count a reply.

        Raises:
            LabellerError: tokens are limited, and the labeller does not say how many it took.
        """
        self.in_flight -= 1
        used = sum(reply.tokens)
        if not used and reply.lasting and (self.budget.tokens is not None or self.budget.price is not None):
            raise LabellerError(
                "the endpoint does not say how many tokens an answer took, so that no budget of tokens or price can be "
                "kept; give labeller.budget.rows instead"
            )
        price = self.budget.cost(reply.tokens)
        self.tokens, self.price = self.tokens + used, self.price + price
        self._most_tokens, self._dearest = max(self._most_tokens, used), max(self._dearest, price)

    @staticmethod
    def _over(spent: float, expected: float, limit: float) -> bool:
        return spent >= limit or spent + expected > limit
