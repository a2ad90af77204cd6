#!/bin/sh
# Ablations: trains the recipe and its variants for a few steps each, and prints their figures on
# validation pairs.
#
#   trainer/ablations.sh TRAINER PAIRS OUT [options of `train`, such as --overlays SPEECH]
#
# STEPS (500) and PRECISION (f32) come from the environment. Existing results stay.
set -eu

trainer=$1 pairs=$2 out=$3
shift 3
steps=${STEPS:-500}
mkdir -p "$out"

variant() { # name, the settings that differ, options of `train`
    name=$1 settings=$2
    shift 2
    if [ ! -e "$out/$name.txt" ]; then
        rm -rf "${out:?}/$name"
        common="\"precision\": \"${PRECISION:-f32}\", \"steps\": $steps, \"validate_every\": $steps"
        echo "{$common${settings:+, $settings}}" >"$out/$name.json"
        "$trainer" train --pairs "$pairs" --out "$out/$name" --config "$out/$name.json" "$@" \
            2>"$out/$name.log" >"$out/$name.new"
        mv "$out/$name.new" "$out/$name.txt"
    fi
    printf '%-20s %s\n' "$name" "$(sed -n 's/^step .*validation \(.*\), best$/\1/p' "$out/$name.txt")"
}

variant recipe '' "$@"
variant another-seed '"seed": 2' "$@"
variant pairs-only '"contrast_weight": 0.0' "$@"
variant free-head '"head": "free"' "$@"
variant no-codec-no-overlay '"augmentation": {"codec": false, "overlay_share": 0.0}' "$@"
variant per-segment '"normalisation": "per-segment"' "$@"
shape='"channels": [16, 32, 64, 96, 128], "reduced_channels": 64, "embedding": 128'
variant dropout-0.2 "\"encoder\": {$shape, \"dropout\": 0.2}" "$@"
variant clips-only '"stretches": false' "$@"
variant no-same-track '"same_track_weight": 0.0' "$@"
