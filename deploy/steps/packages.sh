# shellcheck shell=bash disable=SC2034 # the lists are read by their names put together
# Installs what is missing, with apt or dnf, and starts no service. What is there already is left alone.

# What each distribution calls the parts.
DEBIAN_BUILD=(gcc libc6-dev cmake ninja-build pkg-config libmilter-dev libevent-dev libssl-dev libsasl2-dev
    libhiredis-dev libcurl4-openssl-dev libjansson-dev libinih-dev libyaml-dev
    libsystemd-dev zlib1g-dev)
DEBIAN_RUN=(postfix sasl2-bin libsasl2-modules libsasl2-modules-db redis-server redis-tools ca-certificates
    openssl passwd util-linux)
DEBIAN_TEST=(systemd-journal-remote libcriterion-dev strace curl procps iproute2 perl python3
    python3-yaml python3-prometheus-client prometheus prometheus-alertmanager nftables iptables)
ROCKY_BUILD=(gcc make cmake pkgconf-pkg-config sendmail-milter-devel libevent-devel openssl-devel
    cyrus-sasl-devel hiredis-devel libcurl-devel jansson-devel inih-devel libyaml-devel
    systemd-devel zlib-devel)
ROCKY_RUN=(postfix cyrus-sasl cyrus-sasl-lib cyrus-sasl-plain redis ca-certificates openssl shadow-utils
    util-linux)
ROCKY_TEST=(systemd-journal-remote criterion-devel strace curl procps-ng iproute perl python3
    python3-pyyaml libasan libubsan libtsan nftables iptables-nft)

POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='written by relaywatch deploy: removed when the packages are in'

# packages_family: "debian" or "rocky", by the package manager that is there.
packages_family() {
    if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        echo debian
    elif command -v dnf >/dev/null && command -v rpm >/dev/null; then
        echo rocky
    else
        fail "neither apt-get nor dnf is here" "use Debian 11, 12 or 13, Ubuntu 20.04 or later, or Rocky Linux 8 or 9"
    fi
}

# packages_check_mta: another mail server would be removed to make room for Postfix: that is not ours to decide.
packages_check_mta() {
    local other
    other=$(packages_other_mta)
    [[ -z $other ]] && return
    fail "another mail server is installed: $other; nothing was changed" \
        "remove it if nothing needs it, or use another machine; then run this again"
}

packages_other_mta() {
    if [[ $(packages_family) == debian ]]; then
        # shellcheck disable=SC2016 # the fields are dpkg-query's
        dpkg-query -W -f='${db:Status-Status} ${Package} ${Provides}\n' |
            sed -n '/^installed .*mail-transport-agent/ { s/^installed \([^ ]*\).*/\1/; /^postfix$/ d; p; }'
    else
        rpm -q --qf '%{NAME}\n' sendmail exim opensmtpd ssmtp msmtp 2>/dev/null | grep -v ' ' || true
    fi
}

# packages_install LOG build|run|test...: makes sure that these groups are installed.
packages_install() {
    local log=$1 family group missing wanted=()
    shift
    family=$(packages_family)
    for group in "$@"; do
        local -n list="${family^^}_${group^^}"
        wanted+=("${list[@]}")
    done
    missing=$("packages_missing_$family" "${wanted[@]}")
    if [[ -z $missing ]]; then
        say "    all packages are here"
        return
    fi
    # shellcheck disable=SC2086 # a list of names
    say "    installing" $missing
    # shellcheck disable=SC2086
    "packages_install_$family" "$log" $missing
}

# packages_wish LOG NAME...: installs those that the distribution has. What wants another one says that it is left out.
packages_wish() {
    local log=$1 family name wanted=()
    shift
    family=$(packages_family)
    for name in $("packages_missing_$family" "$@"); do
        if "packages_known_$family" "$name"; then
            wanted+=("$name")
        else
            say "    there is no package $name here"
        fi
    done
    [[ ${#wanted[@]} == 0 ]] || "packages_install_$family" "$log" "${wanted[@]}"
}

packages_known_debian() {
    [[ -n $(apt-cache madison "$1" 2>/dev/null) ]] && return
    apt-get update -q >/dev/null 2>&1 && [[ -n $(apt-cache madison "$1") ]]
}

packages_known_rocky() {
    dnf -q info "$1" >/dev/null 2>&1
}

packages_missing_debian() {
    local name status
    for name in "$@"; do
        # shellcheck disable=SC2016
        status=$(dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null || true)
        [[ $status == *installed* && $status != *not-installed* ]] || printf '%s ' "$name"
    done
}

packages_missing_rocky() {
    local name
    for name in "$@"; do
        rpm -q --whatprovides "$name" >/dev/null 2>&1 || printf '%s ' "$name"
    done
}

packages_install_debian() {
    local log=$1 options
    shift
    options=(-y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold)
    export DEBIAN_FRONTEND=noninteractive
    policy_forbid_start
    logged "$log" "is the network up, and are /etc/apt/sources.list and the resolver right? Try: apt-get update" \
        apt-get "${options[@]}" update
    if [[ " $* " == *" postfix "* ]]; then
        echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections 2>>"$log"
    fi
    logged "$log" "try: apt-get -f install; then run this again" \
        apt-get "${options[@]}" install --no-install-recommends "$@"
    policy_restore
    services_stay_off "$@"
}

# Names as in Rocky 8 and 9; hiredis, inih and criterion come from EPEL, the -devel packages from CRB
# (called powertools on 8).
packages_install_rocky() {
    local log=$1
    shift
    rpm -q epel-release >/dev/null 2>&1 ||
        logged "$log" "is the network up? Try: dnf makecache" dnf -y install epel-release
    logged "$log" "is the network up? Try: dnf makecache; dnf repolist --all" \
        dnf -y --setopt=install_weak_deps=False --enablerepo='crb,powertools' \
        --setopt='*.skip_if_unavailable=True' install "$@"
    services_stay_off "$@"
}

# Package scripts ask policy-rc.d before they start a service: 101 means no. A file that the host has is left alone.
policy_forbid_start() {
    [[ -e $POLICY ]] && ! grep -qs "$POLICY_MARK" "$POLICY" && return
    printf '#!/bin/sh\n# %s\nexit 101\n' "$POLICY_MARK" >"$POLICY"
    chmod 0755 "$POLICY"
}

policy_restore() {
    if grep -qs "$POLICY_MARK" "$POLICY"; then
        rm -f "$POLICY"
    fi
}

# What we brought in only to run it privately must not come up at the next boot either.
services_stay_off() {
    local service
    [[ -d /run/systemd/system ]] || return 0
    for service in redis-server redis prometheus prometheus-alertmanager; do
        if [[ " $* " == *" $service "* ]]; then
            systemctl disable --quiet "$service.service" 2>/dev/null || true
        fi
    done
}
