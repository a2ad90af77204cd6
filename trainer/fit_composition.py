#!/usr/bin/env python3
"""Fits the constants of src/composition/score.rs on pairs of songs.

    python trainer/fit_composition.py FIT.csv... [--exam EXAM.csv...]

The tables come from the example composition_features. Pairs with label 1 are the same composition
in two arrangements. Of the others, those whose kind ends in same-chords share only a loop of four
chords, and those whose kind ends in recordings are unrelated recordings.

Both scores are logistic regressions whose weights are at least 0: more agreement never lowers a
score. Afterwards, the logits of the songs' score are stretched so that it is 0.5 where --possibly of
the unrelated pairs of FIT.csv pass, and 0.8 where --same of them would (by an exponential tail beyond
2 %). The figures of EXAM.csv, with other works, soundfonts and pairs of tracks, are printed, and used
for nothing. Both figures are those of the report: the limits that score.rs has for chords alone, for
paths that no channel carries or that say little, and for chromatic scales are read from it and
applied. The script exits with 1 if score.rs has other constants than those it prints. Needs numpy and scipy.
"""

import argparse
import ast
import csv
import math
import re
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

SOURCES = [Path(__file__).parents[1] / "src/composition" / name for name in ("score.rs", "passages.rs")]
SONG = ["path", "harmony-contrast", "melody-contrast", "agreement"]
PASSAGE = ["value"]
# Share of the pairs that have only their chords in common in the weight of all unrelated pairs.
DECOYS = 0.1


def read(paths):
    """Whether each pair is the same composition, its kind, and the features."""
    rows = []
    for path in paths:
        with open(path, newline="") as file:
            rows += csv.DictReader(file)
    texts = ("left", "right", "kind")
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name not in texts}
    return columns["label"] == 1, np.array([row["kind"] for row in rows]), columns


def constants():
    """The numbers of score.rs and passages.rs by name, lists for arrays."""
    text = "".join(source.read_text() for source in SOURCES)
    found = re.findall(r"^(?:pub )?const (\w+): (?:f32|f64|\[f32; \d\]) = ([\d.e,\[\] -]+);", text, re.MULTILINE)
    return {name: ast.literal_eval(value) for name, value in found}


def limited(columns, logits):
    """The logits below the limits of score.rs."""
    of = constants()
    weight, bias = of["PASSAGE"]
    of_passage = weight * columns["value"] + bias
    harmony, melody = columns["harmony-correlation"], columns["melody-correlation"]
    frames = np.maximum(columns["frames"], 1)
    only_chords = (
        (harmony >= of["SAME_HARMONY"])
        & (melody < harmony - of["HARMONY_AHEAD"])
        & (columns["left-end-secs"] - columns["left-start-secs"] >= of["SAME_CHORDS_SECS"])
        & (columns["value"] / np.sqrt(frames) >= of["SAME_CHORDS_PATH"])
        & (columns["value"] < of["SAME_CHORDS_SHARE"] * frames)
    )
    carried = (melody >= of["MELODY_CARRIES"]) | (harmony >= of["HARMONY_CARRIES"])
    is_limited = only_chords | ~carried | (columns["evenness"] > of["MOST_EVENNESS"]) | (of_passage < 0)
    scores = 1 / (1 + np.exp(-logits))
    half = of["MOST_UNREPORTED"] / 2
    scores = np.where(scores < half, scores, half + (scores - half) * half / (1 - half))
    return np.where(is_limited, np.log(scores / (1 - scores)), np.minimum(logits, of_passage))


def table(columns, names):
    return np.stack([columns[name] for name in names], 1)


