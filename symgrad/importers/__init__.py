"""What frameworks hold: a function that TensorFlow traced, as a model."""
