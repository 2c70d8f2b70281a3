#!/usr/bin/env bash
# Writes the grade of a pull request below it, in one comment that is replaced by every run.
#
# Whatever comes from the run that graded is a stranger's word. A pull request brings its own copy of the workflows, and
# the one that it has edited says what it likes. So
# - the number of the pull request comes from GitHub: it is the open one whose newest commit this run is about;
# - a report counts only if `.github` is, in the whole of the pull request, what it is where its branch began;
# - the report has to be one that the grader could have written (comment.jq), and nothing of it is put into the comment
#   but numbers, and text in which every character that means something is written by its number.
set -euo pipefail
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

# A report has no more: 200 checks, each with four texts of 20,000 characters, each of 4 bytes.
max_bytes=64000000

repository=$GITHUB_REPOSITORY
event() { jq -r "$1" "$GITHUB_EVENT_PATH"; }
head=$(event .workflow_run.head_sha)
run=$(event .workflow_run.id)
branch=$(event .repository.default_branch)

number=$(
    gh api --method GET "repos/$repository/pulls" -f state=open -f per_page=100 \
        -f "base=$branch" -f "head=$(event '"\(.workflow_run.head_repository.owner.login):\(.workflow_run.head_branch)"')" |
        jq -r --arg head "$head" '[.[] | select(.head.sha == $head) | .number] | first // empty'
)
if [[ -z $number ]]; then
    echo "No open pull request to $branch ends in the commit $head: there is nothing to comment on."
    exit
fi

# The files of .github at a commit, as git's own digest of them.
workflows() { gh api "repos/$repository/git/trees/$1" | jq -r '.tree[] | select(.path == ".github") | .sha'; }

# Prints why the report of this run does not count, or nothing after writing it to report.json.
refusal() {
    local began artefact size
    if [[ $(event '.workflow_run.path | sub("@.*"; "")') != .github/workflows/grade.yml ]]; then
        echo "The report comes from a workflow that is not the one that grades."
        return
    fi
    began=$(gh api "repos/$repository/compare/$branch...$head?per_page=1" | jq -r .merge_base_commit.sha)
    if [[ $(workflows "$began") != "$(workflows "$head")" ]]; then
        echo "This pull request changes <code>.github</code>, so its grade says nothing. Take these changes out of it," \
            "or ask a teacher."
        return
    fi
    read -r artefact size < <(
        gh api "repos/$repository/actions/runs/$run/artifacts?name=grade&per_page=100" |
            jq -r '[.artifacts[] | select(.name == "grade" and (.expired | not))] | if length == 1 then first | "\(.id) \(.size_in_bytes)" else "0 0" end'
    )
    if ((artefact == 0)); then
        echo "Nothing could be graded; the run says why."
        return
    fi
    if ((size > max_bytes)); then
        echo "The report is too large to be one of the grader's."
        return
    fi
    gh api "repos/$repository/actions/artifacts/$artefact/zip" >"$folder/grade.zip"
    # Not more than the grader would write, whatever it unpacks to.
    if ! unzip -p "$folder/grade.zip" report.json 2>/dev/null | head -c $((max_bytes + 1)) >"$folder/report.json" ||
        (($(wc -c <"$folder/report.json") > max_bytes)) ||
        ! jq -e -s 'length == 1 and (.[0] | type == "object")' "$folder/report.json" >/dev/null 2>&1 ||
        ! jq -r -f "$here/comment.jq" "$folder/report.json" >"$folder/grade.md" 2>"$folder/problem"; then
        echo "The report is not one that the grader writes."
    fi
}

marker="<!-- the grade -->"
refused=$(refusal)
{
    echo "$marker"
    if [[ -n $refused ]]; then
        printf '### Not graded\n\n%s\n' "$refused"
        echo "refused: $refused" >&2
        head -c 300 "$folder/problem" 2>/dev/null | tr -c '[:alnum:] .,_\n' '?' >&2 || true
    else
        cat "$folder/grade.md"
    fi
    printf '\n<sub>Commit %s, [this run](%s/%s/actions/runs/%s).</sub>\n' "$head" "$GITHUB_SERVER_URL" "$repository" "$run"
} >"$folder/comment.md"
jq -n --rawfile body "$folder/comment.md" '{body: $body}' >"$folder/body.json"

comment=$(
    gh api --paginate "repos/$repository/issues/$number/comments?per_page=100" | jq -r --arg marker "$marker" '
        .[] | select(.user.login == "github-actions[bot]" and (.body | startswith($marker))) | .id' | head -n 1
)
if [[ -n $comment ]]; then
    gh api --method PATCH "repos/$repository/issues/comments/$comment" --input "$folder/body.json" >/dev/null
else
    gh api --method POST "repos/$repository/issues/$number/comments" --input "$folder/body.json" >/dev/null
fi
