#!/usr/bin/env python3
"""Makes clips of 3.2 to 6.5 s for the fit of src/recording/clips/score.rs: copies, and others alike.

    python trainer/make_clips.py MUSIC CLIPS

MUSIC is a folder with a folder for each package, as fetch_music.sh makes it; its validation tracks
are used (splits.csv). Writes CLIPS/pairs.csv, the table of `soundalike-trainer clip-meetings`,
with the clips beside it:

- copies of music, voices (espeak-ng) and drum machines: encoded, in noise, filtered, faster, lower,
  under speech or other music
- two texts in one voice, two drum machines with one pattern, two places of one track

The same clips every time. Needs sox, ffmpeg and espeak-ng.
"""

import argparse
import array
import concurrent.futures
import csv
import math
import random
import shlex
import subprocess
import wave
from pathlib import Path

SPLITS = Path(__file__).with_name("splits.csv")
RATE_HZ = 22050
LENGTHS_SECS = (3.2, 4.5, 6.5)
MUSIC_SECS = (3.3, 4.5, 6.5)
# The engine needs 3 s, also of a clip that plays 12 % faster.
LEAST_FASTER_SECS = 3.5
LEAST_TRACK_SECS = 25
MACHINES = 30
SPOKEN = (
    "Good morning everyone and welcome back to the programme. Today we are going to talk about the history of bread,"
    " and why nobody agrees on who baked the first loaf.",
    "Please do not forget to take your umbrella, because the forecast for tomorrow afternoon promises heavy rain and"
    " strong winds from the west.",
    "My grandfather kept eleven bees in a shoe box. He said that they were his oldest friends, and every Sunday he"
    " would read the newspaper to them.",
    "If you press the red button twice, the machine stops, the lights go out, and a small door opens behind the third"
    " shelf on the left.",
    "Numbers never lie, but people who count them often do. Last year seventeen thousand visitors came, or so the"
    " director told us with a smile.",
)
WORDS = (
    "the quick system of people over music and water found long stories about working machines in small towns where"
    " every evening someone would sing or talk loudly for hours without stopping to think what comes next because"
    " nobody asked them to a winter river moves slowly past the old station while children count the trains and"
    " remember names of distant cities that their parents left behind during years of hunger and hope"
).split()
LANGUAGES = "en-us en-gb de fr es it pt sv pl nl en-gb-scotland cs hu fi tr ro".split()
VARIANTS = [""] + [
    f"+{name}"
    for name in (
        "f1 f2 f3 f4 m1 m2 m3 m4 m5 m6 m7 whisper whisperf klatt klatt2 klatt3 croak Andy Annie linda steph robosoft"
        " robosoft3 robosoft5 grandpa Denis Alex Jacky Mr adam zac anika belinda michel max Demonic Storm UniRobot fast"
    ).split()
]
PHONE = "sinc 300-3400 rate 8000 rate 22050"


