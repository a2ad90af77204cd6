#!/usr/bin/env python3
"""Plays traditional tunes that two collections have in different settings, as a test of compositions.

    python trainer/tunes.py CORPUS OUT SOUNDFONT

CORPUS is the folder music21/corpus of https://github.com/cuthbertLab/music21, which has O'Neill's, Ryan's and
Aird's collections in ABC. A title that is in two of them is played twice, as each collection has it: by a flute,
and four semitones higher by a fiddle. OUT/songs.csv, in the form of `evaluate --songs`, compares each tune with its
other setting (label 1) and with those of other titles. Titles are all there is to tell what is the same tune: some
name two tunes. Needs abc2midi (Debian's abcmidi) and fluidsynth.
"""

import argparse
import csv
import random
import re
import subprocess
import tempfile
import wave
from collections import defaultdict
from pathlib import Path

COLLECTIONS = ["oneills1850", "ryansMammoth", "airdsAirs"]
# Titles with more settings are kinds of tunes, as Quick Step.
MOST_SETTINGS = 3
# Other titles with which each tune is compared.
OTHERS = 20
# General MIDI program, counted from 1, and transposition of the two settings.
PLAYERS = [(74, 0), (41, 4)]
# Unit lengths a minute: most notes of these collections are as long as the unit.
UNITS_PER_MINUTE = 300
# Shorter tunes say too little, as the engine must hear 15 s.
SHORTEST_SECS = 20
LONGEST_SECS = 90
RATE_HZ = 22_050
# Two channels of 16 bits.
FRAME_BYTES = 4


def tunes(folder):
    """Title, header and body of each tune of a collection."""
    for path in sorted(folder.glob("*.abc")):
        text = path.read_text(encoding="latin-1").replace("\r\n", "\n")
        for tune in re.split(r"(?m)^(?=X:)", text):
            title = re.search(r"(?m)^T: *(.+)$", tune)
            key = re.search(r"(?m)^K:.*$", tune)
            if title and key:
                yield name(title[1]), tune[: key.end()], tune[key.end() :]


def name(title):
    """A title without case, articles, marks, and what follows it."""
    title = re.split(r" ?--| ?\(", title.lower())[0]
    words = re.sub(r"[^a-z ]", "", title).split()
    return "-".join(word for word in words if word not in ("the", "a"))


def play(setting, player, soundfont, path):
    """Writes the setting as WAV. Returns its length in seconds, or None if it can't be played."""
    _, header, body = setting
    program, semitones = player
    field = lambda letter: re.search(rf"(?m)^{letter}: *(\S+)", header)
    unit = field("L")[1] if field("L") else "1/8"
    metre = field("M")[1] if field("M") else "4/4"
    abc = (
        f"X:1\nT:tune\nM:{metre}\nL:{unit}\nQ:{unit}={UNITS_PER_MINUTE}\n{header.splitlines()[-1]}\n"
        f"%%MIDI program {program - 1}\n%%MIDI transpose {semitones}\n%%MIDI gchordoff\n{body.strip()}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        source, midi = Path(folder, "tune.abc"), Path(folder, "tune.mid")
        source.write_text(abc, encoding="latin-1")
        subprocess.run(["abc2midi", source, "-o", midi], capture_output=True)
        if not midi.exists():
            return None
        command = ["fluidsynth", "-q", "-ni", "-r", str(RATE_HZ), "-T", "raw", "-O", "s16", "-F", "/dev/stdout"]
        with subprocess.Popen([*command, soundfont, midi], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as synth:
            samples = synth.stdout.read(FRAME_BYTES * RATE_HZ * LONGEST_SECS)
            synth.kill()
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", None))
        file.writeframes(samples)
    return len(samples) / (FRAME_BYTES * RATE_HZ)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("soundfont", type=Path)
    parser.add_argument("--titles", type=int, help="titles at most, drawn at random")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    settings = defaultdict(dict)
    counts = defaultdict(int)
    for collection in COLLECTIONS:
        for tune in tunes(arguments.corpus / collection):
            counts[tune[0]] += 1
            settings[tune[0]].setdefault(collection, tune)
    titles = sorted(title for title, of in settings.items() if title and len(of) > 1 and counts[title] <= MOST_SETTINGS)
    draw = random.Random(1)
    draw.shuffle(titles)
    played = []
    for title in titles[: arguments.titles]:
        paths = [arguments.out / f"{title}-{index}.wav" for index in (1, 2)]
        secs = [
            play(setting, player, arguments.soundfont, path)
            for setting, player, path in zip(settings[title].values(), PLAYERS, paths)
        ]
        if all(length and length >= SHORTEST_SECS for length in secs):
            played.append(title)
    with open(arguments.out / "songs.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["left", "right", "label", "perturbation"])
        for title in played:
            writer.writerow([f"{title}-1.wav", f"{title}-2.wav", 1, "other-setting"])
            others = [other for other in played if other != title]
            for other in draw.sample(others, min(OTHERS, len(others))):
                writer.writerow([f"{title}-1.wav", f"{other}-2.wav", 0, "negative-unrelated"])
    print(f"{len(played)} of {len(titles)} titles in two settings, in {arguments.out / 'songs.csv'}")


if __name__ == "__main__":
    main()
