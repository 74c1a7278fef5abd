#!/usr/bin/env bash
# run.sh [TEST…]: the page in a real Chromium, against a real agent, real traffic and a real store. Prints "ok - …" or "not ok - …" per
# test, and what was measured. Needs root, artifacts/caretta, chromium and victoria-metrics. Screenshots stay in artifacts/page-shots.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

[[ node_modules/.done -nt package-lock.json ]] || {
    npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2
    touch node_modules/.done
}
[[ $# -gt 0 ]] || set -- real map size hostile axe readme
rm -rf ../../artifacts/page-shots
# One at a time: figures of frames are worth nothing beside another browser.
node --test --test-concurrency=1 --test-reporter=./support/reporter.mjs --test-reporter-destination=stdout "${@/%/.test.mjs}"
