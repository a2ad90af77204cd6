#!/usr/bin/env python3
"""How many changed copies of songs a catalogue finds.

    cargo build --release
    python recall.py MUSIC WORK [--split test] [--tracks 20] [--lengths 10 32 0] [--under-music]

MUSIC is a folder with a folder for each package, as trainer/fetch_music.sh makes it. All of it is
added to a catalogue in the folder WORK. Clips of 10 and 32 s and whole songs are taken from tracks
of a split of trainer/splits.csv, changed by SoX and LAME, and searched for. Prints for each change
how many have their source

- found: among the 20 songs that are compared, or 40 with --under-music,
- first: with the best score of them,
- copy: with a score from 0.5 on, which is a copy.

Copies stay in WORK, so that a second run is quick. Needs ffmpeg, SoX and LAME, and nothing but
Python besides.
"""

import argparse
import csv
import hashlib
import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CATALOGUE = Path(__file__).parent
SPLITS = CATALOGUE.parent / "trainer" / "splits.csv"
PROGRAM = CATALOGUE / "target" / "release" / "soundalike-catalogue"
RATE_HZ = 44_100
# Of a song that is longer, only so much is copied.
MOST_SECS = 300
LEAST_SCORE = 0.5
# Sample rate, channels and format of what SoX makes.
FORMAT = ["-r", str(RATE_HZ), "-c", "1", "-b", "16"]


def sox(*arguments):
    """Without dither, so that each run makes the same files."""
    run(["sox", "-V1", "-D", "-G", *map(str, arguments)])


def run(command, **options):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, **options)


def effects(*arguments):
    """A change by effects of SoX."""
    return lambda source, made, _: sox(source, *FORMAT, made, *arguments)


def over(louder_db, sound):
    """A change that mixes another sound with the copy, so many dB louder than it by RMS."""

    def change(source, made, other):
        noise = made.with_suffix(".over.wav")
        secs = duration_secs(source)
        if sound == "noise":
            sox("-R", "-n", *FORMAT, noise, "synth", secs, "pinknoise")
        else:
            sox(other, *FORMAT, noise, "repeat", "-", "trim", 0, secs)
        gain = rms(source) / max(rms(noise), 1e-4) * 10 ** (louder_db / 20)
        # Below full scale after both.
        sox("-m", "-v", 0.5, source, "-v", 0.5 * gain, noise, *FORMAT, made)
        noise.unlink()

    return change


def mp3(kbit, *arguments):
    """A change by effects of SoX, and then by an MP3."""

    def change(source, made, _):
        coded = made.with_suffix(".coded.mp3")
        changed = made.with_suffix(".changed.wav")
        sox(source, *FORMAT, changed, *arguments)
        run(["lame", "--quiet", "-m", "m", "-b", str(kbit), changed, coded])
        run(["lame", "--quiet", "--decode", coded, made])
        for file in (coded, changed):
            file.unlink()

    return change


