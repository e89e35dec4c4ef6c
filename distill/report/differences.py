"""Read the difference of two models in a metric, and its interval, so that more is always better."""

from distill.report import LOWER_IS_BETTER, JsonObject, difference, known, percent


def improvement(result: JsonObject) -> dict[str, float]:
    """Return ``difference``, ``low`` and ``high`` as far as they are known, turned so that more is better."""
    low, high = result.get("interval") or (None, None)
    sign = 1
    if result.get("mode", "min" if result["metric"] in LOWER_IS_BETTER else "max") == "min":
        low, high, sign = high, low, -1
    parts = {"difference": result.get("difference"), "low": low, "high": high}
    return {key: sign * part for key, part in parts.items() if known(part)}


def interval(result: JsonObject) -> str:
    """Return the interval of a difference as text, turned so that more is better."""
    better, name = improvement(result), result["metric"]
    if "low" not in better or "high" not in better:
        return "without an interval"
    low, high = (difference(name, better[end], sign="-").removesuffix(" points") for end in ("low", "high"))
    over = f" over {result['seeds']} seeds" if "seeds" in result else ""
    return f"{percent(result.get('confidence', 0.95), 0)} interval{over} {low} to {high}"


def beyond(result: JsonObject) -> str:
    """Return how far a model is from another, such as ``1.00 points of accuracy below``."""
    amount, name = improvement(result)["difference"], result["metric"]
    better, worse = ("better than", "worse than") if name in LOWER_IS_BETTER else ("above", "below")
    size = f"{difference(name, abs(amount), sign='-')} of {name}"
    return f"{size} {better if amount > 0 else worse}" if amount else f"level in {name} with"


def moved(name: str, amount: float) -> str:
    """Return what something did to a metric, of which more, or less, may be better, up to what it is compared with."""
    if not amount:
        return f"left {name} as it was with"
    size = difference(name, abs(amount), sign="-")
    if name in LOWER_IS_BETTER:
        return f"improved {name} by {size} over" if amount > 0 else f"worsened {name} by {size} against"
    return f"gained {size} of {name} over" if amount > 0 else f"lost {size} of {name} against"
