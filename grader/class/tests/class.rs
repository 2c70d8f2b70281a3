//! A class from what was handed in to grades: found or asked about, graded once, shown.

mod common;

use std::fs;

use common::{ANAGRAMS, BROKEN, Class, NO_CENTURIES, ONLY_FOURS, RIGHT, git, leap_years, zip};

const GRADES: &str = "SELECT student, exercise, status, points FROM grade ORDER BY student, exercise";

#[test]
fn all_shapes_of_submissions_are_found_and_what_is_unclear_is_asked_about() {
    let class = Class::new();
    class.hand_in("jane/exercises/01_leap_years/src/lib.rs", &leap_years(RIGHT));
    class.hand_in("jane/exercises/02_anagrams/src/lib.rs", ANAGRAMS);
    zip(&class.path("submissions/joe.zip"), &[("code/01_leap_years/src/lib.rs", &leap_years(ONLY_FOURS))]);
    class.hand_in("Max Muster_77_assignsubmission_file_/leap_years.rs", &leap_years(NO_CENTURIES));
    class.hand_in("doejane_LATE_12345_67890_01_leap_years-1.rs", &leap_years(BROKEN));
    // A tarball, a repository, a bare one and a bundle.
    let work = class.path("work");
    class.write("work/01_leap_years/src/lib.rs", &leap_years(RIGHT));
    git(&work, &["init", "--quiet"]);
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "--message", "Leap years"]);
    let submissions = class.path("submissions");
    let to = |name: &str| submissions.join(name).to_str().unwrap().to_owned();
    git(&work, &["archive", "--output", &to("tara.tar.gz"), "HEAD"]);
    git(&work, &["clone", "--quiet", ".", &to("clone")]);
    git(&work, &["clone", "--quiet", "--bare", ".", &to("bare.git")]);
    git(&work, &["bundle", "create", "--quiet", &to("bundled.bundle"), "HEAD"]);
    // One with longer digests, and one whose objects are gone.
    let long = class.path("long");
    class.write("long/01_leap_years/src/lib.rs", &leap_years(RIGHT));
    git(&long, &["init", "--quiet", "--object-format=sha256"]);
    git(&long, &["add", "."]);
    git(&long, &["commit", "--quiet", "--message", "Leap years"]);
    git(&long, &["clone", "--quiet", "--bare", ".", &to("long.git")]);
    git(&work, &["clone", "--quiet", "--bare", ".", &to("hollow.git")]);
    fs::remove_dir_all(submissions.join("hollow.git/objects")).unwrap();
    fs::create_dir(submissions.join("hollow.git/objects")).unwrap();
    // What cannot be clear.
    class.hand_in("nameless/lib.rs", &leap_years(RIGHT));
    class.hand_in("twice/a/01_leap_years/src/lib.rs", &leap_years(RIGHT));
    class.hand_in("twice/b/01_leap_years/src/lib.rs", &leap_years(ONLY_FOURS));
    class.hand_in("broken.zip", "no archive");
    class.hand_in("notes/notes.txt", "nothing");

    let said = class.grade(1, &[]);
    assert!(said.contains("6 submissions are not clear"), "{said}");
    assert!(class.read("class.unclear.toml").contains("\"hollow.git\"\nwhy = \"cannot be read by git, which says: "));
    assert_eq!(
        class.ask(GRADES),
        [
            "Max Muster 01_leap_years incomplete 0",
            "Max Muster 02_anagrams missing -",
            "bare 01_leap_years complete 2",
            "bare 02_anagrams missing -",
            "bundled 01_leap_years complete 2",
            "bundled 02_anagrams missing -",
            "clone 01_leap_years complete 2",
            "clone 02_anagrams missing -",
            "doejane 12345 01_leap_years does_not_compile 0",
            "doejane 12345 02_anagrams missing -",
            "jane 01_leap_years complete 2",
            "jane 02_anagrams complete 3",
            "joe 01_leap_years incomplete 0",
            "joe 02_anagrams missing -",
            "long 01_leap_years complete 2",
            "long 02_anagrams missing -",
            "tara 01_leap_years complete 2",
            "tara 02_anagrams missing -",
        ]
    );
    // The same code is one unit.
    assert_eq!(class.ask("SELECT count(*) FROM result"), ["5"]);
    assert_eq!(
        class.ask("SELECT DISTINCT handed_in FROM hand_in WHERE student IN ('clone', 'bare', 'bundled')"),
        ["1795216200"]
    );
    let sandbox = if cfg!(target_os = "linux") { "landlock+seccomp" } else { "none" };
    assert_eq!(class.ask("SELECT DISTINCT sandbox FROM result"), [sandbox]);

    // Looking at the class leaves the questions open.
    class.run(0, &["report"]);

    // Answers are read again, and nothing is graded twice.
    let unclear = class.read("class.unclear.toml");
    let answers = [
        ("submission = \"nameless\"\n", "exercise = \"1\"\n"),
        ("submission = \"twice\"\n", "exercise = \"1\"\nfile = \"a/01_leap_years/src/lib.rs\"\n"),
        ("submission = \"broken.zip\"\n", "ignore = true\n"),
        ("submission = \"hollow.git\"\n", "ignore = true\n"),
        ("submission = \"notes\"\n", "ignore = true\n"),
        ("submission = \"doejane_LATE_12345_67890_01_leap_years-1.rs\"\n", "handed_in = \"2026-11-21T00:00:00Z\"\n"),
    ];
    let answered = answers.iter().fold(unclear, |text, (entry, answer)| {
        assert!(text.contains(entry), "{entry} in {text}");
        text.replace(entry, &format!("{entry}{answer}"))
    });
    class.write("class.unclear.toml", &answered);
    let said = class.grade(0, &[]);
    assert!(said.starts_with("0 graded now, 5 before"), "{said}");
    let asked =
        "SELECT student, points FROM grade WHERE student IN ('nameless', 'twice') AND exercise = '01_leap_years'";
    assert_eq!(class.ask(asked), ["nameless 2", "twice 2"]);
    assert_eq!(
        class.ask("SELECT handed_in FROM hand_in WHERE student = 'doejane 12345' AND attempt = 2"),
        ["1795219200"]
    );
}

