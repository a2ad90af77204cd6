#!/bin/sh
# Makes the test of compositions on the music of Planet Blupi: ten works as recordings and as MIDI.
#
#   trainer/planet_blupi.sh OUT_DIR SOUNDFONT [SECS]
#
# Writes to OUT_DIR the first SECS (240) of each work, music00N-recording.wav and
# music00N-rendering.wav, which is the MIDI file as the SoundFont plays it, and songs.csv for
# `soundalike-trainer evaluate --songs`: each rendering with each recording, 100 pairs. It needs
# Debian or Ubuntu with `apt-get`, `dpkg`, fluidsynth and ffmpeg, but neither root nor the game.
#
# The music is a test set. Nothing may be trained on it or chosen by it.
set -eu

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: $0 OUT_DIR SOUNDFONT [SECS]" >&2
    exit 2
fi
out_dir=$1
soundfont=$2
secs=${3-240}
rate_hz=22050

for program in fluidsynth ffmpeg; do
    command -v $program >/dev/null || {
        echo "$0: $program is missing: apt-get install $program" >&2
        exit 1
    }
done
[ -r "$soundfont" ] || {
    echo "$0: there is no SoundFont $soundfont" >&2
    exit 1
}
mkdir -p "$out_dir"
package_dir=$(mktemp -d)
trap 'rm -rf "$package_dir"' EXIT
(
    cd "$package_dir"
    apt-get -q download planetblupi-music-midi planetblupi-music-ogg
    for package in *.deb; do
        dpkg-deb -x "$package" .
    done
)

echo left,right,label,perturbation >"$out_dir/songs.csv"
for midi in "$package_dir"/usr/share/planetblupi/music/*.mid; do
    work=$(basename "$midi" .mid)
    ffmpeg -nostdin -v error -y -i "${midi%.mid}.ogg" -t "$secs" -ac 1 -ar $rate_hz \
        "$out_dir/$work-recording.wav"
    # Stops when it has played enough.
    fluidsynth -q -ni -r $rate_hz -T raw -O s16 -F /dev/stdout "$soundfont" "$midi" 2>/dev/null |
        ffmpeg -nostdin -v error -y -f s16le -ar $rate_hz -ac 2 -i - -t "$secs" -ac 1 \
            "$out_dir/$work-rendering.wav"
    for other in "$package_dir"/usr/share/planetblupi/music/*.mid; do
        recording=$(basename "$other" .mid)
        pair=0,negative-unrelated
        [ "$recording" != "$work" ] || pair=1,planet-blupi
        echo "$work-rendering.wav,$recording-recording.wav,$pair" >>"$out_dir/songs.csv"
    done
done
echo "$(($(wc -l <"$out_dir/songs.csv") - 1)) pairs in $out_dir/songs.csv"