CHANGES = {
    "unchanged": effects(),
    "3 semitones higher": effects("pitch", 300),
    "tempo 0.8": effects("tempo", "-m", 0.8),
    "tempo 1.25": effects("tempo", "-m", 1.25),
    "speed 0.8": effects("speed", 0.8, "rate", RATE_HZ),
    "speed 1.25": effects("speed", 1.25, "rate", RATE_HZ),
    "MP3 of 32 kbit/s": mp3(32),
    "pink noise 6 dB below": over(-6, "noise"),
    "higher, faster, low pass, MP3": mp3(64, "pitch", 200, "tempo", "-m", 1.1, "lowpass", 6_000),
    "under other music, as loud": over(0, "music"),
    "under other music, 6 dB louder": over(6, "music"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("music", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--split", default="test", choices=["train", "validation", "test"])
    parser.add_argument("--tracks", type=int, default=20, help="most tracks that are copied")
    parser.add_argument("--lengths", type=int, nargs="+", default=[10, 32, 0], help="in seconds; 0 is the whole song")
    parser.add_argument("--changes", default="", help="search only for copies with this word in the name of the change")
    parser.add_argument("--under-music", action="store_true", help="search by landmarks, too")
    parser.add_argument("--program", type=Path, default=PROGRAM)
    arguments = parser.parse_args()
    with open(SPLITS, newline="") as file:
        splits = {row["music"]: row["split"] for row in csv.DictReader(file)}
    tracks = sorted(path for path in arguments.music.glob("*/*") if split_of(path, splits) == arguments.split)
    draw = random.Random(1)
    tracks = draw.sample(tracks, min(arguments.tracks, len(tracks)))
    arguments.work.mkdir(parents=True, exist_ok=True)
    catalogue = arguments.work / "catalogue"
    program = arguments.program.resolve()
    subprocess.run([program, "add", arguments.music, "--to", catalogue], check=False)

    plans = []
    for index, track in enumerate(tracks):
        # Of another package, so that no piece is in both.
        others = [other for other in tracks if other.parent != track.parent]
        for secs in arguments.lengths:
            plans.append((index, track, secs, draw.choice(others), draw.random()))
    with ThreadPoolExecutor() as pool:
        copies = [copy for made in pool.map(lambda plan: make(arguments.work, *plan), plans) for copy in made]

    copies = [copy for copy in copies if arguments.changes in copy[3]]
    found = {}
    options = ["--under-music"] if arguments.under_music else []
    command = [program, "search", "--json", *options, "--in", catalogue, *(copy for copy, *_ in copies)]
    answers = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    for (_, track, secs, name), answer in zip(copies, answers, strict=True):
        candidates = json.loads(answer)["candidates"]
        # A song's id is the beginning of the SHA-256 of its file.
        song = hashlib.sha256(track.read_bytes()).hexdigest()[:32]
        ids = [one["id"] for one in candidates]
        is_copy = song in ids and candidates[ids.index(song)]["report"]["score"] >= LEAST_SCORE
        figures = found.setdefault((name, secs), [0, 0, 0])
        for place, holds in enumerate([song in ids, ids[:1] == [song], is_copy]):
            figures[place] += holds
    songs = json.loads(run([program, "stats", "--json", "--in", catalogue]).stdout)["songs"]
    print(f"found, first, copy, of {len(tracks)} tracks among {songs} songs")
    print("| change | " + " | ".join(f"{secs} s" if secs else "whole song" for secs in arguments.lengths) + " |")
    print("|---|" + "---|" * len(arguments.lengths))
    for name in (name for name in CHANGES if arguments.changes in name):
        cells = [", ".join(map(str, found[name, secs])) for secs in arguments.lengths]
        print(f"| {name} | " + " | ".join(cells) + " |")


def make(work, index, track, secs, other, place):
    """The copies of a track, each with the track, its length and the name of the change."""
    folder = work / f"copies-{secs}"
    folder.mkdir(exist_ok=True)
    names = [(folder / f"{index}-{number}.wav", name) for number, name in enumerate(CHANGES)]
    if not all(path.exists() for path, _ in names):
        source, beside = folder / f"{index}.source.wav", folder / f"{index}.beside.wav"
        for path, song in ((source, track), (beside, other)):
            decode(song, path, duration_secs(song), secs, place)
        for path, name in names:
            half = path.with_suffix(".half.wav")
            CHANGES[name](source, half, beside)
            half.rename(path)
        for path in (source, beside):
            path.unlink()
    return [(path, track, secs, name) for path, name in names]


def decode(song, path, song_secs, secs, place):
    length = min(secs or MOST_SECS, song_secs)
    start = place * (song_secs - length)
    cut = ["-ss", f"{start:.3f}", "-t", f"{length:.3f}"]
    form = ["-ac", "1", "-ar", str(RATE_HZ), "-c:a", "pcm_s16le"]
    run(["ffmpeg", "-v", "error", "-y", *cut, "-i", song, "-vn", *form, path])


def duration_secs(song):
    entry = ["-show_entries", "format=duration", "-of", "csv=p=0"]
    return float(run(["ffprobe", "-v", "error", *entry, song]).stdout)


def rms(path):
    statistics = run(["sox", path, "-n", "stat"], text=True).stderr
    line = next(line for line in statistics.splitlines() if line.startswith("RMS     amplitude"))
    return float(line.split(":")[1])


def split_of(path, splits):
    if path.suffix == "":
        return None
    return splits.get(f"{path.parent.name}/{path.stem}") or splits.get(path.parent.name)


if __name__ == "__main__":
    main()