class Clips:
    """Commands that make clips, in rounds of which each needs the one before, and the pairs."""

    def __init__(self, out):
        self.out, self.rounds, self.pairs = out, ([], [], []), []

    def path(self, name):
        return str(self.out / f"{name}.wav")

    def sox(self, at_round, arguments):
        self.rounds[at_round].append(f"sox -V1 {arguments}")

    def cut(self, at_round, source, start_secs, secs, name, effects=""):
        source, clip = shlex.quote(source), self.path(name)
        self.sox(at_round, f"{source} -r {RATE_HZ} -c 1 {clip} trim {start_secs:.3f} {secs:.3f} norm -3 {effects}")
        return clip

    def encoded(self, at_round, clip, name):
        copy = self.path(name)
        ffmpeg = "ffmpeg -v error -y -i"
        self.rounds[at_round].append(
            f"{ffmpeg} {clip} -b:a 32k {copy}.mp3 && {ffmpeg} {copy}.mp3 -ar {RATE_HZ} -ac 1 {copy} && rm {copy}.mp3"
        )
        return copy

    def in_noise(self, at_round, clip, name, noise_db):
        noise = f'"|sox -V1 {clip} -p synth whitenoise norm {noise_db}"'
        copy = self.path(name)
        self.rounds[at_round].append(
            f"sox -V1 {clip} -p norm -9 | sox -V1 -m -v 1 - {noise} -r {RATE_HZ} -c 1 {copy}"
        )
        return copy

    def filtered(self, at_round, clip, name, effects):
        copy = self.path(name)
        self.sox(at_round, f"{clip} {copy} {effects}")
        return copy

    def mixed(self, at_round, clip, other, name, secs):
        """Two inputs of sox, at their levels."""
        copy = self.path(name)
        self.sox(at_round, f'-m "|sox -V1 {clip} -p norm -9" "|sox -V1 {other}" {copy} trim 0 {secs}')
        return copy

    def pair(self, label, kind, left, right):
        self.pairs.append((Path(left).name, Path(right).name, label, kind))

    def make(self):
        for commands in self.rounds:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                run = lambda command: subprocess.run(command, shell=True, capture_output=True).returncode
                failed = [command for command, code in zip(commands, pool.map(run, commands)) if code]
            for command in failed:
                print(f"failed: {command}")
        kept = [pair for pair in self.pairs if all((self.out / name).exists() for name in pair[:2])]
        with open(self.out / "pairs.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(("left", "right", "label", "perturbation"))
            table.writerows(kept)
        print(f"{len(kept)} pairs in {self.out / 'pairs.csv'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips = Clips(arguments.out)
    texts = voices(clips)
    places = music(clips, validation_tracks(arguments.music), texts)
    copied_voices(clips, texts, places)
    machines(clips)
    clips.make()


def validation_tracks(music):
    with open(SPLITS, newline="") as file:
        of_split = {row["music"] for row in csv.DictReader(file) if row["split"] == "validation"}
    tracks = sorted(path for path in music.glob("*/*") if path.is_file())
    return [str(path) for path in tracks if {path.parent.name, f"{path.parent.name}/{path.stem}"} & of_split]


def voices(clips):
    """Two texts in each of 120 voices. Answers the recordings, of which clips are cut."""
    recordings = []
    for voice in range(3 * len(VARIANTS)):
        variant, turn = divmod(voice, 3)
        name = LANGUAGES[(variant * 3 + turn * 5) % len(LANGUAGES)] + VARIANTS[variant]
        speed, pitch = 120 + (variant * 37 + turn * 53) % 90, 20 + (variant * 17 + turn * 29) % 60
        texts = []
        for which in range(2):
            texts.append(clips.path(f"text{voice:03}_{which}"))
            say = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), "-w", texts[-1]]
            subprocess.run([*say, text((voice * 2 + which) % 40)], check=True, capture_output=True)
        secs = LENGTHS_SECS[voice % 3]
        one = clips.cut(0, texts[0], 0.3, secs, f"voice{voice:03}_0")
        other = clips.cut(0, texts[1], 0.3 + 0.2 * (voice % 4), secs, f"voice{voice:03}_1")
        clips.pair(0, "two-texts", one, other)
        recordings.append((texts[0], secs, one))
    return recordings


def text(number):
    if number < len(SPOKEN):
        return SPOKEN[number]
    draw = random.Random(number)
    return " ".join(draw.choice(WORDS) for _ in range(45))