#[test]
fn bulk_downloads_and_rosters_fit_together_and_lateness_costs_what_the_settings_say() {
    let class = Class::new();
    let metadata = "submission_1:\n  :submitters:\n  - :name: Jane Doe\n    :sid: '17'\n    :email: jane@example.org\n  \
                    :created_at: 2026-11-21 00:30:00.000000000 Z\nsubmission_2:\n  :submitters:\n  - :name: Jo Roe\n    :sid: '18'\n  \
                    - :name: Ann Other\n    :sid: '19'\n  :created_at: 2026-11-19 10:00:00.000000000 Z\nsubmission_3:\n  \
                    :submitters:\n  - :name: Some One\n    :sid: '99'\n  :created_at: 2026-11-19 10:00:00.000000000 Z\n";
    zip(
        &class.path("export.zip"),
        &[
            ("assignment_1_export/submission_metadata.yml", metadata),
            ("assignment_1_export/submission_1/lib.rs", &leap_years(RIGHT)),
            ("assignment_1_export/submission_2/01_leap_years/src/lib.rs", &leap_years(RIGHT)),
            ("assignment_1_export/submission_3/lib.rs", &leap_years(ONLY_FOURS)),
        ],
    );
    class
        .write("roster.csv", "Wer,Nummer,Post\nJane Doe,17,jane@example.org\nJo Roe,18,\nAnn Other,19,\nNo Show,20,\n");
    let grade = |code, more: &[&str]| {
        class.run(code, &[&["grade", "export.zip", "--exercise", "1"], common::SANDBOX, more].concat())
    };
    assert!(grade(2, &["--roster", "roster.csv"]).contains("`Wer`, `Nummer`, `Post`"));
    let said = grade(1, &["--roster", "roster.csv", "--columns", "name=Wer,id=Nummer,email=Post"]);
    assert!(said.contains("the roster has no student `Some One`"), "{said}");
    let settings = class.read("class.toml")
        + "\n[deadlines]\n1 = \"2026-11-20T23:59:00Z\"\n\n[late]\ngrace_minutes = 15\noff_per_day = \"25%\"\n";
    class.write("class.toml", &settings);
    // The columns are known, and nothing has to be graded for other settings.
    let said = grade(1, &[]);
    assert!(said.starts_with("0 graded now"), "{said}");
    let late = "SELECT student, status, days_late, counted FROM grade ORDER BY student";
    assert_eq!(
        class.ask(late),
        ["17 complete 1 1.5", "18 complete 0 2", "19 complete 0 2", "20 missing - -", "Some One incomplete 0 0"]
    );
    class.write("class.toml", &settings.replace("grace_minutes = 15", "grace_minutes = 45"));
    let shown = class.run(0, &["show", "jane@example.org"]);
    assert!(shown.contains("2 of 2 points") && !shown.contains("late"), "{shown}");
    assert!(class.run(2, &["show", "o"]).contains("may be any of"));
    class.write("class.toml", &settings.replace("25%", "much"));
    assert!(class.run(2, &["report"]).contains("such as \"10%\""));
}

