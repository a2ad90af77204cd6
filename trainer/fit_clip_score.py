#!/usr/bin/env python3
"""Fits the constants of src/recording/clips/score.rs on clips of validation tracks that no line joins.

    python trainer/fit_clip_score.py PAIRS.csv HARD.csv EXTREMES.csv CLIPS.csv

The tables come from `soundalike-trainer clip-meetings`: of the validation tracks' pairs.csv, hard.csv and extremes.csv
(held_out pairs), and of the clips of make_clips.py. The score is a logistic regression,

    score = sigmoid(BIAS + CORRELATION_WEIGHT * correlation + PROMINENCE_WEIGHT * prominence
                    + EVIDENCE_WEIGHT * min(evidence, MOST_EVIDENCE) - SPREAD_WEIGHT * spread
                    - LIKENESS_WEIGHT * max(logit - ALIKE_LOGIT, 0) - STRETCH_WEIGHT * (speed != 1))

Deceptive pairs (of one album or track) have the weight 0.3: half of the similar sections of one track repeat the same
notes. Two texts in one voice, and two drum machines with one pattern, have the weight 8: there are few of them, and no
other pairs sound so alike. All copies together have 0.7 times the weight of all others. With that, no pair of different
tracks of the validation set scores 0.5 or more. Prints the constants, and how many clips of each kind score 0.5 or more
by them. Exits with 1 if score.rs has others. Needs numpy.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

import numpy as np
from logistic import fit

SOURCE = pathlib.Path(__file__).parent.parent / "src/recording/clips/score.rs"
NAMES = ("BIAS",) + tuple(
    f"{name}_WEIGHT" for name in ("CORRELATION", "PROMINENCE", "EVIDENCE", "SPREAD", "LIKENESS", "STRETCH")
)
HARD_WEIGHT = 0.3
ALIKE_WEIGHT = 8.0
ALIKE = ("two-texts", "one-pattern")
# Examined, and not fitted: telephoned drum machines have hardly any sound left to compare.
NOT_FITTED = ("drums-phone",)
ODDS = 0.7
RIDGE = 0.01
THRESHOLD = 0.5


def constant(name):
    return float(re.search(rf"^const {name}: f(?:32|64) = (.*);", SOURCE.read_text(), re.M)[1])


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def inputs_of(rows):
    """The factors of the constants but BIAS, [rows, 6]."""

    def column(name):
        return np.array([float(row[name]) for row in rows])

    evidence = np.minimum(column("evidence"), constant("MOST_EVIDENCE"))
    alike = np.maximum(column("logit") - constant("ALIKE_LOGIT"), 0.0)
    is_stretched = (column("speed") != 1.0).astype(float)
    for_copy = (column("correlation"), column("prominence"), evidence)
    return np.column_stack([*for_copy, -column("spread"), -alike, -is_stretched])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("pairs", "hard", "extremes", "clips"):
        parser.add_argument(name)
    parser.add_argument("--examine", nargs="+", default=[], metavar="TABLE", help="tables of other tracks")
    arguments = parser.parse_args()
    tables = [read(path) for path in (arguments.pairs, arguments.hard, arguments.extremes, arguments.clips)]
    weighted = [
        (row, HARD_WEIGHT if table is tables[1] else ALIKE_WEIGHT if row["perturbation"] in ALIKE else 1.0)
        for table in tables
        for row in table
        if row["perturbation"] not in NOT_FITTED
    ]
    rows, weights = [row for row, _ in weighted], np.array([weight for _, weight in weighted])
    labels = np.array([float(row["label"]) for row in rows])
    copies, others = labels == 1.0, labels == 0.0
    weights[copies] *= ODDS * weights[others].sum() / weights[copies].sum()
    constants = fit(inputs_of(rows), labels, weights, RIDGE)
    print(f"fitted on {copies.sum()} copies and {others.sum()} others")
    print(", ".join(f"{name} = {value:.2f}" for name, value in zip(NAMES, constants)))

    examined = [read(path) for path in arguments.examine]
    names = [arguments.pairs, arguments.hard, arguments.extremes, arguments.clips, *arguments.examine]
    alone = constant("LEAST_CORRELATION_ALONE")
    for name, table in zip(names, tables + examined):
        print(f"{name}: clips that score {THRESHOLD} or more, the highest score")
        scores = 1.0 / (1.0 + np.exp(-(constants[0] + inputs_of(table) @ constants[1:])))
        kinds = collections.defaultdict(list)
        for row, score in zip(table, scores):
            correlation = float(row["correlation"])
            of_kind = kinds[("copies" if row["label"] == "1" else "others", row["perturbation"])]
            of_kind.append(max(score, correlation) if correlation >= alone else score)
        for (label, kind), of_kind in sorted(kinds.items()):
            found = sum(score >= THRESHOLD for score in of_kind)
            print(f"  {label}  {kind:28} {found:4} of {len(of_kind):4}   {max(of_kind):.3f}")

    shipped = [constant(name) for name in NAMES]
    if not np.allclose(shipped, constants, rtol=2e-3, atol=0.006):
        sys.exit(f"{SOURCE.name} has other constants: {shipped}")


if __name__ == "__main__":
    main()