def music(clips, tracks, texts):
    """Two places of each track, and their copies."""
    draw = random.Random(5)
    places = []
    for number, track in enumerate(tracks):
        secs = float(subprocess.run(["soxi", "-D", track], capture_output=True, text=True).stdout or 0)
        if secs < LEAST_TRACK_SECS:
            continue
        for which in range(2):
            start_secs, length_secs = draw.uniform(2, secs - 16), MUSIC_SECS[(number + which) % 3]
            clip = clips.cut(0, track, start_secs, length_secs, f"music{number:02}_{which}")
            places.append((number, which, track, start_secs, length_secs, clip, secs))
    first, second = places[::2], places[1::2]
    for index, place in enumerate(places):
        number, which, track, start_secs, secs, clip, track_secs = place
        name = f"music{number:02}_{which}"
        spoken = f"{texts[index % len(texts)][0]} -r {RATE_HZ} -c 1 -p trim 1 {secs} norm -7"
        other = f"{places[(index + 7) % len(places)][5]} -p norm -9"
        copies = {
            "encoded": clips.encoded(1, clip, f"{name}_encoded"),
            "noise": clips.in_noise(1, clip, f"{name}_noise", -15),
            "speech": clips.mixed(1, clip, spoken, f"{name}_speech", secs),
            "music": clips.mixed(1, clip, other, f"{name}_music", secs),
            "speed": clips.cut(0, track, start_secs, max(secs, LEAST_FASTER_SECS), f"{name}_speed", "speed 1.12"),
            "pitch": clips.cut(0, track, start_secs, secs, f"{name}_pitch", "pitch 300"),
        }
        if which == 0:
            copies |= {
                "phone": clips.filtered(1, clip, f"{name}_phone", PHONE),
                "slow": clips.cut(0, track, start_secs, secs * 0.85, f"{name}_slow", "tempo 0.85"),
                "low": clips.filtered(1, clip, f"{name}_low", "lowpass 500 lowpass 500"),
                "high": clips.filtered(1, clip, f"{name}_high", "highpass 1000 highpass 1000"),
                "late": clips.cut(0, track, start_secs + 0.7, secs, f"{name}_late"),
            }
            elsewhere_secs = (start_secs + track_secs / 2) % (track_secs - 10)
            clips.pair(0, "same-track", clip, clips.cut(0, track, elsewhere_secs, secs, f"{name}_elsewhere"))
        for change, copy in copies.items():
            clips.pair(1, f"music-{change}", clip, copy)
    changed_in_mixtures(clips, first, second)
    loops(clips, second, texts)
    return places


def changed_in_mixtures(clips, places, others):
    for index, place in enumerate(places):
        clip, other = place[5], others[(index + 9) % min(40, len(others))][5]
        for change, effects in (("speed", "speed 1.08"), ("tempo", "tempo 0.9"), ("pitch", "pitch 200")):
            copy = clips.path(f"music{place[0]:02}_mixed_{change}")
            clips.rounds[1].append(
                f"sox -V1 {clip} -p norm -9 {effects} |"
                f' sox -V1 -m - "|sox -V1 {other} -p norm -12" -r {RATE_HZ} -c 1 {copy} trim 0 $(soxi -D {clip})'
            )
            clips.pair(1, f"mixed-{change}", clip, copy)


def loops(clips, places, texts):
    for index, place in enumerate(places):
        name = f"loop{index:02}"
        loop = clips.path(name)
        clips.sox(1, f"{place[5]} {loop} trim 0.3 1.5 repeat 2")
        spoken = f"{texts[index][0]} -r {RATE_HZ} -c 1 -p trim 1 4.5 norm -7"
        clips.pair(1, "loop-encoded", loop, clips.encoded(2, loop, f"{name}_encoded"))
        clips.pair(1, "loop-noise", loop, clips.in_noise(2, loop, f"{name}_noise", -15))
        clips.pair(1, "loop-speech", loop, clips.mixed(2, loop, spoken, f"{name}_speech", 4.5))


def copied_voices(clips, texts, places):
    for voice, (recording, secs, clip) in enumerate(texts):
        if voice % 3:
            continue
        name, under = f"voice{voice:03}", f"{places[voice % len(places)][5]} -p norm -13"
        for change, copy in {
            "encoded": clips.encoded(1, clip, f"{name}_encoded"),
            "noise": clips.in_noise(1, clip, f"{name}_noise", -19),
            "phone": clips.filtered(1, clip, f"{name}_phone", PHONE),
            "speed": clips.cut(0, recording, 0.3, max(secs, LEAST_FASTER_SECS), f"{name}_speed", "speed 1.12"),
            "late": clips.cut(0, recording, 0.9, secs, f"{name}_late"),
            "under": clips.mixed(1, clip, under, f"{name}_under", secs),
        }.items():
            clips.pair(1, f"voice-{change}", clip, copy)


