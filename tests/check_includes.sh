#!/bin/bash
# check_includes.sh BUILD: the rules that keep the house in order, as far as a machine can see them. BUILD is a
# configured build folder. Prints "ok - rule" or "not ok - rule: what breaks it"; exit status 1 if any is not ok.
set -euo pipefail

build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# Third-party headers, as "pattern file": the one file that may include what matches. rtls.c joins two of the libraries.
third_party='
libmilter/ milter/filter.c
openssl/ monitor/probe/tls.c|monitor/edge/rtls.c
sasl/ monitor/probe/sasl.c
hiredis/ monitor/edge/rlink.c|monitor/edge/rtls.c
curl/ monitor/edge/request.c
jansson monitor/edge/json.c
ini\.h config/conf.c
zlib monitor/edge/logfile.c
event2/event\.h monitor/edge/loop.c
event2/(http|buffer|listener|bufferevent|keyvalq_struct)\.h monitor/edge/http.c
event2/(util|dns|rpc|tag|thread|visibility|event_) none
event\.h none
systemd/ monitor/edge/sdjournal.c
(resolv|arpa/nameser)\.h monitor/edge/dnsquery.c
yaml\.h deploy/setup/postalyaml.c
'

# Floors, as "folder: folders that it may see beside its own".
floors='
monitor/base:
monitor/model: monitor/base
config: monitor/base
monitor/logic: monitor/model monitor/base
monitor/edge: monitor/logic monitor/model monitor/base config
milter: monitor/model monitor/base config
monitor/keeper: monitor/model monitor/base
monitor/procedure: monitor/keeper monitor/model monitor/base
monitor/probe: monitor/model monitor/base
monitor/notify: monitor/edge monitor/logic monitor/model monitor/base config
monitor/daemon: monitor/edge monitor/logic monitor/model monitor/base config
deploy/setup: monitor/procedure monitor/keeper monitor/model monitor/base config
deploy/doctor: deploy/setup monitor/procedure monitor/keeper monitor/edge monitor/logic monitor/model monitor/base config
deploy/cli: deploy/doctor deploy/setup monitor/procedure monitor/keeper monitor/edge monitor/logic monitor/model monitor/base config
'

# Modules of the pure floors without a unit test, and why:
#   clock   two system calls and nothing to decide
#   xmem    its only decision is to abort
#   log     prints; what it prints is seen in every process test
#   asking, host, perform, present, probing   what they do to a machine is seen in tests/process/install.sh
#   settings   all of it comes out in test_plan
untested='clock xmem log asking host perform present probing settings'

banned='strcpy|strcat|v?sprintf|gets|strtok|atoi|atoll?|system|popen|mktemp|tmpnam|alloca'

# Files of more than 500 lines, and why:
#   diagnosis   a table, one row a diagnosis
#   tail        two files read at once, one position: its states belong together
#   rlink       one connection, whose states are told apart by what has been asked on it
#   postalyaml  the text is cut where libyaml's nodes stand, and they are seen here alone
long_files='deploy/setup/postalyaml.c monitor/model/diagnosis.c monitor/edge/rlink.c monitor/edge/tail.c'

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

sources() {
    find milter monitor config deploy -name '*.[ch]' | sort
}

check_third_party() {
    local pattern owner findings=
    while read -r pattern owner; do
        [[ -n $pattern ]] || continue
        findings+=$(sources | xargs grep -nE "#[[:space:]]*include[[:space:]]*[<\"]$pattern" | grep -vE "^($owner):" || true)$'\n'
    done <<<"$third_party"
    result "a third-party header is included by its one file" "$findings"
}

headers_of() {
    find "$1" -maxdepth 1 -name '*.h' -printf '%f\n' | sort
}