#[test]
fn an_answer_takes_back_what_it_puts_right_and_no_submission_disappears() {
    let class = Class::new();
    class.write(
        "roster.csv",
        "Name,ID,Email\nJane Doe,17,jane@x.org\nPaul Low,18,paul@x.org\nGiulia Rossi,19,giulia@x.org\n",
    );
    // A download that was unpacked and packed again, so there is one folder around all.
    let of = |student: &str, file: &str| format!("Sheet 1/{student}_assignsubmission_file_/{file}");
    zip(
        &class.path("moodle.zip"),
        &[
            (&of("Jane Doe_1", "lib.rs"), &leap_years(RIGHT)),
            (&of("P L_2", "lib.rs"), &leap_years(ONLY_FOURS)),
            (&of("Giulia Rossi_3", "homework.pdf"), "%PDF"),
            (&of("Jane Doe_4", "one.rs"), &leap_years(ONLY_FOURS)),
            (&of("Jane Doe_4", "two.rs"), &leap_years(NO_CENTURIES)),
        ],
    );
    let grade = |code| {
        let arguments = ["grade", "moodle.zip", "--exercise", "1", "--roster", "roster.csv"];
        class.run(code, &[&arguments, common::SANDBOX].concat())
    };
    let said = grade(1);
    assert!(said.contains("3 submissions are not clear"), "{said}");
    let unclear = class.read("class.unclear.toml");
    assert!(
        unclear
            .contains("Giulia Rossi_3_assignsubmission_file_\"\nwhy = \"this holds no Rust code, but homework.pdf\""),
        "{unclear}"
    );
    // All that looks at the class says so, every time.
    for _ in 0..2 {
        let said = class.run(0, &["export", "moodle", "--to", "moodle.csv"]);
        assert!(said.contains("3 submissions are not clear"), "{said}");
    }
    assert!(class.run(0, &["report"]).contains("not clear"));
    assert!(class.read("class-report/index.html").contains("this holds no Rust code"));
    let shown = class.run(0, &["show", "giulia@x.org"]);
    assert!(shown.contains("0 of 2 points in all") && !shown.contains("-0"), "{shown}");

    // A file is chosen, and the exercise need not be named; a student is named; a submission is given to another student.
    let entry = |student: &str| format!("submission = \"{student}_assignsubmission_file_\"\n");
    let answer = |text: &str, student: &str, answer: &str| text.replace(&entry(student), &(entry(student) + answer));
    let text = answer(&unclear, "Jane Doe_4", "ignore = true\n");
    let text = answer(&text, "Giulia Rossi_3", "ignore = true\n");
    class.write("class.unclear.toml", &answer(&text, "P L_2", "student = \"paul@x.org\"\n"));
    grade(0);
    let grades = "SELECT s.name, g.status, g.points FROM grade g JOIN student s ON s.key = g.student ORDER BY s.name";
    assert_eq!(class.ask(grades), ["Giulia Rossi missing -", "Jane Doe complete 2", "Paul Low incomplete 0"]);
    // What is another student's now is asked about, and what is ignored now was not handed in.
    let answers = class.read("class.unclear.toml");
    class.write("class.unclear.toml", &answers.replace("paul@x.org", "jane@x.org"));
    let said = grade(1);
    assert!(said.contains("is also in") && said.contains("ignore = true for the one that does not count"), "{said}");
    class.write(
        "class.unclear.toml",
        &(answers + &entry("Jane Doe_1") + "ignore = true\n")
            .replace(&entry("Jane Doe_1"), &format!("\n[[unclear]]\n{}", entry("Jane Doe_1"))),
    );
    grade(0);
    assert_eq!(class.ask(grades), ["Giulia Rossi missing -", "Jane Doe missing -", "Paul Low incomplete 0"]);
}

