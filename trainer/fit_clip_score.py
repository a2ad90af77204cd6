#!/usr/bin/env python3
"""Fits the constants of src/recording/clips/score.rs on pairs of validation tracks.

    python trainer/fit_clip_score.py REPORT-PAIRS/scores.csv REPORT-HARD/scores.csv REPORT-EXTREMES/scores.csv

A logistic regression on the columns that `evaluate --pairs` writes:

    score = sigmoid(BIAS + (1 - correlation) * (LOGIT_WEIGHT * logit - SPREAD_WEIGHT * spread)
                    + CORRELATION_WEIGHT * correlation)

Ordinary pairs and those beyond the ordinary have weight 1, deceptive ones (of one album or track)
0.3: half of the similar sections of one track repeat the same notes.

With --examine it prints the figures of further tables with the fitted constants, for weights that
need other constants than the shipped ones. Needs numpy and scipy.
"""

import argparse
import csv

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

WEIGHTS = (1.0, 0.3, 1.0)
# Keeps the constants finite where no pair is on the wrong side.
RIDGE = 1e-3
THRESHOLD = 0.5
# Smaller groups are not printed.
LEAST_GROUP = 50


def read(path):
    """Rows of a scores.csv; those without a correlation are scored without these constants."""
    with open(path, newline="") as file:
        return [row for row in csv.DictReader(file) if row["correlation"]]


def inputs_of(rows):
    """The factors of the constants, [rows, 4]."""
    columns = ("logit", "correlation", "spread")
    logit, correlation, spread = (np.array([float(row[name]) for row in rows]) for name in columns)
    doubt = 1.0 - np.clip(correlation, 0.0, 1.0)
    return np.stack([np.ones_like(logit), doubt * logit, -doubt * spread, correlation], axis=1)


def labels_of(rows):
    return np.array([float(row["label"]) for row in rows])


def fit(tables):
    inputs = np.concatenate([inputs_of(rows) for rows in tables])
    labels = np.concatenate([labels_of(rows) for rows in tables])
    weights = np.concatenate([np.full(len(rows), weight) for rows, weight in zip(tables, WEIGHTS)])
    # A correlation has a fifth of the range of a logit, a spread a twentieth: equal ridge for all.
    scale = np.array([1.0, 1.0, 20.0, 5.0])

    def loss(constants):
        logits = inputs * scale @ constants
        return (weights * (np.logaddexp(0.0, logits) - labels * logits)).sum() + RIDGE * (constants**2).sum()

    return minimize(loss, np.zeros(4), method="BFGS").x * scale


def examine(path, constants):
    rows = read(path)
    scores = 1.0 / (1.0 + np.exp(-(inputs_of(rows) @ constants)))
    labels = labels_of(rows)
    copies, others = scores[labels == 1], scores[labels == 0]
    print(path)
    if len(copies) and len(others):
        found, mistaken = (copies >= THRESHOLD).sum(), (others >= THRESHOLD).sum()
        rank_sum = rankdata(scores)[labels == 1].sum()
        roc_auc = (rank_sum - len(copies) * (len(copies) + 1) / 2) / (len(copies) * len(others))
        print(
            f"  {found} of {len(copies)} copies found, {mistaken} of {len(others)} others mistaken,"
            f" the highest {others.max():.3f}; ROC-AUC {roc_auc:.6f}"
        )
    groups = {}
    for row, score in zip(rows, scores):
        if row["label"] == "1" or not len(copies):
            groups.setdefault(row["perturbation"], []).append(score)
    for name, of_group in sorted(groups.items()):
        if len(of_group) >= LEAST_GROUP:
            print(f"  {name}: {np.mean(np.array(of_group) >= THRESHOLD):.4f} of {len(of_group)} called copies")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("pairs", "hard", "extremes"):
        parser.add_argument(name, help=f"scores.csv of the validation tracks' {name}.csv")
    parser.add_argument("--examine", nargs="+", default=[], metavar="TABLE", help="scores.csv of other tracks")
    arguments = parser.parse_args()
    constants = fit([read(path) for path in (arguments.pairs, arguments.hard, arguments.extremes)])
    bias, logit, spread, correlation = constants
    print(
        f"BIAS {bias:.2f}, LOGIT_WEIGHT {logit:.2f}, SPREAD_WEIGHT {spread:.1f},"
        f" CORRELATION_WEIGHT {correlation:.2f}"
    )
    for path in arguments.examine:
        examine(path, constants)


if __name__ == "__main__":
    main()
