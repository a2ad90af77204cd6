#!/usr/bin/env python3
"""Fits the constants of src/clip_score.rs: a logistic regression on what `evaluate --pairs` says of pairs of validation tracks.

    python trainer/fit_clip_score.py REPORT-PAIRS/scores.csv REPORT-HARD/scores.csv REPORT-EXTREMES/scores.csv

The score of a pair is sigmoid(BIAS + LOGIT_WEIGHT * logit * (1 - correlation) + CORRELATION_WEIGHT * correlation). Ordinary pairs and those beyond the
ordinary count 1, deceptive ones (of one album or track) 0.3: half of the sections of one track that resemble each other are the same notes again.
Needs numpy and scipy.
"""

import csv
import sys

import numpy as np
from scipy.optimize import minimize

WEIGHTS = (1.0, 0.3, 1.0)
# Keeps the constants finite where nothing is mistaken.
RIDGE = 1e-3


def read(path):
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["correlation"]]
    logit, correlation, label = (np.array([float(row[name]) for row in rows]) for name in ("logit", "correlation", "label"))
    inputs = np.stack([np.ones_like(logit), logit * (1.0 - np.clip(correlation, 0.0, 1.0)), 5.0 * correlation], axis=1)
    return inputs, label


def main(paths):
    tables = [read(path) for path in paths]
    inputs = np.concatenate([inputs for inputs, _ in tables])
    labels = np.concatenate([labels for _, labels in tables])
    weights = np.concatenate([np.full(len(labels), weight) for (_, labels), weight in zip(tables, WEIGHTS)])

    def loss(constants):
        logits = inputs @ constants
        return (weights * (np.logaddexp(0.0, logits) - labels * logits)).sum() + RIDGE * (constants**2).sum()

    bias, logit, correlation = minimize(loss, np.zeros(3), method="BFGS").x
    print(f"BIAS {bias:.2f}, LOGIT_WEIGHT {logit:.2f}, CORRELATION_WEIGHT {5.0 * correlation:.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1:])
