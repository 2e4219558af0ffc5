# shellcheck shell=bash
# The system users, one a program; none can log in, none owns the others' files.

users_create() {
    local user shell=/usr/sbin/nologin
    [[ -x $shell ]] || shell=/sbin/nologin
    for user in relaywatch relaywatch-milter relaywatch-notify relaywatch-probe; do
        getent passwd "$user" >/dev/null && continue
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell "$shell" "$user" ||
            fail "useradd $user failed" "look at the line above; is /etc writable?"
        say "    created user $user"
    done
}
