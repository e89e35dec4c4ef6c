"""Teachers and students: loaded safely, built from each other, asked in one way."""

from collections.abc import Mapping

from distill.models import bilstm, static  # which transformers knows from here on, whatever loads a model

OWN: Mapping[str, str] = {
    bilstm.BiLstmConfig.model_type: bilstm.__name__,
    static.StaticConfig.model_type: static.__name__,
}
"""Each architecture that transformers does not know by itself, to the module that makes it known."""
