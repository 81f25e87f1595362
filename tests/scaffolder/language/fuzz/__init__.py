"""Differential fuzzing of the template language against the npm engines."""