# flags_of FOLDER: the include folders that CMake gives to what stands there.
flags_of() {
    awk -v folder="$PWD/$1/" '
        /"command":/ { command = $0 }
        /"file":/ { file = $2; gsub(/[",]/, "", file)
            if (index(file, folder) == 1 && index(substr(file, length(folder) + 1), "/") == 0 && file !~ /\/main\.c$/) { print command; exit } }
    ' "$build/compile_commands.json" | grep -oE -- '-(I|isystem )[^ ]+' | tr '\n' ' ' || true
}

# in_build ARGUMENTS...: the compiler where CMake runs it: older ones write relative folders.
in_build() {
    (cd "$build" && ${CC:-gcc} "$@")
}

# One program a floor asks the compiler which headers it would find there: all of the lower floors, none of a higher.
check_floors() {
    local folder below other name flags findings=
    while IFS=: read -r folder below; do
        [[ -n $folder ]] || continue
        flags=$(flags_of "$folder")
        [[ -n $flags ]] || findings+="$folder: nothing of it in $build/compile_commands.json"$'\n'
        while IFS=: read -r other _; do
            [[ -n $other && $other != "$folder" ]] || continue
            for name in $(headers_of "$other"); do
                if [[ " $below " == *" $other "* ]]; then
                    printf '#if !__has_include("%s")\n#error %s cannot see %s\n#endif\n' "$name" "$folder" "$other/$name"
                else
                    printf '#if __has_include("%s")\n#error %s can see %s\n#endif\n' "$name" "$folder" "$other/$name"
                fi
            done
        done <<<"$floors" >"$scratch/floor.c"
        # shellcheck disable=SC2086 # flags is a list
        findings+=$(in_build $flags -fsyntax-only "$scratch/floor.c" 2>&1 | sed -n 's/.*#error //p' || true)$'\n'
    done <<<"$floors"
    result "a floor sees the lower floors and no other" "$findings"
}

check_names() {
    result "no two headers have one name" "$(sources | grep '\.h$' | sed 's|.*/||' | sort | uniq -d)"
}

check_headers_alone() {
    local folder name flags findings=
    while IFS=: read -r folder _; do
        [[ -n $folder ]] || continue
        flags=$(flags_of "$folder")
        for name in $(headers_of "$folder"); do
            # shellcheck disable=SC2086 # flags is a list
            in_build -std=c17 -D_GNU_SOURCE '-DRELAYWATCH_VERSION=""' $flags -fsyntax-only -x c "$PWD/$folder/$name" \
                >"$scratch/said" 2>&1 || findings+="$folder/$name: $(head -n 1 "$scratch/said")"$'\n'
        done
    done <<<"$floors"
    result "a header compiles alone" "$findings"
}

check_tests_exist() {
    local file name findings=
    for file in monitor/{base,model,logic}/*.c deploy/setup/*.c; do
        name=$(basename "$file" .c)
        [[ " $untested " == *" $name "* || -e tests/unit/test_$name.c ]] || findings+="$file has no tests/unit/test_$name.c"$'\n'
    done
    result "a module of the pure floors has a unit test" "$findings"
}

# Comments are taken out by the compiler first.
check_banned() {
    local file findings=
    for file in $(sources | grep '\.c$'); do
        findings+=$(${CC:-gcc} -fpreprocessed -dD -E "$file" 2>/dev/null |
            grep -oE "(^|[^[:alnum:]_])($banned)[[:space:]]*\(|[^[:alnum:]_]signal\([^;]*" |
            grep -vE 'SIG_(IGN|DFL)' | sed "s|^|$file: |" || true)$'\n'
    done
    result "no banned call" "$findings"
}

check_sizes() {
    result "no source file has more than 500 lines" "$(sources | xargs wc -l |
        awk -v long=" $long_files " '$1 > 500 && $2 != "total" && !index(long, " " $2 " ") { print $2 " has " $1 }')"
}

# What runs as root on somebody else's request is to be read in one sitting: lines of code, without comments and blanks.
root_lines=1170
check_root() {
    local file lines=0
    for file in monitor/keeper/*.[ch]; do
        lines=$((lines + $(${CC:-gcc} -fpreprocessed -dD -E -P "$file" 2>/dev/null | grep -cv '^[[:space:]]*$')))
    done
    result "root's part of the keeper has at most $root_lines lines of code" "$( ((lines <= root_lines)) || echo "it has $lines")"
}

check_scripts() {
    local file findings=
    for file in deploy/up deploy/check .ci/run $(find deploy tests -name '*.sh' | sort); do
        bash -n "$file" 2>"$scratch/said" || findings+="$file: $(head -n 1 "$scratch/said")"$'\n'
        if command -v shellcheck >/dev/null; then
            findings+=$(shellcheck -S warning -f gcc "$file" || true)$'\n'
        fi
    done
    result "scripts are sound" "$findings"
}

check_third_party
check_floors
check_names
check_headers_alone
check_tests_exist
check_banned
check_sizes
check_root
check_scripts
exit "$failed"
