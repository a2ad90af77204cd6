#!/usr/bin/env python3
"""Draws pairs of unrelated recordings, as a table in the form of `evaluate --songs`.

    python trainer/unrelated_songs.py MUSIC SONGS.csv --split train --pairs 1500

MUSIC is a folder with a folder for each package, as fetch_music.sh makes it. Tracks of one package
whose names begin alike may be versions of one piece and are not paired. With --without, pairs in
earlier tables are not drawn again. Needs nothing but Python.
"""

import argparse
import csv
import itertools
import random
from pathlib import Path

SPLITS = Path(__file__).with_name("splits.csv")
# Letters in which names of tracks of one package may not agree.
ALIKE = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("music", type=Path)
    parser.add_argument("songs", type=Path)
    parser.add_argument("--split", action="append", required=True, choices=["train", "validation", "test"])
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--tracks", help="part of the shuffled tracks of each split, as 0:80")
    parser.add_argument("--without", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with open(SPLITS, newline="") as file:
        splits = {row["music"]: row["split"] for row in csv.DictReader(file)}
    draw = random.Random(arguments.seed)
    tracks = []
    for split in arguments.split:
        of_split = sorted(path for path in arguments.music.glob("*/*.ogg") if split_of(path, splits) == split)
        draw.shuffle(of_split)
        if arguments.tracks and split == "train":
            first, last = arguments.tracks.split(":")
            of_split = of_split[int(first or 0) : int(last) if last else None]
        tracks += of_split
    known = set()
    for table in arguments.without:
        with open(table, newline="") as file:
            known.update(frozenset((row["left"], row["right"])) for row in csv.DictReader(file))
    pairs = [
        pair
        for pair in itertools.combinations(map(str, map(Path.absolute, tracks)), 2)
        if beginning(pair[0]) != beginning(pair[1]) and frozenset(pair) not in known
    ]
    draw.shuffle(pairs)
    with open(arguments.songs, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["left", "right", "label", "perturbation"])
        writer.writerows([*pair, 0, "negative-recordings"] for pair in pairs[: arguments.pairs])
    print(f"{len(tracks)} tracks, {min(len(pairs), arguments.pairs)} of {len(pairs)} pairs")


def split_of(path, splits):
    package = path.parent.name
    return splits.get(f"{package}/{path.stem}") or splits.get(package)


def beginning(path):
    path = Path(path)
    return path.parent.name, path.name.lower()[:ALIKE]


if __name__ == "__main__":
    main()
