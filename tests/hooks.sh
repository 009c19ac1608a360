#!/usr/bin/env bash
# tests/hooks.sh BINARY: Apprise and slack_sdk, as they are published, and Alertmanager where it is installed, post to a
# running server through an incoming webhook. Downloads both from the Python package index.
set -euo pipefail
# shellcheck source=tests/beside.sh
. "$(dirname "$0")/beside.sh"

if [ -z "${BESEDKA_URL:-}" ]; then
    # The server ends with this script.
    exec "$(dirname "$0")/with-server.sh" "$1" "$0" "$1"
fi

beside "$(mktemp -d)"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apprise slack_sdk

api=$BESEDKA_URL/api/v1
call() { curl -sS --fail-with-body -H 'Content-Type: application/json' -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" "$@"; }
field() { grep -o "\"$1\":\"*[^\",}]*" | head -n 1 | sed 's/^"[a-z_]*":"*//'; }
token=$(call "$api/auth/register" -d '{"username":"ann","password":"password123","display_name":"Ann"}' | field access_token)
chat=$(call "$api/chats" -H "Authorization: Bearer $token" -d '{"title":"Alerts","is_group":true,"member_ids":[]}' | field id)
hook=$(call "$api/chats/$chat/webhooks" -H "Authorization: Bearer $token" -d '{"name":"Monitoring"}' | field url)
host=${BESEDKA_URL#http://}

# What was posted last must contain a text.
expect() {
    local posted
    posted=$(curl -sSf "$api/messages?chat_id=$chat&limit=1" -H "Authorization: Bearer $token")
    case $posted in
        *"$2"*) echo "$1: posted" ;;
        *) echo "$1: $2 is not in $posted" >&2; exit 1 ;;
    esac
}

"$folder/venv/bin/apprise" -t 'Backup' -b 'It is done & verified' "mmost://$host/${hook##*/}"
expect Apprise 'It is done & verified'

"$folder/venv/bin/python" - "$hook" <<'PYTHON'
import sys
from slack_sdk.webhook import WebhookClient
from slack_sdk.models.blocks import HeaderBlock, SectionBlock, DividerBlock

hook = WebhookClient(sys.argv[1])
answer = hook.send(text="fallback", blocks=[
    HeaderBlock(text="Deploy"), DividerBlock(), SectionBlock(text="*api* is live: <https://ci.example.org/7|build 7>")])
assert (answer.status_code, answer.body) == (200, "ok"), (answer.status_code, answer.body)
answer = hook.send(text="")
assert (answer.status_code, answer.body) == (400, "no_text"), (answer.status_code, answer.body)
answer = WebhookClient(sys.argv[1][:-1] + "a" if sys.argv[1][-1] != "a" else sys.argv[1][:-1] + "b").send(text="x")
assert (answer.status_code, answer.body) == (404, "no_service"), (answer.status_code, answer.body)
PYTHON
expect slack_sdk '**api** is live: [build 7](https://ci.example.org/7)'

if command -v alertmanager >/dev/null; then
    port=$(free_port)
    cat >"$folder/alertmanager.yml" <<YAML
route: {receiver: besedka, group_wait: 0s, group_interval: 1s}
receivers: [{name: besedka, slack_configs: [{api_url: "$hook", channel: ignored}]}]
YAML
    alertmanager --config.file="$folder/alertmanager.yml" --storage.path="$folder/alerts" --cluster.listen-address= \
        --web.listen-address="127.0.0.1:$port" >"$folder/alertmanager.log" 2>&1 &
    alertmanager=$!
    alert='[{"labels":{"alertname":"HighLoad","instance":"node1"}}]'
    curl -sSf --retry 20 --retry-connrefused --retry-delay 1 -H 'Content-Type: application/json' -d "$alert" \
        "http://127.0.0.1:$port/api/v2/alerts" >/dev/null
    for _ in $(seq 50); do
        curl -sSf "$api/messages?chat_id=$chat&limit=1" -H "Authorization: Bearer $token" | grep -q HighLoad && break
        sleep 0.2
    done
    kill "$alertmanager"
    expect Alertmanager HighLoad
else
    echo 'Alertmanager: skipped, it is not installed'
fi
