#!/bin/sh
# Copies what the pages load from npm into static/vendor, where it is embedded.
# The versions are those of package-lock.json.
set -eu
cd "$(dirname "$0")"
[ -d node_modules/htmx.org ] || npm ci --no-audit --no-fund --ignore-scripts
mkdir -p static/vendor
cp node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.js
cp node_modules/htmx-ext-sse/dist/sse.min.js static/vendor/sse.js
