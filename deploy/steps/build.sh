# shellcheck shell=bash
# Configures and builds below BUILD; what is built already stays built. REPO is the source.

BUILD_PROGRAMS=(relaywatch relaywatchd relaywatch-milter relaywatch-keeper relaywatch-probe relaywatch-notify)

# build_place NAME: where to build so that users without privileges can start what was built: in the source or, when
# that is below a private folder such as /root, in one that everybody can reach.
build_place() {
    local parent=$REPO mode
    while [[ -n $parent ]]; do
        mode=$(stat -c %a "$parent")
        if ((0$mode & 1)); then
            parent=${parent%/*}
        else
            echo "/var/lib/relaywatch-build/$(cksum <<<"$REPO" | cut -d ' ' -f 1)/$1"
            return
        fi
    done
    echo "$REPO/$1"
}

# build_configure LOG FOLDER OPTION...: runs cmake, not while another builds there. A folder that was made for another copy of
# the source is made anew.
build_configure() {
    local log=$1 folder=$2 generator=()
    shift 2
    mkdir -p "$folder"
    if [[ -e $folder/CMakeCache.txt ]] && ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$REPO" "$folder/CMakeCache.txt"; then
        rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles"
    fi
    if [[ ! -e $folder/CMakeCache.txt ]] && command -v ninja >/dev/null; then
        generator=(-G Ninja)
    fi
    logged "$log" "a library that is not found is a missing package: see the lines above" \
        flock "$folder" cmake -S "$REPO" -B "$folder" "${generator[@]}" "$@"
}

# build_programs LOG FOLDER [TARGET...]: builds the targets, all of them without names. One build at a time.
build_programs() {
    local log=$1 folder=$2 target=()
    shift 2
    (($# > 0)) && target=(--target "$@")
    logged "$log" "mend what the compiler says, or take a clean copy of the source; then run this again" \
        flock "$folder" cmake --build "$folder" --parallel "$(nproc)" "${target[@]}"
}

# build_install FOLDER BIN: puts the programs where the unprivileged users can reach them.
build_install() {
    local program
    mkdir -p "$2"
    chmod 0755 "$2"
    for program in "${BUILD_PROGRAMS[@]}"; do
        cmp -s "$1/bin/$program" "$2/$program" && continue
        install -m 0755 "$1/bin/$program" "$2/$program" ||
            fail "cannot put $program into $2" "is there room on the disk? df $2"
    done
}
