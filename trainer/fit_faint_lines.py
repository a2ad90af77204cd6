#!/usr/bin/env python3
"""Fits the constants of src/recording/correlogram/faint_line.rs on songs in mixes of validation tracks.

    python trainer/fit_faint_lines.py MIXES.csv TUNES.csv

Both tables come from `held_out mixes faint-lines`: lines of spectral peaks that are no passages alone. MIXES.csv has
those of songs in mixes, TUNES.csv those of different tunes by one synthesiser, on one grid of time and at one pitch:
the worst case of other music. The probability that a line is a copy is a logistic regression,

    logit = BIAS - PEAKS log_expected + EXCESS excess

fitted on the true lines of copies, those of each pair with the weight of one, on all lines of other music, and on those
of tunes with a small weight. Songs that share a drum loop, a spoken tag or true repeats are left out. BIAS is then
lowered until no pair of other music has a certain line, and at most MOST_TUNES pairs of tunes. Prints the constants,
and how many pairs of each kind have a certain line by them. Exits with 1 if faint_line.rs has others. Needs numpy.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

import numpy as np
from logistic import fit

SOURCE = pathlib.Path(__file__).parent.parent / "src/recording/correlogram/faint_line.rs"
NAMES = ("BIAS", "PEAKS", "EXCESS")
OTHERS = ("negative-unrelated", "negative-unrelated-copy", "negative-clip-5s", "negative-clip-3s", "negative-same-album")
WEIGHT_OF_TUNES = 0.02
MOST_TUNES = 2
RIDGE = 0.01


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def inputs_of(rows):
    # Less than this says no more: it is the evidence of a copy.
    log_expected = np.maximum([float(row["log_expected"]) for row in rows], -30.0)
    return np.column_stack([-log_expected, [float(row["excess"]) for row in rows]])


def greatest(rows, logits):
    """The greatest logit of each pair."""
    pairs = {}
    for row, logit in zip(rows, logits):
        pair = (row["left"], row["right"])
        pairs[pair] = max(pairs.get(pair, -np.inf), logit)
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixes")
    parser.add_argument("tunes")
    arguments = parser.parse_args()
    mixes, tunes = read(arguments.mixes), read(arguments.tunes)
    copies = [row for row in mixes if row["label"] == "1" and row["is_true"] == "1"]
    others = [row for row in mixes if row["perturbation"] in OTHERS]
    of_pair = collections.Counter(row["right"] for row in copies)
    rows = copies + others + tunes
    weights = [1.0 / of_pair[row["right"]] for row in copies] + [1.0] * len(others) + [WEIGHT_OF_TUNES] * len(tunes)
    labels = np.zeros(len(rows))
    labels[: len(copies)] = 1.0
    constants = fit(inputs_of(rows), labels, np.array(weights), RIDGE)

    def logits(rows):
        return constants[0] + inputs_of(rows) @ constants[1:]

    of_tunes = sorted(greatest(tunes, logits(tunes)).values())
    constants[0] -= max(max(logits(others)), of_tunes[-1 - MOST_TUNES], 0.0)
    print(f"fitted on {len(copies)} lines of copies, {len(others)} of other music, {len(tunes)} of tunes")
    print(", ".join(f"{name} = {value:.2f}" for name, value in zip(NAMES, constants)))
    print("pairs with a certain line, of those that have any; the greatest logit")
    kinds = collections.defaultdict(list)
    for row in mixes + tunes:
        if row["label"] == "0" or row["is_true"] == "1":
            kinds[row["perturbation"]].append(row)
    for kind, of_kind in sorted(kinds.items()):
        pairs = greatest(of_kind, logits(of_kind))
        found = sum(logit > 0.0 for logit in pairs.values())
        print(f"  {kind:32} {found:4} of {len(pairs):4}   {max(pairs.values()):6.1f}")

    text = SOURCE.read_text()
    shipped = [float(re.search(rf"^const {name}: f64 = (.*);", text, re.M)[1]) for name in NAMES]
    if not np.allclose(shipped, constants, atol=0.006):
        sys.exit(f"{SOURCE.name} has {shipped}")


if __name__ == "__main__":
    main()
