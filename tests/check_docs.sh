#!/bin/bash
# check_docs.sh BUILD: the manual and the units, held against what they are about. BUILD is a build folder with the
# programs. Prints "ok - rule" or "not ok - rule: what breaks it"; exit status 1 if any is not ok.
set -euo pipefail

build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# result RULE FINDINGS: one line a finding; ok when there are none.
result() {
    local line
    if [[ -z ${2//$'\n'/} ]]; then
        echo "ok - $1"
        return
    fi
    failed=1
    while IFS= read -r line; do
        [[ -z $line ]] || echo "not ok - $1: $line"
    done <<<"$2"
}

# only_one A B SAYS_A SAYS_B: the lines that are in one of two texts alone.
only_one() {
    comm -23 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed "/./s|^|$3: |"
    comm -13 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed "/./s|^|$4: |"
}

# Lines "name = default", "name =" for an empty one.
check_parameters() {
    local sample manual table
    sample=$(sed -nE 's/^([a-z_]+) = ?(.*)$/\1 = \2/p' config/relaywatch.conf)
    manual=$(sed -nE 's/^\.It Ic ([a-z_]+) Pq default: ((Pa|Li|Sy) )?(.*)$/\1 = \4/p' deploy/man/relaywatch.conf.5 |
        sed -E 's/ = empty.*/ = /')
    table=$("$build/bin/relaywatch" show-config --reference | sed -nE 's/^([a-z_]+) = (.*)$/\1 = \2/p')
    [[ -n $manual && -n $table ]] || table="nothing found"
    result "relaywatch.conf(5) and the sample have the same parameters and defaults" \
        "$(only_one "$sample" "$manual" "in the sample alone" "in the manual alone")"
    result "relaywatch.conf(5) and the program have the same parameters and defaults" \
        "$(only_one "$table" "$manual" "in the program alone" "in the manual alone")"
}

check_commands() {
    local table manual
    table=$(grep -oE '&command_[a-z_]+,' deploy/cli/main.c | sed 's/&command_//; s/,//; s/_/-/g')
    manual=$(sed -n 's/^\.Ss //p' deploy/man/relaywatch.1)
    result "relaywatch(1) has a section for each command" \
        "$(only_one "$table" "$manual" "no section" "no such command")"
}

check_help_width() {
    local command program findings=
    for command in '' $(sed -n 's/^\.Ss //p' deploy/man/relaywatch.1); do
        # shellcheck disable=SC2086 # none: that of the program itself
        findings+=$({ "$build/bin/relaywatch" $command --help 2>&1 || true; } |
            awk -v name="relaywatch $command" 'length > 80 { print name ": " $0 }')$'\n'
    done
    for program in "$build"/bin/relaywatch?*; do
        findings+=$({ "$program" --help 2>&1 || true; } |
            awk -v name="${program##*/}" 'length > 80 { print name ": " $0 }')$'\n'
    done
    result "no line of a --help is wider than 80 columns" "$findings"
}

# The long options in a program's own help.
options_of() {
    { "$@" --help 2>&1 || true; } | sed '/unrecognized option/d' | { grep -oE -- '--[a-z][a-z-]+' || true; } | sort -u
}

check_options() {
    local command option findings=
    for command in $(sed -n 's/^\.Ss //p' deploy/man/relaywatch.1); do
        for option in $(options_of "$build/bin/relaywatch" "$command"); do
            sed -n "/^\.Ss $command\$/,/^\.S[hs] /p" deploy/man/relaywatch.1 | tail -n +2 |
                grep -E "Fl ${option#-}( |\$)" >/dev/null || findings+="relaywatch $command $option"$'\n'
        done
    done
    for command in relaywatchd relaywatch-milter relaywatch-notify relaywatch-keeper; do
        for option in $(options_of "$build/bin/$command"); do
            grep -qE "Fl ${option#-}( |\$)" "deploy/man/$command.8" || findings+="$command $option"$'\n'
        done
    done
    result "the manual has each option" "$findings"
}

check_examples() {
    local command findings=
    for command in $(sed -n 's/^\.Ss //p' deploy/man/relaywatch.1); do
        "$build/bin/relaywatch" "$command" --help | grep -qE "^Example: .*relaywatch (-c [^ ]+ )?$command" ||
            findings+="relaywatch $command --help"$'\n'
    done
    result "the help of each command has an example" "$findings"
}

# What completes after a command is what its help has, and each command is known. One shell for all: it is a text of ours.
check_completion() {
    local command option findings=
    "$build/bin/relaywatch" --completion bash >"$scratch/completion"
    for command in $(sed -n 's/^\.Ss //p' deploy/man/relaywatch.1); do
        bash -c ". '$scratch/completion'; COMP_WORDS=(relaywatch -c x $command ''); COMP_CWORD=4; _relaywatch
            printf '%s\n' \"\${COMPREPLY[@]}\"" >"$scratch/words" 2>&1
        for option in $(options_of "$build/bin/relaywatch" "$command"); do
            grep -qxe "$option" "$scratch/words" || findings+="bash: relaywatch $command $option"$'\n'
        done
        bash -c ". '$scratch/completion'; COMP_WORDS=(relaywatch ${command:0:2}); COMP_CWORD=1; _relaywatch
            printf '%s\n' \"\${COMPREPLY[@]}\"" | grep -qxe "$command" || findings+="bash: relaywatch $command"$'\n'
        "$build/bin/relaywatch" --completion zsh | grep -q "^        '$command:" || findings+="zsh: relaywatch $command"$'\n'
    done
    if command -v zsh >/dev/null; then
        "$build/bin/relaywatch" --completion zsh >"$scratch/_relaywatch"
        findings+=$(zsh -n "$scratch/_relaywatch" 2>&1 || true)$'\n'
    fi
    result "completion knows each command and option" "$findings"
}

check_manual() {
    local rule="the manual is well formed"
    if ! command -v mandoc >/dev/null; then
        echo "ok - $rule # skip: no mandoc here"
        return
    fi
    # Cross references are not looked up: the pages that they name need not be installed.
    result "$rule" "$(mandoc -T lint -W warning deploy/man/*.[158] 2>&1 | grep -E ': (WARNING|ERROR|UNSUPP)' || true)"
}

# Units of older versions of systemd do not know every setting, and say so: that is no error. What is said of units of
# the host is not our concern.
check_units() {
    local rule="systemd takes the units" unit findings=
    printf '[Service]\nExecStart=/bin/true\n' >"$scratch/relaywatch-control.service"
    if ! command -v systemd-analyze >/dev/null ||
        ! systemd-analyze verify --man=no "$scratch/relaywatch-control.service" >/dev/null 2>&1; then
        echo "ok - $rule # skip: no systemd-analyze that works here"
        return
    fi
    mkdir "$scratch/units"
    for unit in deploy/systemd/*.{service,socket}; do
        sed "s|/usr/sbin/|$build/bin/|g" "$unit" >"$scratch/units/${unit##*/}"
    done
    for unit in "$scratch"/units/*; do
        systemd-analyze verify --man=no "$unit" >"$scratch/said" 2>&1 || findings+="${unit##*/}: exit status $?"$'\n'
        findings+=$(grep relaywatch "$scratch/said" | grep -vE 'Unknown (key name|lvalue)' | sed "s|$scratch/units/||g" || true)$'\n'
    done
    result "$rule" "$(sort -u <<<"$findings")"
}

check_users() {
    local wanted user findings=
    wanted=$("$build/bin/relaywatch" show-config --reference | sed -nE 's/^[a-z_]*user = (relaywatch.*)$/\1/p')
    for user in $wanted; do
        grep -q "^u $user " deploy/systemd/relaywatch-sysusers.conf || findings+="no sysusers line for $user"$'\n'
        grep -qE "(User=|--probe-user )$user\$|--probe-user $user " deploy/systemd/*.service || findings+="no unit runs as $user"$'\n'
    done
    [[ -n $wanted ]] || findings="no users found"
    result "the units have the users of the configuration" "$findings"
}

check_parameters
check_commands
check_help_width
check_options
check_examples
check_completion
check_manual
check_units
check_users
exit "$failed"
