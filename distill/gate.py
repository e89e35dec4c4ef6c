"""``python -m distill.gate new=RUN old=RUN``: may the new model take the old one's place, and if not, why not."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import json
import logging
import math
import sys

from distill.base import library_caches
from distill.base.early_signals import NOTHING
from distill.base.terminal_text import plain
from distill.config.gate import GateConfig, listed, read
from distill.ending import in_one_sentence

HELD = 3
"""The exit code of a model that is held up."""
_USAGE = """python -m distill.gate new=RUN old=RUN [--json] [NAME=VALUE ...]

  new        the folder of a finished run, or of an exported model, that is to take the place of the other
  old        the same, of what is in use; one of both is a run, whose test rows both answer
  slices     parts of the rows that may not be worse either, with commas: columns of the data, length, contains:WORD
  tolerance  points by which the headline may be lower; without it, it may not be significantly lower
  metric     the headline, if not the metric that leads the old run
  level      the chance of holding up a model that is worse nowhere, over all tests together (0.05)
  format     of an exported model: torch, onnx or onnx_int8; auto takes the quickest that is certified (auto)
  --json     prints everything as JSON

Exit code 0: it may. 3: it is held up, and the reason stands first. 2: they cannot be compared.
"""


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if _passed(sys.argv[1:]):
        return
    sys.exit(HELD)


@in_one_sentence(NOTHING)
def _passed(arguments: list[str]) -> bool:
    """Print the verdict, and return whether the new model passed."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_USAGE)
        return True
    config, as_json = read(arguments, _USAGE)
    return _judge(config, as_json)


def _judge(config: GateConfig, as_json: bool) -> bool:
    library_caches.ready()
    from distill.pipeline.gating import gate  # torch takes seconds
    from distill.pipeline.paired_checks import Rules

    logging.getLogger("distill").setLevel(logging.ERROR)  # the runs have said already what there is to say of data
    rules = Rules(listed(config.slices), config.tolerance, config.metric, config.level, config.format)
    verdict = gate(config.new, config.old, rules)
    text = json.dumps(_finite(verdict.as_json()), indent=2, ensure_ascii=False) if as_json else verdict.as_text()
    sys.stdout.write(plain(text.rstrip("\n") + "\n"))
    return verdict.passed


def _finite(value: object) -> object:
    """Return a value with null for numbers that are none, which JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
