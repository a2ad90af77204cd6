#!/usr/bin/env python3
"""Fits the constants of src/recording/peaks/significance.rs on unrelated songs of validation tracks.

    python trainer/fit_peaks.py LINES.csv

LINES.csv comes from `held_out mixes lines`: for each pair of songs the seconds of both and the
evidence of its strongest line. The expected number of lines with evidence S or more in unrelated
songs of m and n seconds is

    K m n exp(-LAMBDA S)

so that the strongest line of a pair lies below S with probability exp(-K m n exp(-LAMBDA S)) (S.
Karlin, S. Altschul, PNAS 87, 1990). Both constants are fitted by maximum likelihood. Of pairs whose
strongest line is below --least, only that is used. Needs numpy and scipy.
"""

import argparse
import csv
import pathlib
import re

import numpy as np
from scipy.optimize import minimize

SIGNIFICANCE = pathlib.Path(__file__).parent.parent / "src/recording/peaks/significance.rs"
# Expected number of lines at which the certainty is 0.5.
EVEN = float(re.search(r"^const EVEN: f64 = (.*);", SIGNIFICANCE.read_text(), re.M)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("lines")
    parser.add_argument("--rows", nargs="*", default=["negative-unrelated", "negative-clip"])
    parser.add_argument("--least", type=float, default=10.0)
    arguments = parser.parse_args()
    with open(arguments.lines, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["perturbation"].startswith(tuple(arguments.rows))]
    evidence = np.array([float(row["evidence"]) for row in rows])
    square_secs = np.array([float(row["left_secs"]) * float(row["right_secs"]) for row in rows])
    found = evidence >= arguments.least

    def loss(parameters):
        decrease, scale = np.exp(parameters)
        expected = scale * square_secs * np.exp(-decrease * np.maximum(evidence, arguments.least))
        # Density of the strongest line where one is found, probability of none elsewhere.
        return expected.sum() - np.log(decrease * expected[found]).sum()

    fitted = np.exp(minimize(loss, np.log([0.3, 1e-3]), method="Nelder-Mead", options={"maxiter": 4000}).x)
    print(f"{len(rows)} pairs, {found.sum()} of them with a line of {arguments.least} or more")
    print(f"LAMBDA = {fitted[0]:.3f}, K = {fitted[1]:.3g}")
    for limit in (15, 18, 20, 22, 25, 28, 30, 35):
        chance = 1 - np.exp(-fitted[1] * square_secs * np.exp(-fitted[0] * limit))
        print(f"{limit} or more: {(evidence >= limit).sum()} pairs, {chance.sum():.1f} expected")
    for secs in (3, 5, 60, 240, 600):
        even = np.log(fitted[1] * secs * 240 / EVEN) / fitted[0]
        print(f"{secs} s with 240 s: {EVEN:g} lines by chance at {even:.1f}")


if __name__ == "__main__":
    main()
