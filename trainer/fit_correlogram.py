#!/usr/bin/env python3
"""Fits the constants of src/recording/correlogram/candidate.rs on songs in mixes of validation tracks.

    python trainer/fit_correlogram.py MEETINGS.csv

MEETINGS.csv comes from `held_out mixes meetings`: places where two songs may meet. The probability
that such a place is a copy is a logistic regression,

    logit = BIAS + EVIDENCE evidence + ROUGH rough + PROMINENCE log_prominence + PEAKS root_peaks
          - LENGTH log_blocks

fitted on the true places of copies and on all places of other music. A false alarm counts twice as
much as a copy that is missed. Two sections of one track may share true repeats, and count little.
Songs that share a drum loop, a spoken tag or their own reverse share audio, and are left out.
Prints the constants, and how many pairs of each kind have a certain place by them. Exits with 1 if
candidate.rs has others. Needs numpy.
"""

import argparse
import csv
import pathlib
import re
import sys

import numpy as np
from logistic import fit

SOURCE = pathlib.Path(__file__).parent.parent / "src/recording/correlogram/candidate.rs"
FEATURES = ("evidence", "rough", "log_prominence", "root_peaks", "log_blocks")
NAMES = ("BIAS", "EVIDENCE", "ROUGH", "PROMINENCE", "PEAKS", "LENGTH")
SIGNS = np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0])
# Rows of copies. Of the others, whose places lie on several lines, most are no copies at one lag.
COPIES = ("mash-up-6dB", "mash-up-10dB", "passage-12s", "clip-", "sample-", "stem-", "instrumental-")
WEIGHTS = {
    "negative-same-track": 0.3,
    "negative-same-tag": 0.0,
    "negative-reversed": 0.0,
    "negative-drums-transposed": 0.0,
}
WEIGHT_OF_OTHERS = 2.0
# For each row.
RIDGE = 1e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("meetings")
    arguments = parser.parse_args()
    with open(arguments.meetings, newline="") as file:
        rows = list(csv.DictReader(file))
    inputs = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    is_other = np.array([row["label"] == "0" for row in rows])
    is_copy = np.array([row["is_true"] == "1" and row["perturbation"].startswith(COPIES) for row in rows])
    weights = np.array([WEIGHTS.get(row["perturbation"], WEIGHT_OF_OTHERS) for row in rows])
    weights[is_copy] = 1.0
    used = (is_other | is_copy) & (weights > 0.0)
    constants = fit(inputs[used], is_copy[used].astype(float), weights[used], RIDGE * used.sum())
    print(f"fitted on {is_copy.sum()} true places of copies and {(used & is_other).sum()} places of other music")
    print(", ".join(f"{name} = {value:.2f}" for name, value in zip(NAMES, SIGNS * constants)))

    certain = {}
    for row, logit, copy in zip(rows, constants[0] + inputs @ constants[1:], is_copy):
        of_kind = certain.setdefault(row["perturbation"], {})
        pair = (row["left"], row["right"])
        if row["label"] == "0" or copy:
            of_kind[pair] = max(of_kind.get(pair, -np.inf), logit)
    print("pairs with a certain place, of those that have any that is true or judged; the greatest logit")
    for kind, pairs in sorted(certain.items()):
        if pairs:
            found = sum(logit >= 0.0 for logit in pairs.values())
            print(f"  {kind:32} {found:4} of {len(pairs):4}   {max(pairs.values()):6.1f}")

    text = SOURCE.read_text()
    shipped = [float(re.search(rf"^const {name}: f64 = (.*);", text, re.M)[1]) for name in NAMES]
    if not np.allclose(shipped, SIGNS * constants, atol=0.006):
        sys.exit(f"{SOURCE.name} has {shipped}")


if __name__ == "__main__":
    main()
