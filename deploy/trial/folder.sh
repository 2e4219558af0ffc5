# shellcheck shell=bash disable=SC2034 # PIDS is for process.sh
# The folder of the trial. DIR is what was asked for, TRIAL the real folder. Where it stands, the programs' users must be
# able to reach it, nobody but root may be able to replace it (relaywatch-keeper trusts no password file below such a
# folder, so not in /tmp), and the path of a socket must not pass the 107 characters that the kernel takes.
# Where DIR is not such a place it becomes a link to one.

PLACES=/var/lib/relaywatch-trial.d
LONGEST=64

# folder_find: sets TRIAL, changes nothing.
folder_find() {
    TRIAL=$(readlink -m -- "$DIR")
    [[ $TRIAL != / ]] || usage_error "--dir: not the root folder"
    [[ $TRIAL != *[[:space:]\'\"\$\\]* ]] || usage_error "--dir: blanks, quotes, \$ and \\ are not possible in its path"
    TRIAL_LINKED=no
    if [[ ! -L $DIR ]] && ! folder_is_fit "$TRIAL"; then
        TRIAL=$(readlink -m "$PLACES")/${TRIAL##*/}-$(printf '%s' "$TRIAL" | cksum | cut -d ' ' -f 1)
        TRIAL_LINKED=yes
    fi
    PIDS=$TRIAL/pid
}

folder_is_fit() {
    local parent=${1%/*} owner mode
    ((${#1} <= LONGEST)) || return 1
    while [[ -n $parent ]]; do
        if [[ -e $parent ]]; then
            owner=$(stat -c %u "$parent")
            mode=$(stat -c %a "$parent")
            ((owner == 0 && (0$mode & 1) != 0 && (0$mode & 022) == 0)) || return 1
        fi
        parent=${parent%/*}
    done
}

# folder_make: makes what folder_find found.
folder_make() {
    if [[ $TRIAL_LINKED == yes ]]; then
        folder_link
    fi
    mkdir -p "$TRIAL"/{bin,etc,log,pid,run,state} ||
        fail "cannot make the folder $TRIAL" "is the disk full or read-only? Else name another one with --dir"
    chmod 0755 "$TRIAL"
    chmod 0755 "$TRIAL"/{bin,etc,run,state}
    chmod 0700 "$TRIAL/pid"
}

# There is no link yet, so what stands at its end is of an earlier DIR that was removed.
folder_link() {
    if [[ -d $DIR ]] && ! rmdir "$DIR" 2>/dev/null; then
        fail "$DIR is not empty, and not where the programs' users can reach it and root alone can replace it" \
            "name another folder: --dir /var/lib/relaywatch-trial"
    fi
    if [[ -e $TRIAL ]]; then
        trial_end
        rm -rf "$TRIAL"
    fi
    mkdir -p "$TRIAL" "$(dirname "$DIR")"
    chmod 0755 "$PLACES"
    ln -s "$TRIAL" "$DIR"
    say "    $DIR is a link to $TRIAL: a place that the programs' users can reach and root alone can change"
}

# folder_owners: once the users exist. What is written in log/ gets relaywatchd's group; the folders below run/ and
# state/ are made by `relaywatch run`.
folder_owners() {
    chown root:relaywatch "$TRIAL/log"
    chmod 2755 "$TRIAL/log"
}
