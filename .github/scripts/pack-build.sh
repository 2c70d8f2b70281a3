#!/usr/bin/env bash
# Packs what cargo has built for the grader and for the crates that submissions use, for fetch-build.sh:
#
#     pack-build.sh ARCHIVE
set -euo pipefail
archive=$(realpath -m "$1")
cd "$(dirname "$0")/../.."
# Grading every solution builds the crates that only some exercises use.
target/debug/grader check all --solution
tar --create --file "$archive" --exclude=incremental target/debug
