"""Say how well a model that was pretrained predicts text that it has not seen."""

from distill.report import JsonObject, Report, known, number, percent

_LEARNT = {"mlm": "masked tokens", "mlm+nsp": "masked tokens", "clm": "next tokens"}
_HELD_OUT = {"files": "blocks of the text files that were held out", "validation": "the text of validation"}


def facts(results: dict[str, JsonObject]) -> dict[str, JsonObject]:
    """Return what stages that pretrained a model say of it, by the stage; none of one that only made a tokenizer."""
    return {
        name: result["language_model"]
        for name, result in results.items()
        if name.partition(":")[0] == "pretrain" and result.get("language_model")
    }


def lines(report: Report) -> list[str]:
    """Return a sentence for each model that was pretrained."""
    pretrained: dict[str, JsonObject] = report.get("pretraining") or {}
    return [f"{_title(name)}: {_sentence(found)}" for name, found in pretrained.items() if known(found["perplexity"])]


def _title(stage: str) -> str:
    teacher = stage.partition(":")[2]
    return f"Pretraining of {teacher}" if teacher else "Pretraining"


def _sentence(found: JsonObject) -> str:
    pairs = ""
    if (accuracy := found.get("next_segment_accuracy")) is not None:
        pairs = f", and accuracy {percent(accuracy)} of whether a segment follows another, as about half do"
    return (
        f"perplexity {number(found['perplexity'], 2)} and accuracy {percent(found['accuracy'])} of "
        f"{_LEARNT[found['objective']]}{pairs}, on {_HELD_OUT[found['held_out']]}"
    )
