#!/bin/sh
# Fetches the music of the trainer: the soundtracks of 21 free games, from Debian's packages.
#
#   trainer/fetch_music.sh OUT_DIR [DEB_DIR [PACKAGE...]]
#
# Writes OUT_DIR/<package>/<track>.ogg under the names that the tracks have in the package, and the
# file copyright beside them. The table in README.md has their number, length and licences.
# It needs Debian or Ubuntu with `apt-get` and `dpkg`, and ffmpeg, but neither root nor the games.
# Packages stay in DEB_DIR, if given, and are not downloaded again. Without it they are removed
# after unpacking. A second run does nothing. Without PACKAGE it fetches all of them.
#
# A package that can't be fetched is named and left out; the others are fetched, and the status is
# 3, or 1 if there are none.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 OUT_DIR [DEB_DIR [PACKAGE...]]" >&2
    exit 2
fi
out_dir=$1
deb_dir=${2-}
shift
[ $# -eq 0 ] || shift

# The shipped weights were trained on the first four.
packages="wesnoth-1.16-music supertux-data hedgewars-data freedroidrpg-data
    naev-data widelands-data colobot-common-sounds marsshooter-data starfighter-data warmux-data
    pushover-data openclonk-data trackballs-data plee-the-bear-data extremetuxracer-data xmoto-data
    gigalomania-data zaz-data fillets-ng-data ri-li-data freeorion-data"

# Shorter files are jingles, sounds of the menu and the like: too short to take a passage of 10 s
# out of them and to leave as much (HIDDEN_SECS in examples/held_out/songs/make.rs).
shortest_secs=20

# Two tracks are in their packages twice: the menu's (as ingame_14), and Apnee2 (as Apnee).
# Three are under the Ethymonics Free Music License. It allows copies, but changes not clearly, and
# its section 9 asks for the composer's permission to make the music part of another work.
left_out="widelands-data/menu warmux-data/Olivier_Militon.-.Apnee2 \
    trackballs-data/c64revival trackballs-data/crazy trackballs-data/eurovision"

# Folder of the music inside a package; effects and voices are in other folders, or are shorter.
music_dir() {
    case $1 in
        wesnoth-1.16-music) echo usr/share/games/wesnoth/1.16/data/core/music ;;
        supertux-data) echo usr/share/games/supertux2/music ;;
        hedgewars-data) echo usr/share/games/hedgewars/Data/Music ;;
        freedroidrpg-data) echo usr/share/freedroidrpg/data/sound/music ;;
        naev-data) echo usr/share/naev/dat/snd/music ;;
        widelands-data) echo usr/share/games/widelands/data/music ;;
        colobot-common-sounds) echo usr/share/games/colobot/music ;;
        # The music of the menu and of the tutorial is one folder up.
        marsshooter-data) echo usr/share/games/marsshooter/audio ;;
        starfighter-data) echo usr/share/starfighter/music ;;
        warmux-data) echo usr/share/games/warmux/music ;;
        pushover-data) echo usr/share/pushover/themes ;;
        openclonk-data) echo usr/share/games/openclonk/Music.ocg ;;
        trackballs-data) echo usr/share/games/trackballs/music ;;
        plee-the-bear-data) echo usr/share/games/plee-the-bear/music ;;
        extremetuxracer-data) echo usr/share/games/etr/music ;;
        xmoto-data) echo usr/share/games/xmoto/Textures/Musics ;;
        gigalomania-data) echo usr/share/gigalomania/music ;;
        # Two packages have their effects in the same folder. The longest lasts 7 s.
        zaz-data) echo usr/share/games/zaz ;;
        freeorion-data) echo usr/share/games/freeorion/default/data/sound ;;
        fillets-ng-data) echo usr/share/games/fillets-ng/music ;;
        ri-li-data) echo usr/share/games/ri-li/Ri-li/Sounds ;;
        *) return 1 ;;
    esac
}

