"""``python -m distill.convert model=FOLDER output=NEW_FOLDER``: pickled weights as safetensors, read safely."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
from pathlib import Path

from distill.base.early_signals import NOTHING
from distill.ending import in_one_sentence
from distill.errors import ConfigError

_USAGE = """python -m distill.convert model=FOLDER output=NEW_FOLDER

  model        a Hugging Face folder with pytorch_model.bin, or several such files and their index; they are read by
               what takes nothing but tensors; or one with safetensors whose names begin with what a training left
               there (module., _orig_mod., model.)
  output       a folder that is not there yet: gets model.safetensors, and configuration and tokenizer as they are
"""


@in_one_sentence(NOTHING)
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(_USAGE)
        return
    model, output = _folders(sys.argv[1:])
    from distill.models.pickle_conversion import convert  # torch takes seconds

    convert(model, output)
    sys.stdout.write(f"{output}\n")


def _folders(arguments: list[str]) -> tuple[Path, Path]:
    """Read the folders of model and output from a command line."""
    folders = dict(argument.partition("=")[::2] for argument in arguments)
    if len(arguments) != 2 or set(folders) != {"model", "output"} or not all(folders.values()):
        raise ConfigError(f"give model=FOLDER and output=NEW_FOLDER\n\n{_USAGE}")
    return Path(folders["model"]).expanduser(), Path(folders["output"]).expanduser()


if __name__ == "__main__":
    main()
