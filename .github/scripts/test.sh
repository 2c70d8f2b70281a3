#!/usr/bin/env bash
# All that has to be green on Linux, and the tests elsewhere.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [[ $RUNNER_OS == Linux ]]; then
    .ci/run
else
    cargo test --locked
fi
