//! Other checks count only when a teacher has seen what they change, and has accepted it.

mod common;

use std::path::Path;

use common::{ANAGRAMS, Class, NO_CENTURIES, ONLY_FOURS, RIGHT, SANDBOX, git, leap_years};

const CHECKS: &str = "grader/hidden/01_leap_years/checks.rs";
const GRADES: &str = "SELECT student, points FROM grade WHERE exercise = '01_leap_years' ORDER BY student";

#[test]
fn a_wrong_check_is_planted_put_right_and_regraded() {
    let course = Path::new(env!("CARGO_TARGET_TMPDIR")).join("regraded");
    let _ = std::fs::remove_dir_all(course.join(".git"));
    let class = Class::of(&course);
    let edit = |find: &str, with: &str| {
        let text = std::fs::read_to_string(course.join(CHECKS)).unwrap();
        assert!(text.contains(find), "{find}");
        std::fs::write(course.join(CHECKS), text.replace(find, with)).unwrap();
    };
    git(&course, &["init", "--quiet"]);
    std::fs::write(course.join(".gitignore"), "/target\n").unwrap();
    git(&course, &["add", "."]);
    git(&course, &["commit", "--quiet", "--message", "The course"]);
    let good = git(&course, &["rev-parse", "HEAD"]);
    // The formula of a common mistake is taken for right.
    let right = "fn is_leap(year: usize) -> bool {\n    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0";
    let wrong = "fn is_leap(year: usize) -> bool {\n    year % 4 == 0 && year % 100 != 0";
    edit(right, wrong);
    let planted = std::fs::read_to_string(course.join(CHECKS)).unwrap();

    for (student, body) in [("jane", RIGHT), ("joe", NO_CENTURIES), ("kim", ONLY_FOURS), ("max", RIGHT)] {
        class.hand_in(&format!("{student}/01_leap_years/src/lib.rs"), &leap_years(body));
        class.hand_in(&format!("{student}/02_anagrams/src/lib.rs"), ANAGRAMS);
    }
    // One of them is a day late, which costs a quarter of the points.
    let late = "[deadlines]\n1 = \"2026-11-20T12:00:00Z\"\n\n[late]\noff_per_day = \"25%\"\n";
    class.write("class.toml", late);
    let time = "[[unclear]]\nsubmission = \"joe\"\nhanded_in = \"2026-11-21T11:00:00Z\"\n";
    class.write("class.unclear.toml", time);
    class.grade(0, &[]);
    let before = ["jane 0", "joe 2", "kim 0", "max 0"];
    let after = ["jane 2", "joe 0", "kim 0", "max 2"];
    assert_eq!(class.ask(GRADES), before);

    let regrade = |code, more: &[&str]| class.run(code, &[&["regrade"], SANDBOX, more].concat());
    let said = regrade(0, &["--with", &good[..12]]);
    // Exactly those whom the check touched, with the reason.
    assert!(said.contains("The points of 3 students change."), "{said}");
    assert!(said.contains("01_leap_years  jane (jane): 0 → 2 points\n"), "{said}");
    let joe = "01_leap_years  joe (joe): 2 → 0 points, 1.5 → 0 after the deduction for lateness\n";
    assert!(said.contains(joe), "{said}");
    assert!(said.contains("-2 is_leap_year: passed → failed: 2000 was a leap year"), "{said}");
    assert!(
        said.contains("01_leap_years is_leap_year: 2 with more points, 1 with fewer") && !said.contains("kim"),
        "{said}"
    );
    assert!(!said.contains("02_anagrams"), "what is not touched is not graded: {said}");
    assert_eq!(class.ask("SELECT count(*) FROM result WHERE exercise = '02_anagrams'"), ["1"]);
    assert_eq!(class.ask(GRADES), before, "nothing counts before it is accepted");
    assert!(regrade(2, &[]).contains("regrading 1 is open"));

    regrade(0, &["--discard"]);
    assert_eq!(class.ask(GRADES), before);
    assert!(regrade(2, &["--accept"]).contains("no regrading to decide about"));

    // The same, with the course as it lies here now.
    edit(wrong, right);
    assert!(class.grade(2, &[]).contains("grader class regrade"), "other checks do not slip in");
    assert_eq!(class.ask(GRADES), before);
    assert!(regrade(0, &[]).contains("The points of 3 students change."));
    edit(right, wrong);
    assert!(regrade(2, &["--accept"]).contains("have changed since regrading 2"), "only what lies there is accepted");
    assert_eq!(class.ask(GRADES), before);
    edit(wrong, right);
    regrade(0, &["--accept"]);
    assert_eq!(class.ask(GRADES), after);
    let history = "SELECT number, exercise, decision, course_commit IS NOT NULL FROM regrade ORDER BY number";
    assert_eq!(class.ask(history), ["1 01_leap_years discarded 1", "2 01_leap_years accepted 0"]);
    assert_eq!(
        class.ask("SELECT number, student FROM regrade_change WHERE number = 2 ORDER BY student"),
        ["2 jane", "2 joe", "2 max"]
    );
    assert!(class.grade(0, &[]).starts_with("0 graded now"));
    assert!(regrade(0, &[]).contains("Nothing to regrade"));
    std::fs::write(course.join(CHECKS), planted).unwrap();
}
