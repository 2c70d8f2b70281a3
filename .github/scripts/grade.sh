#!/usr/bin/env bash
# Grades what collect.sh has put into a folder, with the course that the script lies in:
#
#     grade.sh SUBMITTED REPORT [--require 3,4] [--min-score 40] …
#
# The reports go to the file REPORT as JSON, the summary and the annotations to where GitHub reads them. The exit code is
# 0 if everything that is asked for is reached, 1 if not, 3 if nothing could be graded.
set -euo pipefail
submitted=$(realpath "$1")
report=$(realpath -m "$2")
shift 2
cd "$(dirname "$0")/../.."
grader=${GRADER:-${CARGO_TARGET_DIR:-target}/debug/grader}
exec "$grader" ci --source "$submitted" --sandbox require --output "$report" "$@"
