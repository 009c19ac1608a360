#!/usr/bin/env bash
# tests/garage.sh GARAGE COMMAND...: runs the command beside a fresh Garage with one bucket, which pages may use as the
# README says. BESEDKA_TEST_BUCKET says where it is, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY who may.
set -euo pipefail
# shellcheck source=tests/beside.sh
. "$(dirname "$0")/beside.sh"

garage=$(realpath "$1")
shift
beside "$(mktemp -d)"
api=127.0.0.1:$(free_port)
# Those of the buckets in tests/suite.
export AWS_ACCESS_KEY_ID=GK0123456789abcdef01234567
export AWS_SECRET_ACCESS_KEY=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

cat >"$folder/garage.toml" <<END
metadata_dir = "$folder/meta"
data_dir = "$folder/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:$(free_port)"
rpc_secret = "$(openssl rand -hex 32)"
[s3_api]
s3_region = "garage"
api_bind_addr = "$api"
END
GARAGE_DEFAULT_ACCESS_KEY=$AWS_ACCESS_KEY_ID GARAGE_DEFAULT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY GARAGE_DEFAULT_BUCKET=files \
    "$garage" -c "$folder/garage.toml" server --single-node --default-bucket >"$folder/log" 2>&1 </dev/null &
server=$!

# The server's port is not known yet: all pages may.
rules='<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>'
rules+='<AllowedMethod>HEAD</AllowedMethod><AllowedMethod>POST</AllowedMethod><AllowedHeader>*</AllowedHeader>'
rules+='<ExposeHeader>Content-Range</ExposeHeader></CORSRule></CORSConfiguration>'
sum=$(printf %s "$rules" | sha256sum | cut -d ' ' -f 1)
set_rules() {
    curl -fsS --aws-sigv4 aws:amz:garage:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        -H "x-amz-content-sha256: $sum" -X PUT --data-binary "$rules" "http://$api/files?cors=" 2>"$folder/asked"
}
for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || { echo 'Garage did not start' >&2; exit 1; }
    set_rules && break
    sleep 0.1
done
set_rules || { cat "$folder/asked" >&2; exit 1; }
BESEDKA_TEST_BUCKET="s3://files?endpoint=http://$api&region=garage" "$@"
