"""Logistic regression with weights, for the scripts that fit the constants of the engine. Needs numpy."""

import numpy as np

ROUNDS = 80


def fit(inputs, labels, weights, ridge):
    """The constants, the bias first, by Newton's method.

    inputs has the shape [rows, features]. ridge keeps constants small that hardly matter, in units of the standard
    deviation of each feature.
    """
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    scaled = np.column_stack([np.ones(len(inputs)), (inputs - mean) / deviation])
    penalty = ridge * np.eye(scaled.shape[1])
    constants = np.zeros(scaled.shape[1])
    for _ in range(ROUNDS):
        probability = 1.0 / (1.0 + np.exp(-np.clip(scaled @ constants, -30.0, 30.0)))
        shrinkage = penalty @ np.concatenate([[0.0], constants[1:]])
        gradient = scaled.T @ (weights * (probability - labels)) + shrinkage
        hessian = (scaled.T * (weights * probability * (1.0 - probability))) @ scaled + penalty
        constants -= np.linalg.solve(hessian, gradient)
    slopes = constants[1:] / deviation
    return np.concatenate([[constants[0] - slopes @ mean], slopes])
