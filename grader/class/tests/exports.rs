//! Grades as other systems read them, each held against what that system publishes, and the scripts of launchers.

mod common;

use std::{fs, io::Read, path::Path, process::Command};

use common::{ANAGRAMS, BROKEN, Class, NO_CENTURIES, ONLY_FOURS, RIGHT, leap_years, said};
use serde_json::Value;

fn graded() -> Class {
    let class = Class::new();
    for (name, body) in [("17", RIGHT), ("18", ONLY_FOURS), ("19", NO_CENTURIES), ("20", BROKEN)] {
        class.hand_in(&format!("{name}/01_leap_years/src/lib.rs"), &leap_years(body));
    }
    class.hand_in("17/02_anagrams/src/lib.rs", ANAGRAMS);
    let roster = "Student,ID,SIS User ID,SIS Login ID,Section,Email\n\"Doe, Jane\",17,u17,jane,A,jane@example.org\n\
                  \"=Roe, Jo\",18,u18,jo,A,jo@example.org\n\"Poe, Ann\",19,u19,ann,B,\n\"Low, Max\",20,u20,max,B,\n\
                  \"Show, No\",21,u21,no,B,\n";
    class.write("roster.csv", roster);
    class.grade(0, &["--roster", "roster.csv"]);
    class
}

fn valid(schema: &Path, text: &str) -> Value {
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &document) {
        panic!("{error} at {} in {document:#}", error.instance_path());
    }
    document
}

fn schema(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{name}.schema.json"))
}

#[test]
fn grades_go_to_gradebooks_and_graders_in_their_own_forms() {
    let class = graded();
    class.write("class.toml", &(class.read("class.toml") + "\n[assignments]\n1 = \"Leap years (4711)\"\n"));
    let export = |form: &str, to: &str| class.run(0, &["export", form, "--to", to]);

    export("canvas", "canvas.csv");
    let lines = class.read("canvas.csv");
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines[0], "Student,ID,SIS User ID,SIS Login ID,Section,Leap years (4711),2 Anagrams");
    assert_eq!(lines[1], "    Points Possible,,,,,2,3");
    assert!(lines.contains(&"\"Doe, Jane\",17,u17,jane,A,2,3"), "{lines:?}");
    // What was not handed in stays empty, and no name is a formula.
    assert!(
        lines.contains(&"\"Show, No\",21,u21,no,B,,") && lines.contains(&"\"'=Roe, Jo\",18,u18,jo,A,0,"),
        "{lines:?}"
    );

    export("moodle", "moodle.csv");
    let table = class.read("moodle.csv");
    assert!(
        table.starts_with("ID number,Email address,Username,Full name,Leap years (4711),Leap years (4711) (feedback),"),
        "{table}"
    );
    assert!(table.contains("17,jane@example.org,jane,\"Doe, Jane\",2,2 of 2 points,3,3 of 3 points"), "{table}");

    export("lti", "scores.jsonl");
    let scores = class.read("scores.jsonl");
    assert_eq!(scores.lines().count(), 5);
    scores.lines().for_each(|line| drop(valid(&schema("lti-score"), line)));

    export("classroom50", "classroom50");
    let result = valid(&schema("classroom50"), &class.read("classroom50/17/01_leap_years.json"));
    assert_eq!((result["score"].as_u64(), result["owner"].as_str()), (Some(2), Some("jane")));
    valid(&schema("classroom50"), &class.read("classroom50/20/01_leap_years.json"));

    export("prairielearn", "prairielearn");
    let result = valid(&schema("prairielearn"), &class.read("prairielearn/18/01_leap_years.json"));
    assert!(result["tests"][0]["message"].as_str().unwrap().starts_with("Not every fourth year"));
    let broken = valid(&schema("prairielearn"), &class.read("prairielearn/20/01_leap_years.json"));
    assert!(broken["output"].as_str().unwrap().contains("mismatched types") && broken["score"] == 0.0);

    export("gradescope", "gradescope");
    let gradescope =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/schemas/gradescope.schema.json");
    assert_eq!(valid(&gradescope, &class.read("gradescope/17.json"))["score"], 5);
    export("junit", "junit");
    let junit = class.read("junit/18.xml");
    assert!(
        junit.contains("<testcase ") && junit.contains("<failure ") && junit.contains("Not every fourth year"),
        "{junit}"
    );
}

#[test]
fn a_column_that_canvas_would_not_recognise_is_told_of() {
    let class = Class::new();
    class.hand_in("doejane_17_1_lib.rs", &leap_years(RIGHT));
    let gradebook = "Student,ID,SIS User ID,SIS Login ID,Section,Exercise 1 (4711),Essay (4712),Final Score\n,,,,,Manual Posting,,\n    \
                     Points Possible,,,,,10,5,(read only)\n\"Doe, Jane\",17,u17,jane,A,,,\n\"Student, Test\",99,,x,A,,,\n";
    class.write("gradebook.csv", gradebook);
    class.grade(0, &["--exercise", "1", "--roster", "gradebook.csv"]);
    let settings = class.read("class.toml");
    let said = class.run(0, &["export", "canvas", "--to", "canvas.csv"]);
    assert!(said.contains("gradebook.csv has no column `1 Leap years`"), "{said}");
    assert!(said.contains("under [assignments] in class.toml, such as 1 = \"Exercise 1 (4711)\""), "{said}");
    assert!(said.contains("the gradebook has `Exercise 1 (4711)`, `Essay (4712)`"), "{said}");
    class.write("class.toml", &(settings.clone() + "\n[assignments]\n1 = \"Exercise 1 (4711)\"\n"));
    let said = class.run(0, &["export", "canvas", "--to", "canvas.csv"]);
    assert!(!said.contains("no column") && said.contains("`Exercise 1 (4711)` has 10 points in Canvas"), "{said}");
    assert!(class.read("canvas.csv").contains("\"Doe, Jane\",17,u17,jane,A,2\n"));
    class.write("gradebook.csv", &gradebook.replace("10,5,", "2,5,"));
    assert!(!class.run(0, &["export", "canvas", "--to", "canvas.csv"]).contains("note:"));
}

