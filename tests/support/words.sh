# shellcheck shell=bash disable=SC2034
# words.sh: sourced by process tests: what they print, and $failed, their exit status.

failed=0

ok() { echo "ok - $1"; }

not_ok() {
    echo "not ok - $1: $2"
    failed=1
}

# is NAME WANT GOT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi; }