#[test]
fn odd_submissions_are_asked_about_with_what_is_odd() {
    let class = Class::new();
    let path = |name: &str| class.path(&format!("submissions/{name}"));
    let code = leap_years(RIGHT);
    fs::write(path("bytes.zip"), "").unwrap();
    zip(&path("empty.zip"), &[]);
    zip(&path("inner.zip"), &[("lib.rs", &code)]);
    let inner = fs::read(path("inner.zip")).unwrap();
    fs::remove_file(path("inner.zip")).unwrap();
    zip(&path("nested.zip"), &[("homework/", ""), ("homework/notes.txt", "")]);
    common::zip_bytes(&path("outer.zip"), &[("homework/inner.zip", &inner)]);
    // The flag that says that its file is encrypted.
    let mut locked = inner;
    for (signature, at) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let start = locked.windows(4).position(|bytes| bytes == signature).unwrap();
        locked[start + at] |= 1;
    }
    fs::write(path("locked.zip"), locked).unwrap();
    class.hand_in("text/lib.rs.txt", &code);
    class.hand_in("deep/a/b/report.pdf", "%PDF");
    class.hand_in("hidden/.vscode/lib.rs", &code);
    // What is found: a file in capitals, in a folder with blanks, beside what macOS adds.
    class.hand_in("loud/LIB.RS", &code);
    class.hand_in("Ann Lee/my homework (1)/lib.rs", &code);
    zip(
        &path("mac.zip"),
        &[("lib.rs", code.as_str()), ("__MACOSX/._lib.rs", "\0"), ("._lib.rs", "\0"), (".DS_Store", "\0")],
    );
    let said = class.grade(1, &["--exercise", "1"]);
    assert!(said.contains("8 submissions are not clear"), "{said}");
    assert_eq!(class.ask("SELECT student, status FROM grade"), ["Ann Lee complete", "loud complete", "mac complete"]);
    let unclear = class.read("class.unclear.toml");
    for (name, why) in [
        ("bytes.zip", "is empty"),
        ("deep", "this holds no Rust code, but a/b/report.pdf"),
        ("empty.zip", "this holds no Rust code\""),
        ("hidden", "this holds no Rust code\""),
        ("locked.zip", "holds lib.rs behind a password"),
        ("nested.zip", "this holds no Rust code, but homework/notes.txt"),
        ("outer.zip", "this holds no Rust code, but homework/inner.zip; an archive within an archive is not opened"),
        ("text", "this holds no Rust code, but lib.rs.txt"),
    ] {
        let entry = format!("submission = \"{name}\"\nwhy = \"{why}");
        assert!(unclear.contains(&entry), "{entry} in {unclear}");
    }
}

#[test]
fn an_export_of_gradescope_without_a_submission_or_with_another_one_is_not_clear() {
    let class = Class::new();
    let of = |number: u32| format!("submission_{number}:\n  :submitters:\n  - :name: Student {number}\n");
    class.hand_in("submission_metadata.yml", &(of(1) + &of(2)));
    class.hand_in("submission_1/lib.rs", &leap_years(RIGHT));
    class.hand_in("submission_9/lib.rs", &leap_years(ONLY_FOURS));
    let said = class.grade(1, &["--exercise", "1"]);
    assert!(said.contains("2 submissions are not clear"), "{said}");
    let unclear = class.read("class.unclear.toml");
    assert!(
        unclear.contains("\"submission_2\"\nwhy = \"submission_metadata.yml lists this, but it is not here"),
        "{unclear}"
    );
    assert!(
        unclear.contains("\"submission_9\"\nwhy = \"nothing says whose submission this is; write student"),
        "{unclear}"
    );
    let answer = |text: String, name: &str, answer: &str| text.replace(name, &format!("{name}\n{answer}"));
    let unclear = answer(unclear, "submission = \"submission_2\"", "ignore = true");
    class.write("class.unclear.toml", &answer(unclear, "submission = \"submission_9\"", "student = \"Student 9\""));
    class.grade(0, &["--exercise", "1"]);
    assert_eq!(class.ask("SELECT student, points FROM grade ORDER BY student"), ["Student 1 2", "Student 9 0"]);
}

