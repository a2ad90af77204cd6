#!/bin/sh
# Fetches the training music of the shipped weights: the soundtracks of four free games, from
# Debian's packages.
#
#   trainer/fetch_music.sh OUT_DIR [DEB_DIR]
#
# Writes OUT_DIR/<package>/<track>.ogg (126 tracks, 6.1 hours, 370 MB) and the file copyright beside
# them. It needs Debian or Ubuntu with `apt-get` and `dpkg`, but neither root nor the games.
# Packages stay in DEB_DIR, if given, and are not downloaded again. Without it they are removed
# after unpacking. A second run does nothing.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 OUT_DIR [DEB_DIR]" >&2
    exit 2
fi
out_dir=$1
packages="wesnoth-1.16-music supertux-data hedgewars-data freedroidrpg-data"

# No training data: jingles of less than 20 s, and one track of digital silence.
skipped="bonuscave defeat defeat2 invincible leveldone silence victory voc-boss"

for tool in apt-get dpkg; do
    command -v "$tool" >/dev/null || {
        echo "$0: '$tool' is missing; run this on Debian or Ubuntu, or give the trainer any other folder of music" >&2
        exit 1
    }
done

# Folder of the music inside a package; sound effects and voices are in other folders.
music_dir() {
    case $1 in
        wesnoth-1.16-music) echo usr/share/games/wesnoth/1.16/data/core/music ;;
        supertux-data) echo usr/share/games/supertux2/music ;;
        hedgewars-data) echo usr/share/games/hedgewars/Data/Music ;;
        freedroidrpg-data) echo usr/share/freedroidrpg/data/sound/music ;;
    esac
}

mkdir -p "$out_dir"
out_dir=$(cd "$out_dir" && pwd)
scratch_dir=$(mktemp -d "$out_dir/.fetch.XXXXXX")
trap 'rm -rf "$scratch_dir"' EXIT
trap 'exit 130' INT TERM
if [ $# -ge 2 ]; then
    mkdir -p "$2"
    deb_dir=$(cd "$2" && pwd)
else
    deb_dir=$scratch_dir/debs
    mkdir "$deb_dir"
fi
# The file of a package in DEB_DIR, or nothing.
deb_of() {
    find "$deb_dir" -maxdepth 1 -name "${1}_*.deb" | sort | tail -n 1
}

for package in $packages; do
    # The copyright file is moved last, so its presence means that the package is complete.
    if [ -e "$out_dir/$package/copyright" ]; then
        echo "$package: already there"
        continue
    fi
    if [ -z "$(deb_of "$package")" ]; then
        echo "$package: downloading"
        (cd "$deb_dir" && apt-get download -q "$package") || {
            echo "$0: could not download '$package'; try 'apt-get update' first" >&2
            exit 1
        }
    fi
    echo "$package: unpacking"
    dpkg -x "$(deb_of "$package")" "$scratch_dir/$package"
    mkdir -p "$out_dir/$package"
    find "$scratch_dir/$package/$(music_dir "$package")" -name '*.ogg' | sort | while read -r track; do
        case " $skipped " in
            *" $(basename "$track" .ogg) "*) ;;
            *) mv "$track" "$out_dir/$package/" ;;
        esac
    done
    mv "$scratch_dir/$package/usr/share/doc/$package/copyright" "$out_dir/$package/copyright"
    rm -rf "${scratch_dir:?}/$package"
done

for package in $packages; do
    echo "$package: $(find "$out_dir/$package" -name '*.ogg' | wc -l) tracks"
done
echo "total: $(find "$out_dir" -name '*.ogg' | wc -l) tracks in $out_dir"