#[test]
fn similarity_is_handed_over_with_stubs_earlier_years_and_without_names_if_asked() {
    let class = graded();
    fs::copy(class.path("class.db"), class.path("last year.db")).unwrap();
    let more = ["--exercise", "1", "--earlier", "last year.db", "--pseudonyms"];
    assert!(class.run(2, &["export", "dolos", "--to", "d.zip"]).contains("name it with --exercise"));
    class.run(0, &[&["export", "dolos", "--to", "dolos.zip"], &more[..]].concat());
    let mut archive = zip::ZipArchive::new(fs::File::open(class.path("dolos.zip")).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".rs")).count(), 8);
    let mut info = String::new();
    archive.by_name("info.csv").unwrap().read_to_string(&mut info).unwrap();
    assert!(info.starts_with("filename,label,full_name,created_at\n"), "{info}");
    for row in info.lines().skip(1) {
        let file = row.split(',').next().unwrap();
        assert!(names.iter().any(|name| name == file), "{row}");
        assert!(!row.contains("Doe") && (row.contains(",this class,") || row.contains(",earlier,")), "{row}");
    }
    // For Dolos' own reader, which `.ci/run` asks.
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dolos.zip");
    fs::copy(class.path("dolos.zip"), kept).unwrap();

    class.run(0, &[&["export", "jplag", "--to", "jplag"], &more[..]].concat());
    let count = |folder: &str| fs::read_dir(class.path(folder)).unwrap().count();
    assert_eq!((count("jplag/new"), count("jplag/old")), (4, 4));
    assert!(class.read("jplag/base/lib.rs").contains("todo!()"));
    assert!(class.read("jplag/command.txt").contains("--base-code base --new new --old old"));
    assert!(!fs::read_dir(class.path("jplag/new")).unwrap().any(|it| it.unwrap().file_name() == "17"));
}

#[test]
fn launchers_write_scripts_that_their_engines_take() {
    let class = Class::new();
    let launch = |engine: &str| class.run(0, &["launch", engine, "submissions", "--seed", "5", "--shards", "3"]);
    for engine in ["slurm", "parallel"] {
        class.write("script", &launch(engine));
        let checked = Command::new("sh").arg("-n").arg(class.path("script")).output();
        assert!(checked.is_ok_and(|output| output.status.success()), "{engine}");
    }
    assert!(launch("parallel").contains("\n    ::: $(seq 3) || exit\n"));
    let slurm = launch("slurm");
    assert!(
        slurm.contains("\n#SBATCH --array=1-3\n#SBATCH --requeue\n")
            && slurm.contains("--shard \"$SLURM_ARRAY_TASK_ID\"/3")
    );

    let job = valid(&schema("kubernetes-job"), &launch("kubernetes"));
    assert_eq!(job["spec"]["completionMode"], "Indexed");
    assert_eq!(job["spec"]["backoffLimitPerIndex"], 3);
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert!(container["command"][2].as_str().unwrap().contains("$((JOB_COMPLETION_INDEX + 1))/3"));
    assert!(
        !container["command"][2].as_str().unwrap().contains("--sandbox"),
        "the default refuses to grade without one"
    );

    let github: Value = serde_saphyr::from_str(&launch("github")).unwrap();
    assert_eq!(github["jobs"]["grade"]["strategy"]["matrix"]["shard"], serde_json::json!([1, 2, 3]));
    let gitlab: Value = serde_saphyr::from_str(&launch("gitlab")).unwrap();
    assert_eq!(gitlab["grade"]["parallel"], 3);
    assert!(class.run(2, &["launch", "slurm", "submissions", "--shards", "0"]).contains("1 to 10000"));
}

#[test]
#[cfg(target_os = "linux")]
fn gnu_parallel_runs_its_script_where_it_is_installed() {
    if Command::new("parallel").arg("--version").output().is_err() {
        return;
    }
    let class = Class::new();
    for (name, body) in [("jane", RIGHT), ("joe", ONLY_FOURS), ("kim", NO_CENTURIES)] {
        class.hand_in(&format!("{name}/01_leap_years/src/lib.rs"), &leap_years(body));
    }
    class.grade(0, &["--seed", "5", "--to", "serial.db"]);
    class.write("script", &class.run(0, &["launch", "parallel", "submissions", "--seed", "5", "--shards", "3"]));
    let output =
        Command::new("sh").arg("script").current_dir(class.folder.path()).env("HOME", class.folder.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(common::bytes(&class.path("class.db")) == common::bytes(&class.path("serial.db")));
}
