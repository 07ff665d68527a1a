#!/usr/bin/env bash
# Tests a broker with mosquitto_pub and mosquitto_sub: mosquitto.sh URL CA_FILE. Stops with an error at the first wrong
# result.
set -euo pipefail
url=$1
ca_file=$2
scheme=${url%%:*}
address=${url#*://}
address=${address%%/*}
common=(-h "${address%:*}" -p "${address##*:}")
[ "$scheme" != mqtts ] || common+=(--cafile "$ca_file")
format='%t %q %r %p'
folder=$(mktemp -d)
started=()
finish() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT

is() {
    [ "$2" = "$3" ] || {
        printf '%s over %s by %s:\nexpected: %s\n     got: %s\n' "$1" "$scheme" "$version" "$2" "$3" >&2
        exit 1
    }
}

pub() {
    mosquitto_pub "${common[@]}" -V "$version" "$@"
}

# Waits for COUNT messages, and prints topic, QoS, RETAIN and payload of each.
sub() {
    local count=$1
    shift
    timeout 20 mosquitto_sub "${common[@]}" -V "$version" -C "$count" -W 10 -F "$format" "$@"
}

# Starts a subscriber in the background and waits for its SUBACK. Its output goes into the file.
background() {
    local file=$1
    shift
    : >"$file"
    stdbuf -oL mosquitto_sub "${common[@]}" -V "$version" -d -F "got $format" "$@" >"$file" 2>&1 &
    pid=$!
    started+=("$pid")
    # The shell must not report that it was killed.
    disown "$pid"
    for _ in $(seq 100); do
        ! grep -q '^Subscribed' "$file" || return 0
        sleep 0.1
    done
    echo 'no SUBACK received' >&2
    return 1
}

# Waits until the file has this many messages, and prints their number.
got() {
    for _ in $(seq 100); do
        [ "$(grep -c '^got' "$1")" -lt "$2" ] || break
        sleep 0.1
    done
    sed -n 's/^got //p' "$1"
}

keep() {
    case $version in
    mqttv5) echo -c -x 300 ;;
    *) echo -c ;;
    esac
}

for version in mqttv311 mqttv5; do
    root=mosquitto-$scheme-$version

    background "$folder/qos2" -q 2 -t "$root/data"
    reader=$pid
    pub -q 2 -t "$root/data" -m 'exactly once'
    is 'QoS 2' "$root/data 2 0 exactly once" "$(got "$folder/qos2" 1)"
    kill "$reader"

    pub -q 1 -r -t "$root/kept" -m kept
    is 'retained' "$root/kept 1 1 kept" "$(sub 1 -q 1 -t "$root/+")"
    pub -q 1 -r -t "$root/kept" -n
    is 'cleared' '' "$(sub 1 -q 1 -W 1 -t "$root/kept" 2>/dev/null || true)"

    background "$folder/watcher" -q 1 -t "$root/will"
    watcher=$pid
    background "$folder/willing" -t "$root/none" --will-topic "$root/will" --will-payload gone --will-qos 1
    kill -KILL "$pid"
    is 'Will' "$root/will 1 0 gone" "$(got "$folder/watcher" 1)"
    kill "$watcher"

    # shellcheck disable=SC2046
    background "$folder/away" -i "$root" -q 2 -t "$root/later" $(keep)
    kill -KILL "$pid"
    for number in 1 2 3; do
        pub -q 2 -t "$root/later" -m "$number"
    done
    # shellcheck disable=SC2046
    is 'session' "$(printf "$root/later 2 0 %s\n" 1 2 3)" "$(sub 3 -i "$root" -q 2 -t "$root/none" $(keep))"
done

version=mqttv5
root=mosquitto-$scheme-properties
format='%p|%P|%C|%R|%D'
background "$folder/properties" -q 1 -t "$root"
pub -q 1 -t "$root" -m told -D publish user-property first 1 -D publish user-property second 2 \
    -D publish content-type text/plain -D publish response-topic "$root/answer" -D publish correlation-data 42 \
    -D publish message-expiry-interval 60
is 'properties' "told|first:1 second:2|text/plain|$root/answer|42" "$(got "$folder/properties" 1)"
echo "mosquitto_pub and mosquitto_sub over $scheme: 3.1.1 and 5 are as they should be"
