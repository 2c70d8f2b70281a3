#!/usr/bin/env bash
# Builds the grader of the course that the script lies in.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked -p grader
