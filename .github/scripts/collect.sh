#!/usr/bin/env bash
# Takes what is graded out of a pull request, and nothing else:
#
#     collect.sh CHECKOUT TO
#
# copies exercises/NN_name/src/**/*.rs of the commit that is checked out in CHECKOUT into the new folder TO. The exercise
# has to be one of this course, which is the one that the script lies in. Files are read out of git's own store, by the
# type that git has noted down for them. So there is no link to follow, and no attribute of the pull request's is obeyed.
set -euo pipefail
checkout=$1
to=$2
course=$(cd "$(dirname "$0")/../.." && pwd)

# The grader allows 64 files of 256 KiB in one exercise; this is about the disk.
max_bytes=262144
max_files=1000

files=0
mkdir "$to"
mkdir "$to/exercises"
while IFS= read -r -d '' entry; do
    path=${entry#*$'\t'}
    read -r mode _ object bytes <<<"${entry%%$'\t'*}"

    # Names are the pull request's own choice: nothing but harmless characters of them is printed.
    leave_out() { echo "left out: ${path//[^A-Za-z0-9_.\/-]/?}: $1"; }
    [[ $path =~ ^exercises/([0-9]{2}_[a-z0-9_]+)/src/ ]] || continue
    if [[ ! -f $course/grader/hidden/${BASH_REMATCH[1]}/probe.rs ]]; then
        leave_out "this course has no such exercise"
    elif [[ $mode != 100644 && $mode != 100755 ]]; then
        leave_out "it is not a regular file"
    elif [[ ! $path =~ ^exercises/[a-z0-9_]+/src/([A-Za-z0-9_]+/)*[A-Za-z0-9_]+\.rs$ ]]; then
        leave_out "only .rs files with plain names are graded"
    elif ((bytes > max_bytes)); then
        leave_out "it has more than $max_bytes bytes"
    elif ((files += 1, files > max_files)); then
        echo "left out: the rest; $max_files files are enough"
        break
    else
        mkdir -p "$to/${path%/*}"
        git -C "$checkout" cat-file blob "$object" >"$to/$path"
    fi
done < <(git -C "$checkout" ls-tree -r -l -z --full-tree HEAD -- exercises/)
