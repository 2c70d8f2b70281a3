//! Hints, in a file of their own, which is read when somebody is stuck: three for each task, and one for a check to which none
//! of its task's would fit.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;
use toml::Spanned;

use crate::{Exercise, Problem};

/// The hints of an exercise: `hints.toml`.
#[derive(Debug)]
pub struct Hints {
    tasks: BTreeMap<String, [String; 3]>,
    /// By the ids of checks.
    pub checks: BTreeMap<String, String>,
}

/// What stands in `hints.toml` under a name: the hints for a task, or the table `[checks]`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a list of three hints, or the table [checks]")]
enum Entry {
    Task(Vec<String>),
    Checks(BTreeMap<String, String>),
}

impl Hints {
    /// The three for `task`, from a nudge to nearly the answer. All tasks of the exercise have them.
    pub fn of(&self, task: &str) -> Option<&[String; 3]> {
        self.tasks.get(task)
    }

    pub(crate) fn read(path: &Path, exercise: &Exercise) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read {}, which has three hints for each task", path.display()))?;
        Ok(parse(&text, exercise).map_err(|problem| problem.locate(&path.display().to_string(), &text))?)
    }
}

fn parse(text: &str, exercise: &Exercise) -> Result<Hints, Problem> {
    let entries: BTreeMap<Spanned<String>, Spanned<Entry>> = toml::from_str(text)?;
    let (mut hints, mut checks) = (BTreeMap::new(), BTreeMap::new());
    for (name, entry) in entries {
        let (task, at) = (name.get_ref().clone(), entry.span());
        let three = match entry.into_inner() {
            Entry::Task(three) => three,
            Entry::Checks(by_id) if task == "checks" => {
                checks = by_id;
                continue;
            }
            Entry::Checks(_) => return Err(Problem::at(name.span(), "only `[checks]` is a table here")),
        };
        if exercise.task(&task).is_none() {
            return Err(Problem::at(name.span(), format!("{} has no task `{task}`", exercise.name)));
        }
        let three = three.try_into().map_err(|hints: Vec<String>| {
            let what = format!("a task has three hints, from a nudge to nearly the answer; here are {}", hints.len());
            Problem::at(at, what)
        })?;
        hints.insert(task, three);
    }
    match exercise.tasks.iter().find(|task| !hints.contains_key(&task.name)) {
        Some(task) => {
            Err(Problem { at: None, what: format!("the task `{0}` has no hints; add `{0} = […]`", task.name) })
        }
        None => Ok(Hints { tasks: hints, checks }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Task};

    #[test]
    fn hints_are_read_or_refused_with_a_line_and_a_remedy() {
        let task = |name: &str| Task { name: name.to_owned(), points: 1, bonus: false, crates: Vec::new() };
        let exercise = Exercise {
            name: "01_first".to_owned(),
            number: 1,
            formerly: Vec::new(),
            title: String::new(),
            minutes: 1,
            requires: Vec::new(),
            crates: Vec::new(),
            opt_level: 0,
            limits: Limits::default(),
            ships_bugs: false,
            tasks: vec![task("one"), task("two")],
        };
        let good = "one = [\"a\", \"b\", \"c\"]\ntwo = [\"d\", \"e\", \"f\"]\n";
        let hints = parse(good, &exercise).unwrap_or_else(|problem| panic!("{}", problem.what));
        assert_eq!(hints.of("two").unwrap()[2], "f");
        let with_check = format!("{good}\n[checks]\none_empty = \"g\"\n");
        let hints = parse(&with_check, &exercise).unwrap_or_else(|problem| panic!("{}", problem.what));
        assert_eq!((hints.checks["one_empty"].as_str(), hints.of("one").unwrap()[0].as_str()), ("g", "a"));

        let complaint = |text: &str| parse(text, &exercise).err().unwrap().locate("hints.toml", text).to_string();
        let cases = [
            (", \"f\"", "", "hints.toml:2: a task has three hints, from a nudge to nearly the answer; here are 2"),
            ("two", "three", "hints.toml:2: 01_first has no task `three`"),
            ("two = [\"d\", \"e\", \"f\"]", "", "hints.toml: the task `two` has no hints; add `two = […]`"),
            ("\"f\"]", "\"f\"", "hints.toml:2: "),
        ];
        for (find, with, expected) in cases {
            assert!(good.contains(find));
            let complaint = complaint(&good.replacen(find, with, 1));
            assert!(complaint.starts_with(expected), "{with}: {complaint}");
        }
    }
}
