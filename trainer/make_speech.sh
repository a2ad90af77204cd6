#!/usr/bin/env bash
# Makes recordings of synthetic speech to lay over music in training (`train --overlays OUT_DIR`).
# usage: trainer/make_speech.sh OUT_DIR [COUNT]    needs espeak-ng
set -euo pipefail

out=${1:?usage: trainer/make_speech.sh OUT_DIR [COUNT]}
count=${2:-60}
command -v espeak-ng >/dev/null || { echo "espeak-ng is missing: apt-get install espeak-ng" >&2; exit 1; }
mkdir -p "$out"

voices=(en-us en-gb de fr es it pt sv pl nl)
variants=("" +f1 +f2 +f3 +m2 +m4 +m7)
words=(
  the quick system of people over music and water found long stories about working machines in
  small towns where every evening someone would sing or talk loudly for hours without stopping to
  think what comes next because nobody asked them to
)

RANDOM=3 # the same recordings every time
for ((i = 0; i < count; i++)); do
  text=""
  for ((w = 0; w < 60; w++)); do text+="${words[RANDOM % ${#words[@]}]} "; done
  espeak-ng -v "${voices[RANDOM % ${#voices[@]}]}${variants[RANDOM % ${#variants[@]}]}" \
    -s $((120 + RANDOM % 80)) -p $((20 + RANDOM % 60)) -w "$out/$(printf 'speech-%02d.wav' "$i")" "$text"
done
echo "$count recordings in $out"
