"""Teachers and students: loaded safely, built from each other, asked in one way."""

from distill.models import bilstm as bilstm  # which transformers knows from here on, whatever loads a model
