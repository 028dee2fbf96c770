"""The public door for programs written with TensorFlow: from a traced function or a Keras model to a model."""

from symgrad.importers.function import from_function
from symgrad.importers.keras_model import from_keras

__all__ = ["from_function", "from_keras"]
