//! Holds the `.snap` files of the checks against what the reference solutions show: change a text on purpose, run
//! `cargo insta test --review`, and look at it.

use course::Course;
use probe::{Record, Value};
use wire::judge::Ended;

use crate::{
    Compiled, DEFAULT_SEED, Kit, ProbeProcess, Sandbox, Slot, Sources, Submission, Task, compile, start_judge,
};

#[test]
fn snapshots_are_what_the_solutions_show() {
    let course = Course::find(None).unwrap();
    for exercise in course.exercises.iter().filter(|exercise| course.hidden_folder(exercise).join("snapshots").is_dir())
    {
        let kit = Kit::open(&course, exercise).unwrap();
        let (mut judge, checks) = start_judge(&course, exercise, &kit, &()).unwrap();
        assert!(checks.iter().any(|check| check.shows), "no check of {} shows a text", exercise.name);
        let slot = Slot::take(&course.work_folder().unwrap(), &exercise.name, Sandbox::None).unwrap();
        let sources = Sources::read(&course, &Submission::solution(&course, exercise), true).unwrap();
        let compiled = compile(&course, exercise, exercise.limits, &sources, &kit, &slot, &()).unwrap();
        let Compiled::Probe(program, _) = compiled else {
            panic!("the solution of {} does not compile", exercise.name)
        };
        let mut probe = ProbeProcess::new(program, sources.paths(), Sandbox::None, exercise.limits);
        for (index, check) in checks.iter().enumerate().filter(|(_, check)| check.shows) {
            let mut shown = Vec::new();
            let verdict = judge.judge(index, DEFAULT_SEED, false, |question| {
                let Task::Run(experiment, case) = question.task else { panic!("{} compiles a program", check.id) };
                let answer = probe.ask(&experiment, case, &())?;
                if let Ended::Observed(observed) = &answer.ended {
                    shown.push(Record::unpack(observed).expect("a solution sends whole records"));
                }
                Ok(answer)
            });
            verdict.unwrap();
            let record = shown.first().unwrap_or_else(|| panic!("{} shows no text", check.id));
            let Some(Value::Text(text)) = record.result() else { panic!("{} shows no text", check.id) };
            let mut settings = insta::Settings::new();
            settings.set_snapshot_path(course.hidden_folder(exercise).join("snapshots"));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(check.id.as_str(), text));
        }
    }
}
