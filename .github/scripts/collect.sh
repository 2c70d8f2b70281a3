#!/usr/bin/env bash
# Takes what is graded out of a pull request, and nothing else:
#
#     collect.sh CHECKOUT TO
#
# copies exercises/NN_name/src/**/*.rs, and answers.json beside src, of the commit that is checked out in CHECKOUT into the
# new folder TO. The exercise has to be one of this course, which is the one that the script lies in. Files are read out of
# git's own store, by the type that git has noted down for them. So there is no link to follow, and no attribute of the
# pull request's is obeyed.
set -euo pipefail
checkout=$1
to=$2
course=$(cd "$(dirname "$0")/../.." && pwd)

# The grader allows 64 files of 256 KiB in one exercise; this is about the disk, and about the length of a name in it.
max_bytes=262144
max_files=1000
max_name=200
# A tree of a few kilobytes can list a billion files. So many are looked at, in `src` and in all, and so many are named.
max_in_src=5000
max_entries=200000
max_named=50

entries() {
    git -C "$checkout" ls-tree -r -l -z --full-tree HEAD -- exercises/ |
        head -z -n "$max_entries" |
        LC_ALL=C grep -z -a -P '\texercises/[0-9]{2}_[a-z0-9_]+/(src/|answers\.json$)' |
        head -z -n "$((max_in_src + 1))"
}

seen=0
files=0
left_out=0
mkdir "$to"
mkdir "$to/exercises"
while IFS= read -r -d '' entry; do
    path=${entry#*$'\t'}
    read -r mode _ object bytes <<<"${entry%%$'\t'*}"

    # Names are the pull request's own choice: nothing but harmless characters of them is printed, and not too many.
    leave_out() {
        if ((left_out += 1, left_out <= max_named)); then
            local name=${path:0:max_name}
            echo "left out: ${name//[^A-Za-z0-9_.\/-]/?}: $1"
        fi
    }
    [[ $path =~ ^exercises/([0-9]{2}_[a-z0-9_]+)/(src/|answers\.json$) ]] || continue
    if ((seen += 1, seen > max_in_src || files == max_files)); then
        echo "left out: the rest; $max_files files are enough"
        break
    elif [[ ! -f $course/grader/hidden/${BASH_REMATCH[1]}/probe.rs ]]; then
        leave_out "this course has no such exercise"
    elif [[ $mode != 100644 && $mode != 100755 ]]; then
        leave_out "it is not a regular file"
    elif [[ ! $path =~ ^exercises/[a-z0-9_]+/(answers\.json|src/([A-Za-z0-9_]+/)*[A-Za-z0-9_]+\.rs)$ ]]; then
        leave_out "only .rs files with plain names are graded"
    elif ((${#path} > max_name)); then
        leave_out "its name has more than $max_name characters"
    elif ((bytes > max_bytes)); then
        leave_out "it has more than $max_bytes bytes"
    else
        files=$((files + 1))
        mkdir -p "$to/${path%/*}"
        git -C "$checkout" cat-file blob "$object" >"$to/$path"
    fi
done < <(entries)
if ((left_out > max_named)); then
    echo "left out: $((left_out - max_named)) more files"
fi
