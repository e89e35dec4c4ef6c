"""Compare teachers, student, control and baselines: metrics, gain, fidelity, size and speed.

Several teachers are one for the student, so ``teacher`` is their ensemble; each is scored under its own name as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

from datasets import Dataset

from distill.config import ensemble as ensembles
from distill.config.ensemble import FIRST
from distill.config.schema import Config
from distill.data.answers.labelled import Labelled
from distill.data.splits import GOLD
from distill.inference import scoring
from distill.inference.latency import Together
from distill.inference.runtime import FinishedModel
from distill.inference.scoring import ModelOutputs, SplitScore
from distill.metrics import Scored
from distill.stages import answered as answered_rows
from distill.stages import audit, baselines, comparing, coverage, describing, latencies, students
from distill.stages.comparing import Scores
from distill.stages.decisions import ScoredModel
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.stages.kept_outputs import answers_folder, combine_logits, together
from distill.stages.passes import output_pass
from distill.teacher import ensemble

RECIPE = 7
_APART = ("points", "baselines", "also", "slices", "beside")
"""Settings of the section that change nothing, or that stand elsewhere in the fingerprint."""


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def sources(spec: RunSpec) -> dict[str, str]:
    """Return each compared model that is held by a stage or checkpoint, with the name of that input."""
    return {model.name: model.source for model in spec.decisions.compared if model.source is not None}


def needs(spec: RunSpec) -> list[str]:
    """Return the inputs that hold the compared models."""
    return list(sources(spec).values())


def settings(spec: RunSpec) -> StageSettings:
    """Return how models are compared, and the examples."""
    config = spec.config
    return {
        **{name: value for name, value in asdict(config.evaluate).items() if name not in _APART},
        **baselines.settings(spec),
        **spec.data.identity("validation", "test", *config.evaluate.also),
        **spec.setup.limits,
        "task": config.task,
        "max_answer_length": config.data.max_answer_length,
        "generation": spec.generation if spec.setup.task.writes else None,
        **students.given_labels(spec),
        "seed": config.seed,
        **({"unanswerable": True} if spec.data.unanswerable else {}),
        **_teacher_settings(config),
        **_beside_settings(config),
        **audit.settings(spec),
        **({} if config.metric in (None, spec.metrics.HEADLINE.name) else {"metric": config.metric}),
    }


def _teacher_settings(config: Config) -> StageSettings:
    """Return what decides on the outputs of several teachers; nothing for one."""
    if not config.more_teachers:
        return {}
    labels = {name: list(teacher.labels) for name, teacher in config.more_teachers.items()}
    with_subset = [name for name, teacher in config.more_teachers.items() if teacher.labels_subset]
    subset_settings = {"labels_subset_of_more": with_subset} if with_subset else {}
    return {**ensembles.settings(config), "given_labels_of_more": labels, **subset_settings}


def _beside_settings(config: Config) -> StageSettings:
    """Return which models of other runs are scored, and what their outputs are called; nothing without any."""
    labels = {name: list(other.labels) for name, other in config.evaluate.beside.items()}
    return {"beside": labels} if labels else {}


def run(job: Job) -> StageResult:
    """Score every model on validation and test, on rank 0; the folder ``answers`` keeps their outputs."""
    spec, scores, is_first = job.spec, Scores(), job.context.ranks.rank == 0
    outputs = output_pass(job)
    own = [split for split in ("validation", "test") if split in spec.data.splits]
    splits = [*own, *spec.config.evaluate.also]
    answered: dict[str, dict[str, ModelOutputs]] = {}
    models = _models(job)
    for row in spec.decisions.compared:
        if (labelled := spec.labeller(row)) is not None:
            scores[row.name], answered[row.name] = _score_labeller(job, row.name, labelled, models, own)
    for name, model in models.items():
        scores[name], answered[name] = {}, {}
        for split in splits:
            folder = answers_folder(job.folder, name, split)
            answered[name][split] = scoring.collect_outputs(outputs, model, spec.data.splits[split], folder)
            if is_first:
                scores[name][split] = score(job, model, split, answered[name][split])
    golden = _gold_scores(job, models)
    for row in describing.ensemble_rows(spec):
        scores[row.name] = _score_ensemble(job, row, models, answered)
    if not is_first:
        return {}
    first = next(iter(models.values()))
    fitted = baselines.fit(spec, first.tokenizer)
    for name, trained in fitted.items():
        scores[name] = {split: score(job, first, split, baselines.answers(spec, trained, split)) for split in splits}
    in_order = {row.name: scores[row.name] for row in spec.decisions.compared}
    compared = _compare(job, models, fitted, in_order, own[-1])
    return {**compared, **_coverage(job, models, answered), **audit.against_labellers(spec, golden)}


def _coverage(
    job: Job, models: Mapping[str, FinishedModel], answered: Mapping[str, Mapping[str, ModelOutputs]]
) -> StageResult:
    """Return what a small vocabulary covers, and a note on it; nothing where the student keeps all tokens."""
    spec = job.spec

    def apart(name: str, split: str, rows: Dataset) -> Scored:
        return score(job, models[name], split, answered[name][split], rows).scored

    if (found := coverage.coverage(spec, models, apart)) is None:
        return {}
    names = tuple(row.name for row in spec.decisions.compared if row.name in models)
    return {"vocabulary": found, "notes": [coverage.sentence(found, spec.leading.headline.name, names)]}


def score(
    job: Job, model: FinishedModel, split: str, answered: ModelOutputs, rows: Dataset | None = None
) -> SplitScore:
    """Return the scores of a model's outputs on a split, or some rows of it, the metric that leads the run first."""
    spec = job.spec
    examples = spec.data.splits[split] if rows is None else rows
    scored = scoring.score_split(spec.setup, spec.metrics, examples, answered, model.tokenizer, job.examples.encode)
    return replace(scored, scored=scored.scored.led_by(spec.leading.headline.name))