#[test]
fn repositories_that_a_classroom_names_are_found_in_its_roster() {
    let class = Class::new();
    class.write(
        "roster.csv",
        "identifier,github_username,github_id,name\nj@x.org,jane,1,Jane Doe\na@x.org,ann-lee,2,Ann Lee\n",
    );
    class.hand_in("leap-years-jane/src/lib.rs", &leap_years(RIGHT));
    class.hand_in("leap-years-ann-lee/src/lib.rs", &leap_years(ONLY_FOURS));
    class.hand_in("by mail/src/lib.rs", &leap_years(NO_CENTURIES));
    class.write("class.unclear.toml", "[[unclear]]\nsubmission = \"by mail\"\nignore = true\n");
    class.grade(0, &["--exercise", "1", "--roster", "roster.csv"]);
    assert_eq!(class.ask("SELECT student, points FROM grade ORDER BY student"), ["a@x.org 0", "j@x.org 2"]);
}

#[test]
fn an_answer_that_is_removed_is_taken_back() {
    let class = Class::new();
    class.write("roster.csv", "Name,ID\nJane Doe,17\nPaul Low,18\nKim Poe,19\n");
    class.hand_in("Jane Doe/lib.rs", &leap_years(RIGHT));
    class.hand_in("P L/01_leap_years/src/lib.rs", &leap_years(ONLY_FOURS));
    class.hand_in("Kim Poe/one.rs", &leap_years(ONLY_FOURS));
    class.hand_in("Kim Poe/two.rs", &leap_years(RIGHT));
    let grade = |code| class.grade(code, &["--roster", "roster.csv"]);
    let said = grade(1);
    assert!(said.contains("3 submissions are not clear"), "{said}");
    let entry = |submission: &str, answer: &str| format!("\n[[unclear]]\nsubmission = \"{submission}\"\n{answer}");
    let answers = [
        entry("Jane Doe", "exercise = \"1\"\n"),
        entry("P L", "student = \"18\"\n"),
        entry("Kim Poe", "exercise = \"1\"\nfile = \"two.rs\"\n"),
    ];
    class.write("class.unclear.toml", &answers.concat());
    grade(0);
    let grades = "SELECT s.name, g.status FROM grade g JOIN student s ON s.key = g.student ORDER BY s.name";
    assert_eq!(class.ask(grades), ["Jane Doe complete", "Kim Poe complete", "Paul Low incomplete"]);
    for (without, student) in [(0, "Jane Doe"), (1, "Paul Low"), (2, "Kim Poe")] {
        let left: String = (0..3).filter(|number| *number != without).map(|number| answers[number].as_str()).collect();
        class.write("class.unclear.toml", &left);
        // What looks at the class knows at once, and says what to do.
        let said = class.run(0, &["report"]);
        let why = if without == 1 { "the roster has no student `P L`" } else { "your answer about this was removed" };
        assert!(said.contains("One submission is not clear") && said.contains(why), "{said}");
        let missing = format!("{student} missing");
        assert!(class.ask(grades).contains(&missing), "{:?}", class.ask(grades));
        let said = grade(1);
        assert!(said.contains("One submission is not clear") && !said.contains("removed or changed"), "{said}");
        assert!(class.ask(grades).contains(&missing), "{:?}", class.ask(grades));
        assert!(!class.run(0, &["report"]).contains("removed or changed"));
        // Said again, it counts again, and is not graded again.
        class.write("class.unclear.toml", &answers.concat());
        assert!(grade(0).starts_with("0 graded now"));
        assert!(!class.ask(grades).contains(&missing));
    }
    // Another exercise is taken back as well.
    class.write("class.unclear.toml", &answers.concat().replacen("\"1\"", "\"2\"", 1));
    grade(0);
    let jane = "SELECT exercise, status FROM grade WHERE student = '17' ORDER BY exercise";
    assert_eq!(class.ask(jane), ["01_leap_years missing", "02_anagrams does_not_compile"]);
}