[ $# -eq 0 ] || packages=$*
for package in $packages; do
    music_dir "$package" >/dev/null || {
        echo "$0: '$package' is none of its packages" >&2
        exit 2
    }
done

for tool in apt-get dpkg ffmpeg ffprobe; do
    command -v "$tool" >/dev/null || {
        echo "$0: '$tool' is missing; install it on Debian or Ubuntu, or give the trainer any other folder of music" >&2
        exit 1
    }
done

mkdir -p "$out_dir"
out_dir=$(cd "$out_dir" && pwd)
scratch_dir=$(mktemp -d "$out_dir/.fetch.XXXXXX")
download_dir=
trap 'rm -rf "$scratch_dir" ${download_dir:+"$download_dir"}' EXIT
trap 'exit 130' INT TERM
if [ -n "$deb_dir" ]; then
    mkdir -p "$deb_dir"
    deb_dir=$(cd "$deb_dir" && pwd)
else
    deb_dir=$scratch_dir/debs
    mkdir "$deb_dir"
fi
download_dir=$(mktemp -d "$deb_dir/.download.XXXXXX")

# The file of a package in DEB_DIR, or nothing.
deb_of() {
    find "$deb_dir" -maxdepth 1 -name "${1}_*.deb" | sort | tail -n 1
}

# Downloads a package into DEB_DIR. apt compares its hash with that in the lists. The file is moved
# only then, so that DEB_DIR has no half of a file after a broken connection.
download() {
    apt-cache show "$1" >/dev/null 2>&1 || {
        reason="apt knows no such package; try 'apt-get update', or another release of Debian"
        return 1
    }
    echo "$1: downloading"
    (cd "$download_dir" && apt-get download -q "$1") || {
        reason="the download failed; try again, after 'apt-get update'"
        return 1
    }
    mv "$download_dir/$1"_*.deb "$deb_dir/"
}

# Length of an audio file in whole seconds, rounded down, or 0 if it can't be read.
whole_secs() {
    secs=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$1" </dev/null) || secs=0
    case $secs in
        [0-9]*) echo "${secs%%.*}" ;;
        *) echo 0 ;;
    esac
}

# Fetches one package. Otherwise `reason` is the reason.
fetch() {
    deb=$(deb_of "$1")
    if [ -z "$deb" ]; then
        download "$1" || return 1
        deb=$(deb_of "$1")
    fi
    echo "$1: unpacking"
    unpacked_dir=$scratch_dir/$1
    dpkg -x "$deb" "$unpacked_dir" || {
        reason="$deb is damaged; delete it and try again"
        return 1
    }
    found=$scratch_dir/found
    # Layers of music that the game mixes itself are no tracks of their own (folder sequencer).
    find "$unpacked_dir/$(music_dir "$1")" -name sequencer -prune -o -type f \
        \( -name '*.ogg' -o -name '*.xm' -o -name '*.mod' \) -print >"$found" || {
        reason="this version has its music elsewhere"
        return 1
    }
    mkdir -p "$out_dir/$1"
    while read -r track; do
        file=${track##*/}
        name=${file%.*}
        case " $left_out " in *" $1/$name "*) continue ;; esac
        [ "$(whole_secs "$track")" -ge "$shortest_secs" ] || continue
        case $file in
            *.ogg) mv "$track" "$out_dir/$1/" ;;
            # Modules are played once: the trainer reads no notes.
            *) ffmpeg -v error -nostdin -y -i "$track" -ar 44100 "$out_dir/$1/$name.flac" ;;
        esac || {
            reason="'$file' can't be written"
            return 1
        }
    done <"$found"
    # The copyright file is moved last, so its presence means that the package is complete.
    mv "$unpacked_dir/usr/share/doc/$1/copyright" "$out_dir/$1/copyright" || {
        reason="it has no copyright file"
        return 1
    }
    rm -rf "${unpacked_dir:?}"
    case $deb in "$scratch_dir"/*) rm "$deb" ;; esac
}

tracks_of() {
    find "$1" -name '*.ogg' -o -name '*.flac' | wc -l
}

missing=
for package in $packages; do
    if [ -e "$out_dir/$package/copyright" ]; then
        echo "$package: already there"
    elif ! fetch "$package"; then
        echo "$0: left out $package: $reason" >&2
        missing="$missing $package"
    fi
done

total=0
for package in $packages; do
    case " $missing " in *" $package "*) continue ;; esac
    tracks=$(tracks_of "$out_dir/$package")
    echo "$package: $tracks tracks"
    total=$((total + tracks))
done
echo "total: $total tracks in $out_dir"
if [ -n "$missing" ]; then
    echo "$0: without$missing" >&2
    [ "$total" -gt 0 ] && exit 3
    exit 1
fi