def _models(job: Job) -> dict[str, FinishedModel]:
    """Return each compared model that a stage or checkpoint holds."""
    spec = job.spec
    return {name: spec.finished(spec.model(source, job.inputs)) for name, source in sources(spec).items()}


def _score_labeller(
    job: Job, name: str, labelled: Labelled, models: Mapping[str, FinishedModel], splits: Sequence[str]
) -> tuple[dict[str, SplitScore], dict[str, ModelOutputs]]:
    """Return what a file of answers scores on each split, which has an answer to every row, and the answers."""
    spec, scores, found, ranks = job.spec, dict[str, SplitScore](), dict[str, ModelOutputs](), job.context.ranks
    for split in splits:
        rows, folder = spec.data.splits[split], answers_folder(job.folder, name, split) / "rows"
        ranks.first(partial(answered_rows.write, spec, labelled, rows, folder))
        found[split] = answered_rows.outputs(spec, labelled, rows, folder)
        if ranks.rank == 0:
            scores[split] = score(job, next(iter(models.values())), split, found[split])
    return scores, found


def _gold_scores(job: Job, models: Mapping[str, FinishedModel]) -> audit.GoldScores:
    """Return what students and labellers score on the gold rows that a labeller answered; nothing without such rows."""
    spec = job.spec
    if GOLD not in spec.data.splits:
        return {}
    outputs, golden = output_pass(job), dict[str, dict[str, SplitScore]]()
    asked = [row.name for row in spec.decisions.compared if row.role in ("student", "control") and row.name in models]
    for labeller, labelled in spec.data.labelled.items():
        rows = audit.answered_gold(spec, labelled)
        if rows is None or not asked:
            continue
        golden[labeller] = {}
        for name in asked:
            folder = answers_folder(job.folder, name, GOLD)
            outcome = scoring.collect_outputs(outputs, models[name], rows, folder)
            if job.context.ranks.rank == 0:
                golden[labeller][name] = score(job, models[name], GOLD, outcome, rows)
        said = answered_rows.held(spec, labelled, rows)
        if job.context.ranks.rank == 0:
            golden[labeller][audit.LABELLER] = score(job, models[asked[0]], GOLD, said, rows)
    return golden


def _score_ensemble(
    job: Job,
    row: ScoredModel,
    models: Mapping[str, FinishedModel],
    answered: Mapping[str, Mapping[str, ModelOutputs]],
) -> dict[str, SplitScore]:
    """Return the scores of the combined teachers on each split; nothing but on rank 0."""
    spec, scores = job.spec, {}
    reader = next(iter(models.values()))
    teachers = [models.get(name, reader) for name in spec.members]
    everywhere = [split for split in answered[FIRST] if all(split in answered[name] for name in spec.members)]
    for split in everywhere:  # a file of answers says nothing of other domains
        if spec.setup.task.writes:  # what they write together does not follow from what each of them writes
            folder = answers_folder(job.folder, row.name, split)
            outputs = scoring.collect_outputs(
                output_pass(job), together(spec, teachers), spec.data.splits[split], folder
            )
        else:
            stores = [answered[name][split].rows for name in spec.members]
            outputs = ModelOutputs(ensemble.of_logits(stores, combine_logits(spec)))
        if job.context.ranks.rank == 0:
            scores[split] = score(job, teachers[0], split, outputs)
    return scores


def _compare(
    job: Job, models: Mapping[str, FinishedModel], fitted: baselines.Fitted, scores: Scores, split: str
) -> StageResult:
    spec = job.spec
    described = describing.described(spec, models, fitted, scores)
    rows = []
    if spec.members.keys() <= models.keys():  # of a file nothing is timed
        rows = [Together(row.name, list(spec.members), combine_logits(spec)) for row in describing.ensemble_rows(spec)]
    timed, conditions = latencies.measured(job, models, next(iter(rows), None), fitted)
    for name, milliseconds in timed.items():
        described[name]["latency_ms"] = milliseconds
    shown = spec.decisions.first_of("student") or next(iter(scores))  # the one whose score the report judges by itself
    return {
        "models": described,
        "score_intervals": {shown: comparing.intervals(spec, scores[shown])},
        "gain": comparing.gain(spec, scores, split),
        "against_teacher": comparing.against_teacher(spec, scores, split),
        "against_baselines": comparing.against_baselines(spec, scores, split),
        "fidelity": comparing.fidelity(spec, scores, split),
        **comparing.worth_of_unlabelled(spec, scores, split),
        "latency": conditions,
        "scored_by": scores[spec.decisions.compared[0].name][split].scored.how or None,
    }