#[test]
fn a_file_is_chosen_without_its_exercise_where_one_is_graded() {
    let class = Class::new();
    class.hand_in("jane/one.rs", &leap_years(ONLY_FOURS));
    class.hand_in("jane/two.rs", &leap_years(RIGHT));
    class.hand_in("joe/lib.rs", &leap_years(RIGHT));
    class.grade(1, &["--exercise", "1"]);
    let unclear = class.read("class.unclear.toml");
    let entry = "submission = \"jane\"\n";
    class.write("class.unclear.toml", &unclear.replace(entry, &format!("{entry}file = \"two.rs\"\n")));
    class.grade(0, &["--exercise", "1"]);
    let jane = "SELECT points FROM grade WHERE student = 'jane' AND exercise = '01_leap_years'";
    assert_eq!(class.ask(jane), ["2"]);
    class.write(
        "class.toml",
        "[[extensions]]\nstudent = \"nobody\"\nexercise = \"1\"\nuntil = \"2026-11-20T23:59:00Z\"\n",
    );
    assert!(class.run(0, &["report"]).contains("extension of 01_leap_years for nobody, who is not in the class"));
}

#[test]
fn what_is_handed_in_again_counts_and_the_earlier_attempt_is_kept() {
    let class = Class::new();
    class.hand_in("jane/01_leap_years/src/lib.rs", &leap_years(ONLY_FOURS));
    class.grade(0, &[]);
    class.hand_in("jane/01_leap_years/src/lib.rs", &leap_years(RIGHT));
    class.grade(0, &[]);
    assert_eq!(class.ask("SELECT attempt, points FROM grade"), ["2 2"]);
    // And back again: the code is known, and what came last counts.
    class.hand_in("jane/01_leap_years/src/lib.rs", &leap_years(ONLY_FOURS));
    let said = class.grade(0, &[]);
    assert!(said.starts_with("0 graded now, 1 before"), "{said}");
    assert_eq!(class.ask("SELECT attempt, points FROM grade"), ["3 0"]);
    assert_eq!(class.ask("SELECT count(*) FROM hand_in"), ["3"]);
}

#[test]
fn the_report_shows_the_class_and_every_student_and_no_text_of_a_submission_acts() {
    let class = Class::new();
    for (name, body) in
        [("jane", ONLY_FOURS), ("joe", "/* mine */ year%4 == 0"), ("kim", NO_CENTURIES), ("max", BROKEN)]
    {
        class.hand_in(&format!("{name}/01_leap_years/src/lib.rs"), &leap_years(body));
    }
    // What no file on Windows can be called.
    let name = if cfg!(windows) { "a&b" } else { "<script>" };
    class.hand_in(&format!("{name}/01_leap_years/src/lib.rs"), &leap_years("println!(\"<b>&</b>\"); year == 1"));
    class.hand_in("jane/02_anagrams/src/lib.rs", ANAGRAMS);
    class.grade(0, &[]);
    class.run(0, &["report"]);
    let page = class.read("class-report/index.html");
    let first = page.find("2 students: <code>only_fours</code>").expect("the most frequent mistake");
    assert!(first < page.find("1 student: <code>no_centuries</code>").unwrap());
    assert!(page.contains("Not every fourth year: 1900 was none.") && page.contains("In 01_leap_years."), "{page}");
    assert!(page.contains("pub fn is_leap_year(year: usize) -&gt; bool { year % 4 == 0 }"), "an example");
    // What differs in blanks and comments only is the same, and said to prove nothing.
    assert!(page.contains("1 · Leap years: jane, joe"), "{page}");
    assert!(page.contains("mismatched types"), "why it does not compile: {page}");
    assert!(page.contains("prefers-color-scheme: dark"));
    for page in fs::read_dir(class.path("class-report/students")).unwrap() {
        let page = fs::read_to_string(page.unwrap().path()).unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>&</b>") && !page.contains("http://"), "{page}");
    }
    assert!(!page.contains("<script>"));
    let table = class.read("class-report/grades.csv");
    assert!(table.contains("jane,jane,,0,incomplete,3,complete,3"), "{table}");
    assert!(class.read("class-report/students/jane.html").contains("Not every fourth year"));

    // By pseudonym, nothing tells whose a page is.
    class.run(0, &["report", "--pseudonyms", "--to", "public"]);
    let mut pages = vec![class.read("public/index.html"), class.read("public/grades.csv")];
    for page in fs::read_dir(class.path("public/students")).unwrap() {
        let path = page.unwrap().path();
        pages.push(fs::read_to_string(&path).unwrap() + &path.to_string_lossy());
    }
    for page in pages {
        assert!(!["jane", "joe", "kim"].iter().any(|name| page.contains(name)), "{page}");
    }
    assert!(class.read("class.pseudonyms.csv").contains("jane"));
}
