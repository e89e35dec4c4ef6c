"""Give the verdict on a run, in the sentences that page, console and model card share."""

from collections.abc import Mapping

from distill.base.terminal_text import shown
from distill.report import (
    LOWER_IS_BETTER,
    JsonObject,
    Report,
    baselines,
    first_of,
    headline,
    known,
    ledger,
    listed,
    listed_short,
    metric,
    percent,
    precision,
    present,
    role,
    scored_labels,
    seeds,
    speed,
    teachers,
    unlabelled,
)
from distill.report.differences import beyond, improvement, interval, moved


def verdict(report: Report) -> str:
    """Return the outcome of the run in plain words that claim no more than was measured; faults come first."""
    report = seeds.leading(report)
    teacher, student = first_of(report, "teacher"), first_of(report, "student")
    if not present(report):
        return _without_models(report)
    if student is None:
        parts = (_nothing_learnt(report), _reaches(report, present(report)[0]), "No student was evaluated.")
        return " ".join(filter(None, parts))
    if teacher is None:
        harm, *others = _from_the_worst(report)
        alone = (
            _nothing_learnt(report),
            harm,
            _reaches(report, student),
            ledger.verdict(report) or "Its teacher was not evaluated.",
            *others,
            unlabelled.sentence(report),
            _never_found(report, student),
        )
        return " ".join(filter(None, alone))
    harm, *others = _from_the_worst(report, _student_and_teacher(report, student, teacher))
    sentences = (
        _nothing_learnt(report),
        _unfit_teacher(report),
        harm,
        *others,
        ledger.verdict(report),
        unlabelled.sentence(report),
        _never_found(report, student),
        _surpassed_teacher(report),
    )
    return " ".join(filter(None, sentences))


def _without_models(report: Report) -> str:
    if report.get("pretraining"):
        return "This run pretrained a model; it evaluated none on the task."
    return "This run evaluated no model."


def _from_the_worst(report: Report, beside_teacher: str = "") -> tuple[str, ...]:
    """Return the harm that was done, the baselines that aren't beaten, the teacher, and a gain that is no harm."""
    result, sentence = report.get("gain"), gain(report)
    harmed = bool(result and improvement(result).get("high", 0) < 0)
    return sentence if harmed else "", baselines.not_beaten(report), beside_teacher, "" if harmed else sentence


def gain(report: Report) -> str:
    """Return what distillation gained over the same student trained without the teacher, as a sentence."""
    result = report.get("gain")
    better = improvement(result) if result else {}
    if not result or "difference" not in better:
        if first_of(report, "control"):
            return "What distillation gained over the control was not measured."
        return (
            "There is no control, the same student trained without the teacher: what distillation gained isn't known."
        )
    name, amount = result["metric"], better["difference"]
    return (
        f"Distillation {moved(name, amount)} the same student trained without the teacher ({interval(result)}):"
        f" {_judgement(better)}"
    )


def against_teacher(report: Report, model_role: str) -> JsonObject:
    """Return the comparison of a role's first model with the teacher; of an older report, the difference alone."""
    name, against = first_of(report, model_role), first_of(report, "teacher")
    if name is None or against is None:
        return {}
    stored: JsonObject | None = (report.get("against_teacher") or {}).get(name)
    if stored:
        return stored
    lead, teacher, score = headline(report), _score(report, against), _score(report, name)
    if lead is None or teacher is None or score is None:
        return {}
    return {"metric": lead[0], "split": lead[1], "difference": score - teacher}


def _unfit_teacher(report: Report) -> str:
    """Return that a teacher is unfit, where control or student clearly beat it and it gained nothing clearly."""
    for model_role, winner in (("control", "the control, which had no teacher,"), ("student", "the student")):
        result = against_teacher(report, model_role)
        if result and improvement(result).get("low", 0) > 0 and not _taught(report):
            subject = "teachers together are" if teachers(report) else "teacher is"
            than = f"{'them' if teachers(report) else 'it'} on {result['split']} ({interval(result)})"
            return f"The {subject} not fit to teach: {winner} is {beyond(result)} {than}; {_teach_better(report)}."
    return ""


def _taught(report: Report) -> bool:
    """Return whether distillation clearly gained something, however good the teacher itself is."""
    result = report.get("gain")
    return bool(result and improvement(result).get("low", 0) > 0)


def _surpassed_teacher(report: Report) -> str:
    """Return that the control scores above the teacher, as may happen by chance."""
    result = against_teacher(report, "control")
    if not result or _unfit_teacher(report) or not improvement(result).get("difference", 0) > 0:
        return ""
    chance = "" if improvement(result).get("low", 0) > 0 else ", which may be chance"
    subject = "teachers together" if teachers(report) else "teacher"
    return f"The control is {beyond(result)} the {subject} ({interval(result)}){chance}: {_teach_better(report)}."


