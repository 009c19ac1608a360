#!/usr/bin/env bash
# tests/clients.sh: generates clients from all documents in openapi/, and uses those of v1 against the server that
# BESEDKA_URL names. Generators come from the package registries: this is no part of CI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${BESEDKA_CLIENTS:-$root/target/clients}
documents=(v1 kyte mimu unet desktop)
mkdir -p "$work"
cd "$work"

python() {
    [ -x venv/bin/openapi-python-client ] || {
        python3 -m venv venv
        venv/bin/pip install --quiet openapi-python-client==0.29.1
    }
    export PATH=$work/venv/bin:$PATH
    for name in "${documents[@]}"; do
        printf 'package_name_override: besedka_%s\nproject_name_override: besedka-%s\n' "$name" "$name" >"python-$name.yaml"
        openapi-python-client generate --path "$root/openapi/$name.yaml" --output-path "python-$name" \
            --config "python-$name.yaml" --overwrite >"python-$name.log" 2>&1 || { cat "python-$name.log"; exit 1; }
        # S3 answers a form in XML if asked to, and this generator knows no XML.
        warnings=$(grep -c '^WARNING' "python-$name.log" || true)
        expected=0
        [ "$name" != v1 ] || expected=1
        [ "$warnings" = "$expected" ] || { cat "python-$name.log"; exit 1; }
        operations=$(grep -c 'operationId:' "$root/openapi/$name.yaml")
        functions=$(find "python-$name" -path '*/api/*' -name '*.py' ! -name '__init__.py' | wc -l)
        [ "$operations" = "$functions" ] ||
            { echo "openapi-python-client: $functions functions for $operations operations of $name" >&2; exit 1; }
    done
    PYTHONPATH=$work/python-v1 venv/bin/python "$root/tests/clients/python/try_v1.py"
}

typescript() {
    mkdir -p typescript
    cp "$root"/tests/clients/typescript/* typescript/
    (
        cd typescript
        [ -d node_modules ] || npm install --silent --no-audit --no-fund --ignore-scripts
        for name in "${documents[@]}"; do
            for version in '' -3.1; do
                npx openapi-typescript "$root/openapi/$name$version.yaml" -o "$name$version.ts" \
                    --default-non-nullable=false >"$name.log" 2>&1 ||
                    { cat "$name.log"; exit 1; }
                ! grep -qi warn "$name.log" || { cat "$name.log"; exit 1; }
            done
        done
        npx tsc --noEmit
        npx esbuild try_v1.ts --bundle --platform=node --format=esm --outfile=try_v1.mjs --log-level=warning
        node try_v1.mjs
    )
}

# Progenitor knows no forms and one type of success for each operation: build.rs says what is left out for it.
rust() {
    mkdir -p rust
    cp -r "$root"/tests/clients/rust/. rust/
    BESEDKA_DOCUMENT=$root/openapi/v1.yaml cargo run --quiet --manifest-path rust/Cargo.toml --target-dir rust/target
}

python
typescript
rust