def machines(clips):
    """One pattern on two drum machines, and copies of the first."""
    for number in range(MACHINES):
        draw = random.Random(900 + number)
        beats_per_minute = draw.uniform(80, 150)
        kick = [1 if step % 4 == 0 and draw.random() < 0.8 or draw.random() < 0.15 else 0 for step in range(16)]
        snare = [1 if step in (4, 12) or draw.random() < 0.05 else 0 for step in range(16)]
        hat = [1 if draw.random() < 0.6 else 0 for _ in range(16)]
        secs = LENGTHS_SECS[number % 3]
        one, other = (clips.path(f"machine{number:02}_{which}") for which in range(2))
        for path, seed in ((one, number), (other, number + 500)):
            play((kick, snare, hat), beats_per_minute, machine(draw), secs, path, seed)
        clips.pair(0, "one-pattern", one, other)
        name = f"machine{number:02}"
        clips.pair(1, "drums-encoded", one, clips.encoded(1, one, f"{name}_encoded"))
        clips.pair(1, "drums-noise", one, clips.in_noise(1, one, f"{name}_noise", -21))
        clips.pair(1, "drums-phone", one, clips.filtered(1, one, f"{name}_phone", PHONE))
        distorted = clips.filtered(1, one, f"{name}_distorted", "bass -9 treble +9 overdrive 6")
        clips.pair(1, "drums-distorted", one, distorted)


def machine(draw):
    return {
        "kick_hz": draw.uniform(45, 70),
        "kick_decay": draw.uniform(6, 14),
        "kick_fall": draw.uniform(1.5, 3.5),
        "snare_hz": draw.uniform(150, 240),
        "snare_decay": draw.uniform(10, 22),
        "snare_noise": draw.uniform(0.4, 0.9),
        "hat_decay": draw.uniform(30, 90),
        "hat_order": draw.choice([1, 2, 3]),
    }


def play(pattern, beats_per_minute, sounds, secs, path, seed):
    """Writes a pattern of sixteenths. The hats' noise is differentiated `hat_order` times."""
    draw = random.Random(seed)
    samples = [0.0] * int(secs * RATE_HZ)
    step_secs = 60 / beats_per_minute / 4
    for step in range(int(secs / step_secs) + 1):
        start = int(step * step_secs * RATE_HZ)
        if start >= len(samples):
            break
        kick, snare, hat = (instrument[step % 16] for instrument in pattern)
        if kick:
            phase = 0.0
            for at in range(min(int(0.4 * RATE_HZ), len(samples) - start)):
                since = at / RATE_HZ
                fall = 1 + sounds["kick_fall"] * math.exp(-since * 40)
                phase += 2 * math.pi * sounds["kick_hz"] * fall / RATE_HZ
                samples[start + at] += 0.9 * math.exp(-since * sounds["kick_decay"]) * math.sin(phase)
        if snare:
            for at in range(min(int(0.25 * RATE_HZ), len(samples) - start)):
                since = at / RATE_HZ
                tone = 0.4 * math.sin(2 * math.pi * sounds["snare_hz"] * since)
                noise = sounds["snare_noise"] * 0.5 * draw.uniform(-1, 1)
                samples[start + at] += math.exp(-since * sounds["snare_decay"]) * (tone + noise)
        if hat:
            last = [0.0] * 3
            for at in range(min(int(0.1 * RATE_HZ), len(samples) - start)):
                value = draw.uniform(-1, 1)
                for order in range(sounds["hat_order"]):
                    value, last[order] = value - last[order], value
                samples[start + at] += 0.15 * math.exp(-at / RATE_HZ * sounds["hat_decay"]) * value
    loudest = max(map(abs, samples)) or 1.0
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(array.array("h", [int(sample / loudest * 23000) for sample in samples]).tobytes())


if __name__ == "__main__":
    main()
