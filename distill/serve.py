"""Answer new examples over HTTP: ``python -m distill.serve model=FOLDER host=127.0.0.1 port=8000``."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import logging
import sys
from pathlib import Path

from distill.base import library_caches, standard_output
from distill.base.installed import BROUGHT, refuse_missing
from distill.base.terminal_text import PlainFormatter, plain
from distill.config.command_line import refuse_values, settings_of
from distill.config.serve import ServeConfig
from distill.ending import in_one_sentence

_USAGE = """python -m distill.serve model=FOLDER host=127.0.0.1 port=8000

  model             a folder that a run exported, the run's own, the model of a stage in the store, or any Hugging Face
                    folder
  host              address that is listened at: 127.0.0.1 is this machine alone, 0.0.0.0 every network it is in
  port              port that is listened at (8000); 0 takes any that is free
  format            auto (the quickest that the folder's certificate allows here), onnx_int8, onnx or torch
  task              what the model predicts, for a folder that does not say
  max_length        tokens of a text, for a folder that does not say
  threshold         probability above which a label is given, where a text may have several (as the folder says)
  threads           threads that the model is read with (one for each core, but one for the requests)
  max_wait_ms       milliseconds that a text waits for others to be read with (2), as long as they come in crowds
  batch_tokens      tokens that are read at once, padding counted (4096)
  max_padding       share of them that may be padding (0.1)
  max_waiting       examples that may wait; more are refused with 429 (512)
  max_texts         examples of one request (64)
  max_characters    characters of one example (20000)
  max_tokens        tokens of one request (16384)
  max_body_bytes    bytes of one request (1048576)
  max_connections   connections at once (1000)
  read_timeout      seconds within which a request has to have come (10)
  request_timeout   seconds within which it is answered (30)

POST /predict takes one example ({"text": "..."}, or whatever the task reads) or several ({"examples": [...]});
GET /health says whether the model is loaded, /metrics counts for Prometheus, /openapi.json describes all, and / is a
page to try the model. Ctrl-C and SIGTERM end the server when what it accepted is answered.
"""
_THEN = "what was accepted is answered"


@in_one_sentence(_THEN)
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        standard_output.say(_USAGE)
        return
    config = settings_of(ServeConfig, sys.argv[1:], _USAGE)
    refuse_values(config)
    serve(config)


def serve(config: ServeConfig) -> None:
    """Listen, load the model, say where, and answer requests until a signal comes.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    refuse_missing("a server", *(name for name in BROUGHT["serve"] if name != "uvloop"), extra="serve")
    library_caches.ready()
    from distill.serving.opening import opening  # what a server takes is no part of the other commands
    from distill.serving.server import address, listen, run
    from distill.serving.service import Service

    _log_to_stderr()
    model = opening(Path(config.model), config.format, config.task, config.max_length, config.threads, config.threshold)
    with listen(config.host, config.port) as listening:
        where = address(*listening.getsockname()[:2])
        notes = [f"{note}\n" for note in model.notes]
        about = model.description
        said = [*notes, f"{about.task} by {about.name} ({about.format}): {where}\n"]
        service = Service(about, model.load, config)
        run(service, config, listening, lambda: standard_output.say(plain("".join(said))))


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


if __name__ == "__main__":
    main()
