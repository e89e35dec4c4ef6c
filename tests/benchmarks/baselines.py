"""Scores of the baselines on real data, as a run reports them, without the run's models.

    python tests/benchmarks/baselines.py ../shared/data

Each line: data set, rows of train, the metrics of validation and test, seconds of training.
"""

import sys
import time
from pathlib import Path

from hydra import compose
from omegaconf import OmegaConf

from distill.config import compose as cards
from distill.inference import scoring
from distill.pipeline.context import run_spec
from distill.pipeline.prepare_data import prepare
from distill.stages import baselines

RUNS = {"trec": "trec_tiny", "mrpc": "mrpc_tiny", "stsb": "stsb_tiny", "sst2": "sst2_tiny"}


def scored(spec, model, split):
    """The metrics of a baseline on a split."""
    import torch

    examples = spec.data.splits[split]
    rows = baselines.answers(spec, model, split).rows.examples(torch.tensor(examples["key"][:]))
    records = spec.setup.decode(rows, examples[:], None)
    return scoring.score_records(spec.setup, spec.metrics, examples[:], records)[0].metrics


def main(data):
    """Train and score every baseline on every data set."""
    for name, card in RUNS.items():
        with cards.composing():
            config = OmegaConf.to_object(compose("config", [f"experiment={card}", f"data.path={data / name}"]))
        spec = run_spec(config, prepare(config))
        start = time.monotonic()
        for title, model in baselines.fit(spec, None).items():
            seconds = time.monotonic() - start
            scores = {
                split: {metric: round(value, 4) for metric, value in scored(spec, model, split).items()}
                for split in ("validation", "test")
            }
            print(f"{name} {title}: {len(spec.data.splits['train']):,} rows, {scores}, {seconds:.0f} s", flush=True)
            print(f"  {model.description}; {model.parameters:,} parameters, {model.bytes:,} bytes", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
