//! Runs that are stopped, cut into shards, put together again, or disturbed: nothing is lost, and the result is the same.

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    thread,
    time::{Duration, Instant},
};

use common::{ANAGRAMS, Class, NO_CENTURIES, ONLY_FOURS, RIGHT, bytes, leap_years};

/// Students whose code is different, and right or wrong.
fn fill(class: &Class, count: usize) {
    for number in 0..count {
        let body = [RIGHT, ONLY_FOURS, NO_CENTURIES][number % 3];
        let code = leap_years(&format!("let student = {number}; let _ = student; {body}"));
        class.hand_in(&format!("student{number}/01_leap_years/src/lib.rs"), &code);
    }
    class.hand_in("student0/02_anagrams/src/lib.rs", ANAGRAMS);
}

fn results(class: &Class, file: &str) -> usize {
    let Ok(file) = fs::File::open(class.path(file)) else { return 0 };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.starts_with("{\"result\"") && line.ends_with('}'))
        .count()
}

#[test]
fn a_run_that_is_killed_goes_on_and_ends_as_one_that_was_not() {
    let whole = Class::new();
    fill(&whole, 9);
    whole.grade(0, &["--seed", "5"]);

    let class = Class::new();
    fill(&class, 9);
    let mut arguments = vec!["grade", "submissions", "--seed", "5"];
    arguments.extend(common::SANDBOX);
    let mut kills = 0;
    for least in [2, 5] {
        let mut child = class.command(&arguments).spawn().unwrap();
        let begun = Instant::now();
        while results(&class, "class.jsonl") < least
            && child.try_wait().unwrap().is_none()
            && begun.elapsed() < Duration::from_secs(120)
        {
            thread::sleep(Duration::from_millis(10));
        }
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        // The machine went down in the middle of a line.
        let mut file = fs::OpenOptions::new().append(true).open(class.path("class.jsonl")).unwrap();
        file.write_all(b"{\"result\":{\"unit\":\"ab").unwrap();
    }
    assert!(kills > 0, "the machine was quicker than the test");
    // What was unpacked for it is still there, until the same class is graded again.
    let path = class.path("class.jsonl").to_str().unwrap().to_owned();
    let name: String =
        hmac_sha256::Hash::hash(path.as_bytes())[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let work = class.course.join("target/grader/class").join(name);
    fs::create_dir_all(work.join("unpacked")).unwrap();
    let done = results(&class, "class.jsonl");
    let said = class.grade(0, &[]);
    assert!(said.starts_with(&format!("{} graded now, {done} before", 10 - done)), "{said}");
    assert!(!work.exists());
    assert!(bytes(&class.path("class.db")) == bytes(&whole.path("class.db")), "another database");
}

#[test]
#[cfg(unix)]
fn ctrl_c_says_how_the_run_is_continued_and_leaves_no_process() {
    use std::process::Stdio;

    let class = Class::new();
    fill(&class, 9);
    // One that does not end by itself: what is being graded is given up.
    let endless = leap_years("while year > 0 { std::hint::spin_loop(); } true");
    class.hand_in("a student/01_leap_years/src/lib.rs", &endless);
    let mut arguments = vec!["grade", "submissions", "--seed", "5", "--exercise", "1"];
    arguments.extend(common::SANDBOX);
    let mut child = class.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while results(&class, "class.jsonl") < 2 {
        assert!(child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(240));
        thread::sleep(Duration::from_millis(2));
    }
    let children = common::descendants(child.id());
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let done = results(&class, "class.jsonl");
    assert_eq!(output.status.code(), Some(130), "{said}");
    let command = format!("grader class {}", arguments.join(" "));
    let left = format!("{} of 10 submissions are left", 10 - done);
    let stopped = "Stopped. Everything graded so far is kept.";
    assert_eq!(said, format!("{stopped} {left}; the same command continues: {command}\n"));
    let left: Vec<&u32> = children.iter().filter(|id| common::runs(**id)).collect();
    assert!(left.is_empty(), "these processes are still there: {left:?}");
    fs::remove_dir_all(class.path("submissions/a student")).unwrap();
    // What was collected is graded, even if it is no longer there.
    let said = class.grade(0, &[]);
    assert!(said.starts_with(&format!("{} graded now, {done} before", 11 - done)), "{said}");
}

#[test]
fn shards_in_any_order_and_any_number_of_times_make_the_database_of_a_serial_run() {
    let class = Class::new();
    fill(&class, 12);
    class.grade(0, &["--seed", "5", "--to", "serial.db"]);
    for shard in ["1/3", "2/3", "3/3"] {
        class.grade(0, &["--seed", "5", "--to", "class.db", "--shard", shard]);
    }
    let shards: Vec<usize> = (1..=3).map(|number| results(&class, &format!("class.{number}-of-3.jsonl"))).collect();
    assert_eq!(shards.iter().sum::<usize>(), 13, "each unit is in one shard: {shards:?}");
    class.run(0, &["merge"]);
    let serial = bytes(&class.path("serial.db"));
    assert!(bytes(&class.path("class.db")) == serial, "all at once");
    class.run(0, &["merge"]);
    assert!(bytes(&class.path("class.db")) == serial, "once more");
    let files = ["class.3-of-3.jsonl", "class.1-of-3.jsonl", "class.3-of-3.jsonl", "class.2-of-3.jsonl"];
    for file in files {
        class.run(0, &["merge", file, "--to", "other.db"]);
    }
    assert!(bytes(&class.path("other.db")) == serial, "one after the other");

    // Others hand in: what is graded stays where it is.
    class.hand_in("late/01_leap_years/src/lib.rs", &leap_years("year % 4 == 0 && year > 3"));
    let graded: usize = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|shard| class.grade(0, &["--seed", "5", "--shard", shard]))
        .filter(|said| said.starts_with("1 graded now"))
        .count();
    assert_eq!(graded, 1);
    assert!(class.grade(2, &["--shard", "1/3"]).contains("--seed"));
    assert!(class.grade(2, &["--shard", "1/3", "--seed", "6"]).contains("the seed 5"));
}

