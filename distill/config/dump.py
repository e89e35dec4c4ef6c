"""The resolved settings of a run, as a file that repeats it."""

from pathlib import Path

from omegaconf import OmegaConf

from distill.config.schema import Config


def write_config(config: Config, path: Path) -> None:
    """Write every setting as YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OmegaConf.to_yaml(OmegaConf.structured(config)), encoding="utf-8")
