"""Makes the golden log-mel spectrograms for tests/features.rs, which compares the Rust features with them.

    python -m venv venv
    venv/bin/pip install librosa==0.11.0 numpy==2.4.6 scipy==1.17.1 soundfile==0.14.0 soxr==1.1.0
    # The spectrograms, from the formulas and music.wav:
    venv/bin/python tests/golden/make_golden.py
    # First cuts music.wav again from the named track:
    venv/bin/python tests/golden/make_golden.py --music battle.ogg

Writes <signal>.f32 beside itself: log-mel dB as little-endian float32, row-major
[128 mel bands, 130 frames].

librosa computes in float64 here (its default is float32), so the errors of the golden values are
far below the tolerance of the test. Each signal is rounded to float32 first, as the engine's input.
"""

import argparse
from pathlib import Path

import librosa
import numpy as np
import soundfile

SAMPLE_RATE_HZ = 22_050
SAMPLES = 66_150
FFT_SAMPLES = 2_048
HOP_SAMPLES = 512
MEL_BANDS = 128
POWER_FLOOR = 1e-10
DYNAMIC_RANGE_DB = 80.0

HERE = Path(__file__).parent
# Start of the excerpt in the track: strings, brass and drums together.
MUSIC_START_SECS = 60.0


# tests/features.rs has the same formulas; a difference fails its comparison.


def time_secs():
    return np.arange(SAMPLES) / SAMPLE_RATE_HZ


def sine():
    """440 Hz at half of full scale."""
    return 0.5 * np.sin(2 * np.pi * 440 * time_secs())


def chirp():
    """Linear chirp from 20 Hz to 11 kHz, through all mel bands."""
    t = time_secs()
    return 0.5 * np.sin(2 * np.pi * (20 * t + (11_000 - 20) / (2 * 3.0) * t * t))


def noise():
    """Uniform white noise in -0.25..0.25, exact in float32.

    The upper 24 bits of Knuth's 64-bit linear congruential generator, state 1 before the first step.
    """
    state, values = 1, []
    for _ in range(SAMPLES):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        values.append(((state >> 40) / 2**23 - 1.0) * 0.25)
    return np.array(values)


def silence():
    """Digital zero. librosa clamps both power and reference to 1e-10 here, so every value is 0 dB, not -80."""
    return np.zeros(SAMPLES)


def click():
    """One sample of full scale in the middle, digital zero around it."""
    signal = np.zeros(SAMPLES)
    signal[33_075] = 1.0
    return signal


def fading_tones():
    """220 Hz and 3,520 Hz, fading by 30 dB a second, out of the 80 dB range before the end."""
    t = time_secs()
    return 10 ** (-1.5 * t) * (0.5 * np.sin(2 * np.pi * 220 * t) + 0.25 * np.sin(2 * np.pi * 3_520 * t))


def music():
    """The excerpt in music.wav; its origin and licence are in README.md."""
    samples, sample_rate_hz = soundfile.read(HERE / "music.wav", dtype="int16")
    assert sample_rate_hz == SAMPLE_RATE_HZ and samples.shape == (SAMPLES,)
    return samples / 32_768.0


SIGNALS = [sine, chirp, noise, silence, click, fading_tones, music]


def cut_music(track):
    """Writes music.wav: three seconds of `track`, mixed to mono, resampled, 16 bit."""
    samples, _ = librosa.load(track, sr=SAMPLE_RATE_HZ, mono=True, offset=MUSIC_START_SECS, duration=3.0)
    soundfile.write(HERE / "music.wav", samples[:SAMPLES], SAMPLE_RATE_HZ, subtype="PCM_16")


def log_mel_db(signal):
    power = librosa.feature.melspectrogram(
        y=signal.astype(np.float32).astype(np.float64),
        sr=SAMPLE_RATE_HZ,
        n_fft=FFT_SAMPLES,
        hop_length=HOP_SAMPLES,
        window="hann",
        center=True,
        pad_mode="constant",
        power=2.0,
        n_mels=MEL_BANDS,
        fmin=0.0,
        fmax=SAMPLE_RATE_HZ / 2,
        htk=False,
        norm="slaney",
        dtype=np.float64,  # of the filter bank; the STFT follows the signal
    )
    assert power.dtype == np.float64
    return librosa.power_to_db(power, ref=np.max, amin=POWER_FLOOR, top_db=DYNAMIC_RANGE_DB)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", help="track to cut music.wav from")
    arguments = parser.parse_args()
    if arguments.music:
        cut_music(arguments.music)
    for signal in SIGNALS:
        decibels = log_mel_db(signal())
        assert decibels.shape == (MEL_BANDS, 130)
        decibels.astype("<f4").tofile(HERE / f"{signal.__name__}.f32")
        print(
            f"{signal.__name__:13} mean {decibels.mean():8.3f} dB, least {decibels.min():8.3f} dB,"
            f" at the floor {np.mean(decibels <= -DYNAMIC_RANGE_DB):6.1%}"
        )


if __name__ == "__main__":
    main()
