#!/usr/bin/env python3
"""Fits the support of copied clips, constants of src/recording/clips/score.rs.

    python trainer/fit_clip_support.py MEASURED.csv

MEASURED.csv comes from `soundalike-trainer clip-support`. Of its pairs, those are used that score
0.5 or more by their resemblance: a copy needs

    SUPPORT + CORRELATION_SUPPORT * correlation + PROMINENCE_SUPPORT * prominence
            + EVIDENCE_SUPPORT * evidence - SPREAD_SUPPORT * spread
            - SPEED_SUPPORT * |ln(speed)| - LOGIT_SUPPORT * logit >= 0

The seven constants are a logistic regression. Prints them, and how many clips of each kind have
support, by the fitted constants and by the shipped ones. Needs numpy.
"""

import argparse
import csv

import numpy as np

NAMES = ("CORRELATION", "PROMINENCE", "EVIDENCE", "SPREAD", "SPEED", "LOGIT")
# Factors of the constants in the sum.
SIGNS = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
# Resemblance from which clips count as copies.
THRESHOLD = 0.5
# Evidence above this says no more: only the clips of copies have it.
MOST_EVIDENCE = 12.0
# Keeps constants small that hardly matter, in units of the standard deviation of each measurement.
RIDGE = 1.0
ROUNDS = 200


def read(path):
    with open(path, newline="") as file:
        return [row for row in csv.DictReader(file) if float(row["score"]) >= THRESHOLD]


def inputs_of(rows):
    """The factors of the constants but SUPPORT, [rows, 6]."""

    def measured(row):
        value = {name: float(row[name.lower()]) for name in NAMES}
        value["EVIDENCE"] = min(value["EVIDENCE"], MOST_EVIDENCE)
        value["SPEED"] = abs(np.log(value["SPEED"]))
        return [value[name] for name in NAMES]

    return SIGNS * np.array([measured(row) for row in rows])


def fit(inputs, labels):
    """SUPPORT and the constants in the order of NAMES, by Newton's method."""
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    scaled = np.column_stack([np.ones(len(inputs)), (inputs - mean) / deviation])
    constants = np.zeros(scaled.shape[1])
    penalty = RIDGE * np.diag([0.0] + [1.0] * len(NAMES))
    for _ in range(ROUNDS):
        probability = 1.0 / (1.0 + np.exp(-(scaled @ constants)))
        gradient = scaled.T @ (labels - probability) - penalty @ constants
        weights = probability * (1.0 - probability)
        hessian = (scaled.T * weights) @ scaled + penalty + 1e-9 * np.eye(len(constants))
        constants += np.linalg.solve(hessian, gradient)
    slopes = constants[1:] / deviation
    return constants[0] - slopes @ mean, slopes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured")
    parser.add_argument("--without", nargs="*", default=[], help="kinds that are printed, and not fitted")
    arguments = parser.parse_args()
    rows = read(arguments.measured)
    fitted = np.array([row["perturbation"] not in arguments.without for row in rows])
    inputs, labels = inputs_of(rows), np.array([float(row["label"]) for row in rows])
    support, constants = fit(inputs[fitted], labels[fitted])
    copies = int(labels[fitted].sum())
    print(f"fitted on {copies} copies and {fitted.sum() - copies} others")
    print(f"SUPPORT {support:.2f}, " + ", ".join(f"{n}_SUPPORT {c:.2f}" for n, c in zip(NAMES, constants)))
    print("with support, of all: by these constants, by the shipped ones")
    found = support + inputs @ constants >= 0.0
    shipped = np.array([row["is_supported"] == "1" for row in rows])
    kinds = np.array([f"{row['label']} {row['perturbation']}" for row in rows])
    for kind in sorted(set(kinds)):
        of_kind = kinds == kind
        print(f"  {kind[2:]:16} {of_kind.sum():4}: {found[of_kind].sum():4} {shipped[of_kind].sum():4}"
              f"  {'copies' if kind[0] == '1' else 'others'}")


if __name__ == "__main__":
    main()
