"""The emitted functions in the words of JAX, TensorFlow and PyTorch, against ball arithmetic and their own gradients."""

import random

import numpy as np
import pytest

import symgrad as sg
from symgrad import catalogue
from symgrad.export.numpy.frameworks import FRAMEWORKS
from symgrad.export.numpy.loading import loaded
from symgrad.export.numpy.module import framework_text
from symgrad.oracles.points import sample_sizes
from tests.export.numpy.exact import CLIP, Exact, arguments, error, point_of

FEW = ("logistic_regression", "loss_sparse_categorical_crossentropy", "mlp_tanh", "weighted_logistic", "attention_pooling")
CAMPAIGN = tuple(n for n in catalogue.names() if n not in {"batch_norm", "info_nce"})
ALLOWED = 60
"""Units of roundoff of the largest entry: frameworks sum in other orders."""
