# Functions that install Debian packages, for the scripts in this folder.

# Installs those of these packages that are missing.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Does the same for brokers. Debian starts a service when it installs it. This prevents it: the harness starts brokers itself, on
# its own ports.
install_brokers() {
    local policy=/usr/sbin/policy-rc.d made= status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" || return
        chmod +x "$policy"
        made=yes
    fi
    install_packages "$@" || status=$?
    [ -z "$made" ] || rm -f "$policy"
    return "$status"
}
