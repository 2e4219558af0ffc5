#!/bin/bash
# page.sh BIN: the page, the history and `relaywatch status` of a relaywatchd that reads a log with hostile text in it: what
# is shown, what survives a kill -9, by which names it answers, how long /metrics takes among 1,000 slow clients. Must run as
# root; no Postfix. Takes less than a minute. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2317 # some of the functions are called by becomes and trap
# shellcheck disable=SC2154 # what words.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
export LC_ALL=C TZ=UTC

bin=$(cd "$1" && pwd)
support=$bin/../support
dir=$(mktemp -d /var/tmp/relaywatch-page.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
url=http://127.0.0.1:$port
daemon=
watch=

finish() {
    local pid
    for pid in $daemon $watch; do
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# ---------------------------------------------------------------- relaywatchd and its log

start() {
    setpriv --reuid relaywatch --regid relaywatch --groups adm "$bin/relaywatchd" -c "$dir/rw.conf" 2>>"$dir/daemon.log" &
    daemon=$!
    becomes 20 curl -sf --max-time 2 "$url/readyz" || not_ok "relaywatchd starts" "$(tail -n 3 "$dir/daemon.log")"
}

kill_hard() {
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
}

# line SECONDS_AGO TEXT: of smtp(8)
line() {
    printf '%s relay1 postfix/smtp[4711]: %s\n' "$(date -d "@$((now - $1))" +%Y-%m-%dT%H:%M:%S.123456+00:00)" "$2"
}

delivery='relay=smtp.example.net[192.0.2.1]:587, delay=2.5, delays=0.1/0.1/0.3/2, dsn=2.0.0, status=sent (250 ok)'
refusal='relay=smtp.example.net[192.0.2.1]:587, delay=1, delays=0.1/0/0.9/0, dsn=4.7.8, status=deferred'

# Logins that are refused, with a hostile reply.
write_refusals() {
    local i hostile
    now=$(date +%s)
    hostile=$'<script>alert("own")</script> \xe2\x80\xaegnp.exe \x1b[2J '$(printf 'W%.0s' {1..300})
    for i in 3 2 1; do
        line $i "4bCCCCCC$((i + 10))zz: to=<b@example.net>, $refusal (SASL authentication failed; server smtp.example.net[192.0.2.1] said: 535 5.7.8 $hostile)"
    done
}

# Thirty deliveries in the last hour, twenty two hours ago, and three refused logins.
write_log() {
    local i
    now=$(date +%s)
    for i in {1..20}; do
        line $((7200 + i)) "4bAAAAAA0$((i + 10))z: to=<a@example.org>, $delivery"
    done
    for i in {30..1}; do
        line $((i * 60 + 60)) "4bBBBBBB0$((i + 10))z: to=<a@example.org>, $delivery"
    done
    write_refusals
}

configure() {
    mkdir -p "$dir/state" "$dir/run"
    chown relaywatch: "$dir/state"
    write_log >"$dir/mail.log"
    printf '%s\n' "host = relay1" "mail_log = $dir/mail.log" "log_start = beginning" "state_dir = $dir/state" \
        "run_dir = $dir/run" "http_listen = 127.0.0.1:$port" "sasl_passwd =" "http_hosts = mon.example.com" >"$dir/rw.conf"
}

rw() {
    "$bin/relaywatch" -c "$dir/rw.conf" "$@"
}

# get PATH [CURL_OPTION...]
get() {
    local path=$1
    shift
    curl -s --max-time 10 "$@" "$url$path"
}

# sum_of QUERY NAME: a counter of the history's sum
sum_of() {
    get "/api/v1/history?$1" | tr -d ' \n' | sed -n "s/.*\"sum\":{.*\"counters\":{[^}]*\"$2\":\([0-9]*\).*},\"queue\".*\"causes\".*/\1/p"
}

sum_is() {
    [[ $(sum_of "$1" "$2") == "$3" ]]
}

is_critical() {
    becomes 10 eval 'get /now | grep -q "class=\"state critical\""'
}

# ---------------------------------------------------------------- the tests

test_page() {
    is_critical || not_ok "the refused login is an alert" "$(tail -n 3 "$dir/daemon.log")"
    get / >"$dir/page.html"
    is "page: says what is wrong" 1 "$(grep -c '<h[23].*</span> The smarthost refuses our' "$dir/page.html")"
    is "page: it is among the incidents" 1 "$(grep -c '<th.*</span> The smarthost refuses our.*goes on for' "$dir/page.html")"
    is "page: that mail waits, in its first words" 1 "$(grep -c '<h1>Mail does not leave: it waits in the queue, safe' "$dir/page.html")"
    is "page: script text of a log line is text" "0 yes" "$(grep -c '<script>alert' "$dir/page.html") $(grep -q '&lt;script&gt;alert(&quot;own&quot;)&lt;/script&gt;' "$dir/page.html" && echo yes)"
    is "page: no control and no override of direction" 0 "$(grep -cP '\xe2\x80\xae|[\x00-\x08\x0b-\x1f]' "$dir/page.html")"
    is "page: charts of hour and days" 8 "$(grep -c '<figure ' "$dir/page.html")"
    is "page: what is now alone has no charts" 0 "$(get /now | grep -c '<figure ')"
    is "page: strict policy" 1 "$(get / -D - -o /dev/null | grep -c "^Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self';")"
    is "page: asks nobody else" 0 "$(grep -c 'src="http\|href="http\|url(' "$dir/page.html")"
    is "style and script" "200 200" "$(get /style.css -o /dev/null -w '%{http_code}') $(get /page.js -o /dev/null -w '%{http_code}')"
}

test_names() {
    local name
    for name in 127.0.0.1 "localhost:$port" '[::1]' relay1 mon.example.com "$(hostname)"; do
        is "answers to $name" 200 "$(get /metrics -H "Host: $name" -o /dev/null -w '%{http_code}')"
    done
    for name in evil.example localhost.evil.example 127.0.0.1.evil.example; do
        is "does not answer to $name" 421 "$(get / -H "Host: $name" -o /dev/null -w '%{http_code}')"
    done
}

test_history() {
    is "history: the last hour" 30 "$(sum_of since=1h sent)"
    is "history: with what was before" 50 "$(sum_of since=4h sent)"
    is "history: put off" 3 "$(sum_of since=1h deferred)"
    is "history: causes" 1 "$(get '/api/v1/history?since=1h' | tr -d ' \n' | grep -c '"causes":\[{"diagnosis":"G01BAD_CREDENTIALS"[^}]*"deferred":3,"bounced":0}')"
    is "history: a time that nobody knows is a gap" yes "$(get '/api/v1/history?since=1h' | tr -d ' \n' | grep -q '"counters":null' && echo yes)"
    is "history: bad questions" "400 400 400" "$(for q in since=3d since=now step=second; do get "/api/v1/history?$q" -o /dev/null -w '%{http_code} '; done | sed 's/ $//')"
    becomes 10 eval "(( \$(stat -c %Y '$dir/state/trend') > $now ))"
    sleep 5.5 # totals and trend are saved every five seconds
    kill_hard
    start
    is "history: the same after kill -9" "30 3 yes" "$(becomes 5 sum_is since=1h sent 30; sum_of since=1h sent) $(sum_of since=1h deferred) $(get '/api/v1/history?since=1h' | tr -d ' \n' | grep -q '"deferred":3,"bounced":0}' && echo yes)"
}

test_status() {
    local screen
    write_refusals >>"$dir/mail.log"
    is_critical
    is "status: critical" 2 "$(rw status >"$dir/status"; echo $?)"
    is "status: first line for monitoring" 1 "$(head -n 1 "$dir/status" | grep -c '^RELAY CRITICAL - The smarthost refuses .* | queue=')"
    is "status: nothing that a terminal obeys" 0 "$(grep -cP '[\x00-\x09\x0b-\x1f]' "$dir/status")"
    is "status --since: outcomes" 1 "$(rw status --since 1h | grep -c '^  outcome   30 sent, 6 put off, 0 bounced, 0 expired$')"
    is "status: how long deliveries took, before the kill" 1 "$(rw status | grep -c '^  delivery  half within 2.4 s')"
    is "status --since: how long deliveries took, before the kill" 1 "$(rw status --since 1h | grep -c '^  delivery  half within 2.4 s, 90 % within 2.4 s, 99 % within 2.4 s (36)$')"
    is "status --since: its exit status" 2 "$(rw status --since 1h >/dev/null; echo $?)"
    is "status --since --json" 1 "$(rw status --since 1h --json | grep -c '"step_seconds": 60')"
    is "status --since: too long ago" 64 "$(rw status --since 3d >/dev/null 2>&1; echo $?)"
    script -qec "stty rows 24 cols 80; NO_COLOR=1 '$bin/relaywatch' -c '$dir/rw.conf' status" /dev/null </dev/null >"$dir/screen"
    screen=$(tr -d '\r' <"$dir/screen")
    is "status at 80x24: no longer than the terminal" yes "$(if (($(wc -l <<<"$screen") <= 23)); then echo yes; else wc -l <<<"$screen"; fi)"
    is "status at 80x24: no wider than it" 0 "$(grep -v 'sudoedit\|postqueue' <<<"$screen" | grep -c '.\{81\}')"
    is "status at 80x24: state, what is wrong, what to do" "1 yes" "$(grep -c '^RELAY CRITICAL - The smarthost refuses' <<<"$screen") $(grep -q '^ *do \|^    do' <<<"$screen" && echo yes)"
}

test_watch() {
    "$bin/relaywatch" -c "$dir/rw.conf" status --watch >"$dir/watch" 2>&1 &
    watch=$!
    becomes 5 grep -q 'RELAY CRITICAL - The smarthost refuses' "$dir/watch"
    kill_hard
    becomes 10 grep -q 'RELAY UNKNOWN' "$dir/watch"
    start
    write_refusals >>"$dir/mail.log"
    becomes 10 eval "(( \$(grep -c 'RELAY CRITICAL' '$dir/watch') >= 2 ))"
    is "status --watch without a terminal: a line a change" yes "$(if (($(wc -l <"$dir/watch") >= 3 && $(wc -l <"$dir/watch") <= 8)); then echo yes; else cat "$dir/watch"; fi)"
    kill -TERM "$watch"
    wait "$watch"
    is "status --watch: ends when told to" 0 $?
    watch=
}

# value NAME TEXT: of "NAME=VALUE ..."
value() {
    sed -n "s/.*$1=\([0-9.]*\).*/\1/p" <<<"$2"
}

# That the slow ones are no burden, not how fast this machine is: what /metrics takes with them and without.
test_slow_clients() {
    local alone among
    alone=$("$support/slow_clients" 127.0.0.1 "$port" 0 3)
    among=$("$support/slow_clients" 127.0.0.1 "$port" 1000 8)
    echo "# /metrics alone: $alone"
    echo "# /metrics among 1,000 slow clients: $among"
    is "/metrics among 1,000 slow clients: all answered" 0 "$(value failed "$among")"
    is "/metrics among 1,000 slow clients: p99 not over 100 ms" yes \
        "$(awk -v a="$(value p99_ms "$alone")" -v b="$(value p99_ms "$among")" 'BEGIN { print b <= 100 + a ? "yes" : b " ms" }')"
}

# The script runs under the page's own policy, and asks again.
test_browser() {
    local dom browser
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
        ok "page in a browser # SKIP there is no chromium here"
        return
    }
    dom=$(timeout 30 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$dir/browser" --virtual-time-budget=5000 --dump-dom "$url/" 2>/dev/null)
    is "page in a browser: live" yes "$(grep -q 'id="word" role="status">Live.<' <<<"$dom" && echo yes)"
    is "page in a browser: script text of a log line did not become a script" 1 "$(grep -c '<script' <<<"$dom")"
}

configure
start
becomes 10 sum_is since=1h deferred 3
test_page
test_names
test_history
test_status
test_watch
test_slow_clients
test_browser
exit $failed
