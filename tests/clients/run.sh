#!/usr/bin/env bash
# Tests `mqtt-check broker` with the clients of other projects, over every transport that they support. Each of them
# checks QoS 2, retained messages, a Will, a resumed session, and in version 5 properties.
#
#   tests/clients/run.sh PROGRAM [mosquitto] [paho] [mqttjs]      all of them if none is named
#
# Needs mosquitto_pub and mosquitto_sub, python3 with venv, node with npm, and openssl; the libraries are installed into a
# temporary folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- mosquitto paho mqttjs

folder=$(mktemp -d)
broker=
finish() {
    [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
    [ -z "$broker" ] || wait "$broker" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

certificates() (
    cd "$folder"
    new_key='-newkey rsa:2048 -nodes'
    openssl req -x509 $new_key -keyout ca.key -out ca.pem -days 2 -subj '/CN=mqtt-check test authority' 2>/dev/null
    openssl req $new_key -keyout server.key -out server.csr -subj '/CN=localhost' 2>/dev/null
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n' >server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext \
        -out server.pem 2>/dev/null
)

# Starts the broker on free ports, and sets $urls to the URLs that it prints.
serve() {
    "$program" broker --cert "$folder/server.pem" --key "$folder/server.key" --listen 127.0.0.1:0 \
        --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 2>"$folder/broker.log" &
    broker=$!
    for _ in $(seq 100); do
        urls=$(sed -n 's/^listening on //p' "$folder/broker.log")
        [ "$(printf '%s\n' "$urls" | wc -l)" -lt 4 ] || return 0
        kill -0 "$broker" 2>/dev/null || break
        sleep 0.1
    done
    echo 'the broker does not start:' >&2
    cat "$folder/broker.log" >&2
    return 1
}

install() {
    case $1 in
    paho)
        python3 -m venv "$folder/venv"
        "$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'paho-mqtt>=2,<3'
        ;;
    mqttjs)
        # A module finds the packages that are installed next to it.
        mkdir "$folder/node"
        cp "$here/mqttjs.mjs" "$folder/node/"
        npm install --prefix "$folder/node" --silent --no-audit --no-fund --no-save 'mqtt@5'
        ;;
    esac
}

play() {
    case $1 in
    mosquitto) bash "$here/mosquitto.sh" "$2" "$folder/ca.pem" ;;
    paho) "$folder/venv/bin/python" "$here/paho_client.py" "$2" "$folder/ca.pem" ;;
    mqttjs) node "$folder/node/mqttjs.mjs" "$2" "$folder/ca.pem" ;;
    esac
}

speaks() {
    case $1,$2 in
    mosquitto,ws*) return 1 ;; # Debian's has no WebSockets.
    esac
}

certificates
serve
for client in "$@"; do
    began=$SECONDS
    install "$client"
    for url in $urls; do
        ! speaks "$client" "$url" || play "$client" "$url"
    done
    printf '%s: %d s\n' "$client" "$((SECONDS - began))"
done
kill -0 "$broker" || { echo 'the broker has ended' >&2 && exit 1; }