def regression(inputs, is_same, weights, penalty):
    """Weights and bias of a logistic regression; scaled inputs, weights of at least 0."""
    scale = inputs.std(0) + 1e-9
    scaled = inputs / scale
    # Both classes count alike.
    weights = weights * np.where(is_same, 0.5 / weights[is_same].sum(), 0.5 / weights[~is_same].sum())
    signs = np.where(is_same, 1.0, -1.0)

    def loss(parameters):
        logits = scaled @ parameters[:-1] + parameters[-1]
        gradient = -weights * signs / (1 + np.exp(signs * logits))
        total = (weights * np.logaddexp(0, -signs * logits)).sum() + penalty * (parameters[:-1] ** 2).sum()
        return total, np.r_[scaled.T @ gradient + 2 * penalty * parameters[:-1], gradient.sum()]

    bounds = [(0, None)] * inputs.shape[1] + [(None, None)]
    fitted = minimize(loss, np.zeros(inputs.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return fitted[:-1] / scale, fitted[-1]


def auc(same, others):
    ranks = np.argsort(np.argsort(np.r_[same, others], kind="stable")) + 1
    return (ranks[: len(same)].sum() - len(same) * (len(same) + 1) / 2) / (len(same) * len(others))


def tail_quantile(values, share):
    """The value that a share of them exceed, by an exponential tail beyond 2 % of them."""
    values = np.sort(values)
    start = np.quantile(values, 0.98)
    mean = (values[values > start] - start).mean()
    return start + mean * math.log(0.02 / share)


def report(name, is_same, kinds, logits):
    is_decoy = np.char.endswith(kinds, "same-chords")
    unrelated, decoys = logits[~is_same & ~is_decoy], logits[is_decoy]
    strict, loose = np.quantile(unrelated, [0.999, 0.99])
    print(f"{name}: {len(kinds)} pairs, {len(unrelated)} of them unrelated")
    for kind in sorted(set(kinds)):
        of = logits[kinds == kind]
        same, possibly = np.mean(of >= math.log(4)), np.mean(of >= 0)
        print(f"{kind:>24} {len(of):5}: same composition {same:.4f}, possibly or more {possibly:.4f}")
        if is_same[kinds == kind].all():
            print(
                f"{'':>24} AUC {auc(of, unrelated):.4f}, found at 1 % {np.mean(of > loose):.3f}, at 0.1 % {np.mean(of > strict):.3f}"
            )
            if len(decoys):
                at = np.quantile(decoys, 0.99)
                print(f"{'':>24} against same chords: AUC {auc(of, decoys):.4f}, found at 1 % {np.mean(of > at):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("fit", nargs="+")
    parser.add_argument("--exam", nargs="*")
    parser.add_argument("--possibly", type=float, default=0.005)
    parser.add_argument("--same", type=float, default=0.0005)
    parser.add_argument("--penalty", type=float, default=1e-4)
    arguments = parser.parse_args()
    is_same, kinds, columns = read(arguments.fit)
    is_decoy = np.char.endswith(kinds, "same-chords")
    of_decoys = DECOYS / (1 - DECOYS) * np.sum(~is_same & ~is_decoy)
    weights = np.where(is_decoy, of_decoys / max(1, is_decoy.sum()), 1.0)
    song, bias = regression(table(columns, SONG), is_same, weights, arguments.penalty)
    logits = table(columns, SONG) @ song + bias
    unrelated = logits[~is_same & ~is_decoy]
    possibly, same = (tail_quantile(unrelated, share) for share in (arguments.possibly, arguments.same))
    stretch = math.log(4) / (same - possibly)
    song, bias = song * stretch, (bias - possibly) * stretch
    print("WEIGHTS = [" + ", ".join(f"{weight:.3f}" for weight in song) + f"], BIAS = {bias:.3f}")
    passage, passage_bias = regression(table(columns, PASSAGE), is_same, weights, arguments.penalty)
    print(f"PASSAGE = [{passage[0]:.3f}, {passage_bias:.3f}] if half of all songs were the same composition")
    report("fit", is_same, kinds, limited(columns, table(columns, SONG) @ song + bias))
    for name in ("harmony-correlation", "melody-correlation"):
        shown = []
        for what, chosen in (("same", is_same), ("same chords", is_decoy), ("recordings", np.char.endswith(kinds, "recordings"))):
            if chosen.any():
                low, middle, high = np.quantile(columns[name][chosen], [0.1, 0.5, 0.9])
                shown.append(f"{what} {low:.2f} {middle:.2f} {high:.2f}")
        print(f"{name}, quantiles 0.1, 0.5, 0.9: " + "; ".join(shown))
    if arguments.exam:
        is_same, kinds, columns = read(arguments.exam)
        report("exam", is_same, kinds, limited(columns, table(columns, SONG) @ song + bias))
    of = constants()
    shipped = [*of["WEIGHTS"], of["BIAS"], of["PASSAGE"][0]]
    if any(abs(one - other) > 0.00051 for one, other in zip(shipped, [*song, bias, passage[0]])):
        sys.exit("score.rs has other constants")


if __name__ == "__main__":
    main()
