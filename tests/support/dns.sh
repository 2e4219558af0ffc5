# shellcheck shell=bash disable=SC2154,SC2034
# dns.sh: sourced by process tests: a DNS server on loopback that knows what dns_zone says, at $resolver.

dns_server=

# dns_zone LINE...: all that it knows, from now on
dns_zone() {
    printf '%s\n' "$@" >"$work/zone.new"
    mv "$work/zone.new" "$work/zone"
}

# dns_begin [PORT]
dns_begin() {
    python3 "$(dirname "${BASH_SOURCE[0]}")/dns_server.py" "$work/zone" "$@" >"$work/dns_port" &
    dns_server=$!
    for _ in $(seq 200); do
        [ -s "$work/dns_port" ] && break
        sleep 0.05
    done
    resolver=127.0.0.1:$(cat "$work/dns_port")
}

dns_end() {
    [ -n "$dns_server" ] || return 0
    kill "$dns_server" 2>/dev/null
    wait "$dns_server" 2>/dev/null
    dns_server=
}