#[test]
fn one_hostile_submission_changes_no_other_result() {
    let class = Class::new();
    fill(&class, 8);
    class.grade(0, &["--seed", "5", "--to", "honest.db"]);
    let attacks = [
        "std::fs::remove_dir_all(\"/\").ok(); std::fs::write(\"../../checks\", \"\").ok(); true",
        "loop { std::process::Command::new(\"kill\").args([\"-9\", \"-1\"]).status().ok(); std::process::exit(0) }",
        "let mut all = Vec::new(); while all.len() < usize::MAX { all.push(vec![1_u8; 1 << 26]); } true",
        "println!(\"{{\\\"result\\\":{{}}}}\"); panic!()",
    ];
    for (number, attack) in attacks.iter().enumerate() {
        class.hand_in(&format!("hostile{number}/01_leap_years/src/lib.rs"), &leap_years(attack));
    }
    class.grade(0, &["--seed", "5"]);
    let honest = "SELECT unit, report FROM result WHERE unit IN (SELECT unit FROM grade WHERE student NOT LIKE 'hostile%') ORDER BY unit";
    let with = class.ask(honest);
    fs::copy(class.path("honest.db"), class.path("class.db")).unwrap();
    assert!(with == class.ask(honest) && with.len() == 9, "an honest result has changed");
}

#[test]
fn several_may_look_at_a_class_whose_settings_have_changed() {
    let class = Class::new();
    fill(&class, 3);
    class.grade(0, &[]);
    class.write("class.toml", "[late]\noff_per_day = 1\n");
    // From here on, every command makes the database again.
    let settings = fs::File::options().write(true).open(class.path("class.toml")).unwrap();
    settings.set_modified(std::time::SystemTime::now() + Duration::from_secs(3600)).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..3).for_each(|_| drop(class.run(0, &["show", "student1"]))));
        }
    });
    assert_eq!(class.ask("PRAGMA integrity_check"), ["ok"]);
    let mut left: Vec<String> =
        fs::read_dir(class.folder.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["class.db", "class.db.lock", "class.jsonl", "class.jsonl.lock", "class.toml", "submissions"]);
}
