-- Version 1. docs/class.md says what the tables are for.

CREATE TABLE about (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE exercise (
    name TEXT PRIMARY KEY NOT NULL,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    max_points INTEGER NOT NULL,
    max_bonus INTEGER NOT NULL,
    -- Seconds since 1970, as all times here.
    deadline INTEGER,
    -- What grades that count were made with.
    checks TEXT,
    compiler TEXT,
    seed INTEGER,
    -- What the gradebook of a learning platform calls it.
    assignment TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE student (
    -- The number, address or name that tells this student from all others.
    key TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    login TEXT NOT NULL,
    in_roster INTEGER NOT NULL,
    -- The row of the roster, as a JSON object.
    roster TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE code (
    digest TEXT PRIMARY KEY NOT NULL,
    -- A JSON list of pairs: the name of a file below src, and what is in it.
    files TEXT NOT NULL,
    -- The same for code that differs in blanks, comments and names only.
    shape TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hand_in (
    student TEXT NOT NULL REFERENCES student,
    exercise TEXT NOT NULL REFERENCES exercise,
    -- Counted from 1; the last one counts.
    attempt INTEGER NOT NULL,
    code TEXT NOT NULL REFERENCES code,
    handed_in INTEGER,
    found TEXT NOT NULL,
    PRIMARY KEY (student, exercise, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE result (
    -- A digest of exercise, code, checks, compiler and seed.
    unit TEXT PRIMARY KEY NOT NULL,
    exercise TEXT NOT NULL REFERENCES exercise,
    code TEXT NOT NULL REFERENCES code,
    checks TEXT NOT NULL,
    compiler TEXT NOT NULL,
    seed INTEGER NOT NULL,
    course_commit TEXT,
    sandbox TEXT NOT NULL,
    status TEXT NOT NULL,
    points INTEGER NOT NULL,
    bonus INTEGER NOT NULL,
    -- The whole report, as JSON.
    report TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE check_result (
    unit TEXT NOT NULL REFERENCES result,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    task TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    points INTEGER NOT NULL,
    max_points INTEGER NOT NULL,
    bonus INTEGER NOT NULL,
    -- The misunderstanding that was recognised, and what the student is told.
    mistake TEXT,
    message TEXT NOT NULL,
    PRIMARY KEY (unit, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE grade (
    student TEXT NOT NULL REFERENCES student,
    exercise TEXT NOT NULL REFERENCES exercise,
    -- complete, incomplete, not_started, does_not_compile; missing: nothing to grade was handed in; not_graded: not yet.
    status TEXT NOT NULL,
    attempt INTEGER,
    unit TEXT REFERENCES result,
    -- All of these are empty where nothing is graded.
    points INTEGER,
    bonus INTEGER,
    days_late INTEGER,
    taken_off REAL,
    -- What counts: points less what is taken off.
    counted REAL,
    PRIMARY KEY (student, exercise)
) STRICT, WITHOUT ROWID;

CREATE TABLE regrade (
    number INTEGER NOT NULL,
    exercise TEXT NOT NULL REFERENCES exercise,
    course_commit TEXT,
    checks_before TEXT NOT NULL,
    checks_after TEXT NOT NULL,
    compiler_before TEXT NOT NULL,
    compiler_after TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    -- open, accepted, discarded
    decision TEXT NOT NULL,
    decided_at INTEGER,
    PRIMARY KEY (number, exercise)
) STRICT, WITHOUT ROWID;

CREATE TABLE regrade_change (
    number INTEGER NOT NULL,
    student TEXT NOT NULL REFERENCES student,
    exercise TEXT NOT NULL REFERENCES exercise,
    check_id TEXT NOT NULL,
    points_before INTEGER NOT NULL,
    points_after INTEGER NOT NULL,
    status_before TEXT NOT NULL,
    status_after TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (number, student, exercise, check_id)
) STRICT, WITHOUT ROWID;

-- How long each unit took: the only table that differs from run to run.
CREATE TABLE duration (
    unit TEXT PRIMARY KEY NOT NULL,
    milliseconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
