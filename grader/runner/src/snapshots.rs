//! Holds the `.snap` files of the checks against what the reference solutions show: change a text on purpose, run
//! `cargo insta test --review`, and look at it.

use crate::{Compiled, DEFAULT_SEED, Kit, ProbeProcess, Sandbox, Slot, Sources, Submission, hidden};
use course::{Course, work_folder};
use wire::Ended;

#[test]
fn snapshots_are_what_the_solutions_show() {
    let course = Course::find().unwrap();
    for exercise in &course.exercises {
        let checks = hidden::checks_of(&exercise.name).unwrap();
        let mut snapshots = checks.iter().filter(|check| check.snapshot.is_some()).peekable();
        if snapshots.peek().is_none() {
            continue;
        }
        let kit = Kit::open(&course, exercise).unwrap();
        let slot = Slot::take(&work_folder(&course).unwrap(), &exercise.name, Sandbox::None).unwrap();
        let solution = Submission::solution(&course, exercise);
        let sources = Sources::read(&course, &solution, true).unwrap();
        let Compiled::Probe(program, _) = bench::compile(&course, exercise, &sources, &kit, &slot).unwrap() else {
            panic!("the solution of {} does not compile", exercise.name);
        };
        let mut probe = ProbeProcess::new(&program, sources.paths(), Sandbox::None, exercise.limits);
        for check in snapshots {
            let cases = check.cases(DEFAULT_SEED).unwrap();
            let [case] = cases.as_slice() else { panic!("{} has {} cases, not one", check.id, cases.len()) };
            let Ended::Observed(observed) = probe.ask(check.experiment, case, &()).unwrap().ended else {
                panic!("{} shows nothing", check.id);
            };
            let Some(probe::Value::Text(text)) = observed.result() else { panic!("{} shows no text", check.id) };
            let mut settings = insta::Settings::new();
            settings.set_snapshot_path(course.hidden_folder(exercise).join("snapshots"));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(check.id, text));
        }
    }
}