def _teach_better(report: Report) -> str:
    """Return what to do about a teacher that is surpassed."""
    if report.get("ledger"):
        return "have more rows audited (teacher.gold), or take a better labeller"
    if teachers(report):
        return "train the teachers longer, or take larger ones"
    return "train the teacher longer, or take a larger one"


def _never_found(report: Report, student: str) -> str:
    """Return the labels of validation that the student never gets right, where it has learnt something."""
    table = (report["models"][student].get("per_label") or {}).get("validation") or {}
    rows = scored_labels(report, table)
    never = [shown(label) for label, row in rows.items() if row.get("support") and row.get("f1") == 0]
    if not never or len(never) == len(rows) or _learnt_nothing(report, student):
        return ""
    return f"The student finds none of {listed_short(never)} in validation (an F1 of 0)."


def _nothing_learnt(report: Report) -> str:
    """Return which models score as if they read nothing, and what to do about it."""
    models_by_sign: dict[str, list[str]] = {}
    for name in (model for model in present(report) if role(report, model) not in ("export", "baseline")):
        if sign := _learnt_nothing(report, name):
            models_by_sign.setdefault(sign, []).append(unlabelled.called(name))
    if not models_by_sign:
        return ""
    models = listed([f"{listed(names)} ({sign})" for sign, names in models_by_sign.items()])
    return f"Nothing was learnt by {models}: train longer (max_epochs, min_steps), or with more data."


def _learnt_nothing(report: Report, model: str) -> str:
    """Return the sign that a model reads nothing; empty where it does read."""
    lead = headline(report)
    if lead is None:
        return ""
    name, split = lead
    always, score = _always(report, model, split), _score(report, model)
    if always is not None:
        return f"every example of {split} is called {shown(always)}"
    if name not in LOWER_IS_BETTER and score is not None and score <= 0:
        return f"{name} of 0 or less on {split}"
    return ""


def _always(report: Report, model: str, split: str) -> str | None:
    """Return the label that a model gives to all examples of several labels, if it does that.

    It finds all that have this label and none that have another, and is right as often as the label stands there.
    """
    table = (report["models"][model].get("per_label") or {}).get(split) or {}
    labels = report["data"].get("labels") or ()  # their means stand in the table, too
    rows = {label: table[label] for label in labels if table.get(label, {}).get("support") and "recall" in table[label]}
    recalled = [label for label, row in rows.items() if row["recall"]]
    if len(rows) < 2 or len(recalled) != 1 or rows[recalled[0]]["recall"] < 1:
        return None
    fraction = rows[recalled[0]]["support"] / sum(row["support"] for row in rows.values())
    return recalled[0] if abs(rows[recalled[0]]["precision"] - fraction) < 1e-6 else None


def _judgement(better: Mapping[str, float]) -> str:
    if "low" not in better or "high" not in better:
        return "whether that is more than chance isn't known."
    if better["low"] == better["high"] == 0:
        return "on these examples it made no difference."
    if better["low"] > 0:
        return "the whole interval is above zero, so it is more than chance."
    if better["high"] < 0:
        return "the whole interval is below zero, so distillation did harm."
    return "the interval includes zero, so it could be chance."


def _reaches(report: Report, name: str) -> str:
    lead = headline(report)
    score = _score(report, name)
    if lead is None or score is None:
        return f"The {name} was evaluated without a metric."
    several = role(report, name) == "teacher" and teachers(report)
    subject = "teachers together reach" if several else f"{name} reaches"
    ends = precision.of_score(report, name, lead[1])
    span = " to ".join(metric(lead[0], end).removesuffix(" %") for end in ends or ())
    sure = f"95 % interval {span}" if span else "without an interval"
    return f"The {subject} {metric(lead[0], score)} {lead[0]} on {lead[1]} ({sure})."


def _score(report: Report, name: str) -> float | None:
    lead = headline(report)
    metrics = (report["models"].get(name) or {}).get("metrics") or {}
    score: object = (metrics.get(lead[1]) or {}).get(lead[0]) if lead else None
    return score if known(score) else None


def _student_and_teacher(report: Report, student_name: str, teacher_name: str) -> str:
    teacher, student = report["models"][teacher_name], report["models"][student_name]
    parts = []
    if teacher.get("parameters") and student.get("parameters"):
        owner = "the teachers'" if teachers(report) else "the teacher's"
        parts.append(f"has {percent(student['parameters'] / teacher['parameters'], 1)} of {owner} parameters")
    parts.append(_quality(report))
    parts += speed.beside(report, student_name, teacher_name)
    return f"The student {listed(parts)}."


def _quality(report: Report) -> str:
    result = against_teacher(report, "student")
    if not result:
        return "was not scored against its teacher"
    reference = "its teachers together" if teachers(report) else "its teacher"
    return f"is {beyond(result)} {reference} on {result['split']} ({interval(result)})"
