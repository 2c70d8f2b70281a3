# From the reports of `grader ci` to the comment on a pull request, if they are reports that the grader can have written.
# Whoever forges them gets numbers and letters into the comment, and no formatting, link, mention or picture.

def must(holds; $what): if holds then . else error($what) end;
# The grader cuts every text of a report after so many characters: MAX_TEXT_CHARS in grader/report/src/lib.rs.
def text: type == "string" and length <= 20000;
def text_or_null: . == null or text;
def count($most): type == "number" and . == floor and . >= 0 and . <= $most;
def one_of($values): . as $value | type == "string" and ($values | any(. == $value));
def has_just($known): type == "object" and (keys - $known == []) and ($known - keys == []);
def name: type == "string" and length <= 60 and test("\\A[0-9]{2}_[a-z0-9_]+\\z");
def list_of($most; holds): type == "array" and length <= $most and all(.[]; holds);

def is_check:
    has_just(["after", "bonus", "diff", "duration_ms", "expected", "file", "hint", "id", "input", "line", "max_points",
        "message", "mistake", "observed", "output", "points", "status", "task", "title"])
    and (.after | list_of(50; text))
    and (.bonus | type == "boolean")
    and ([.id, .task, .title, .message, .output] | all(text))
    and ([.diff, .expected, .input, .observed, .file, .hint, .mistake] | all(text_or_null))
    and (.line | . == null or count(100000000))
    and (.duration_ms | count(100000000))
    and (.max_points | count(1000))
    and (.status | one_of(["passed", "failed", "not_started", "skipped", "crashed", "timed_out"]))
    and .points == (if .status == "passed" then .max_points else 0 end);

def is_diagnostic:
    has_just(["code", "column", "file", "label", "level", "line", "message", "rendered"])
    and ([.level, .message, .label, .rendered] | all(text))
    and ([.code, .file] | all(text_or_null))
    and ([.line, .column] | all(. == null or count(100000000)));

# The points of the checks that are a bonus, or of those that are not.
def points($bonus; points): [.checks[] | select(.bonus == $bonus) | points] | add // 0;

def is_report:
    has_just(["bonus_score", "checks", "checks_digest", "course", "course_commit", "diagnostics", "duration_ms", "exercise",
        "grader_version", "max_bonus", "max_score", "output", "rustc_version", "sandbox", "schema_version", "score", "seed",
        "source_digest", "status", "unchanged"])
    and .schema_version == 1
    and (.exercise | name)
    and ([.checks_digest, .course, .grader_version, .rustc_version, .sandbox, .source_digest] | all(text))
    and (.course_commit | text_or_null)
    # What all checks together have printed.
    and (.output | type == "string")
    and (.unchanged | type == "boolean")
    and (.seed | count(18446744073709551615))
    and (.duration_ms | count(100000000))
    and (.status | one_of(["complete", "incomplete", "not_started", "does_not_compile"]))
    and (.checks | list_of(500; is_check))
    and (.diagnostics | list_of(2000; is_diagnostic))
    and .score == points(false; .points)
    and .max_score == points(false; .max_points)
    and .bonus_score == points(true; .points)
    and .max_bonus == points(true; .max_points)
    and .max_score > 0
    and ((.status == "complete") == (.score == .max_score));

def is_grade:
    has_just(["exercises", "max_score", "schema_version", "score"])
    and .schema_version == 1
    and (.exercises | list_of(200; is_report))
    and ([.exercises[].exercise] | length == (unique | length))
    and .score == ([.exercises[].score] | add // 0)
    and .max_score == ([.exercises[].max_score] | add // 0);

# At most so many characters, on one line: letters, digits and blanks as they are, what is not seen or turns the direction
# of writing left out, but for what emoji and some scripts are joined with, and every other character by its number. In
# <code>, GitHub looks for no names and links.
def shown($most):
    (if length > $most then .[:$most - 1] + "…" else . end)
    | gsub("(?![\\x{200c}\\x{200d}\\x{fe0e}\\x{fe0f}])[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]"; " ")
    | [
        explode[]
        | if (. >= 48 and . <= 57) or (. >= 65 and . <= 90) or (. >= 97 and . <= 122) or . == 32 then [.] | implode
          else "&#\(.);" end
    ] | "<code>\(join(""))</code>";

def mark: { complete: "✅ complete", incomplete: "✏️ not complete", not_started: "⬜ not started", does_not_compile: "❌ does not compile" }[.];

# What is said of an exercise: the compiler's first errors, or the first checks that are not passed.
def remarks:
    if .status == "does_not_compile" then
        [.diagnostics[] | select(.level == "error")
            | "\(if .file and .line then "line \(.line): " else "" end)\(.message | shown(200))"]
    else
        [.checks[] | select(.status | one_of(["failed", "crashed", "timed_out"])) | "\(.title | shown(100)): \(.message | shown(200))"]
    end
    | .[:3][] | "- \(.)";

# The first texts of a list, as many as have so many characters together. GitHub takes no comment of more than 65,536.
def beginning($most): reduce .[] as $text ([]; if ([.[], $text] | map(length) | add) <= $most then . + [$text] else . end);

must(is_grade; "the report does not hold to the schema")
| "### \(.score) of \(.max_score) points",
  "",
  (if .exercises == [] then "No exercise is started, so nothing was graded."
   else
       "| exercise | points | |", "|---|---:|---|",
       (.exercises[] | "| `\(.exercise)` | \(.score)/\(.max_score)\(if .bonus_score > 0 then " +\(.bonus_score)" else "" end) | \(.status | mark) |"),
       ([.exercises[] | [remarks] as $remarks | select($remarks != []) | "\n`\(.exercise)`\n\n\($remarks | join("\n"))"] | beginning(40000)[]),
       "",
       (.exercises[0].seed | "The inputs were drawn with the seed \(.); `cargo run -p grader -- check` draws them again with `--seed \(.)`.")
   end)
