# shellcheck shell=bash
# For scripts that run a command beside a server of their own: what begins, and what ends whatever the command does.

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# beside FOLDER: the script starts `server`, which writes $folder/log. They go with the script.
beside() {
    folder=$1
    server=
    trap stop EXIT
    trap 'exit 130' INT TERM
}

stop() {
    local status=$?
    trap - EXIT
    if [ "$status" != 0 ] && [ -e "$folder/log" ]; then
        echo "--- the server's last words" >&2
        tail -n 40 "$folder/log" >&2
    fi
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        for _ in $(seq 200); do
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
    exit "$status"
}
