//! `class grade`: finds what was handed in, notes it down, and grades what has not been graded.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use course::{Course, UsageError};
use runner::Sandbox;

use crate::{
    cli::GradeArgs,
    database,
    grade::{self, Ready, Units},
    record::{HandIn, Paths, Record, Records, unit_of},
    roster::Columns,
    say,
    settings::{self, Policy},
    stop::Stop,
    submissions::{Found, Search},
    unclear::{self, Question},
};

/// So many records are written at once.
const BATCH: usize = 64;

/// Whether all was clear.
pub(crate) fn run(course: &Course, args: &GradeArgs, stop: &Stop) -> Result<bool> {
    let sandbox = Sandbox::choose(args.sandbox.into())?;
    let paths = Paths { database: args.to.clone() };
    if let Some(roster) = &args.roster {
        let columns = match &args.columns {
            Some(columns) => columns.clone(),
            None => Columns::guess(roster)?,
        };
        settings::keep_roster(&paths.settings(), roster, &columns)?;
    }
    // What is wrong in the settings is told before anything is graded.
    Policy::read(course, &paths.settings())?;
    let wanted = args.exercise.iter().map(|wanted| course.exercise(wanted)).collect::<Result<Vec<_>>>()?;
    let only = if wanted.len() == 1 { Some(wanted[0]) } else { None };
    let (answers, _) = unclear::read(&paths.unclear())?;
    let mut records = Records::open(&paths.records(args.shard))?;
    let seed = seed(&records, args.seed)?;

    let work = records.work_folder(course)?;
    // What a run that was killed has left.
    let _ = std::fs::remove_dir_all(&work);
    let search = Search { course, only, answers: &answers, work: work.clone() };
    let mut collecting = Collecting {
        course,
        args,
        seed,
        ready: BTreeMap::new(),
        changed: Vec::new(),
        units: Units::new(),
        batch: Vec::new(),
    };
    let questions = search.run(&args.submissions, |found| {
        stop.check()?;
        let is_wanted = wanted.is_empty() || wanted.iter().any(|exercise| exercise.name == found.exercise);
        if is_wanted { collecting.note(&mut records, found) } else { Ok(()) }
    });
    let _ = std::fs::remove_dir_all(&work);
    let questions = questions?;
    records.add(&std::mem::take(&mut collecting.batch))?;
    if args.shard.is_none() {
        // What earlier runs have left, because they were stopped or because it did not count then.
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|exercise| exercise.name == name);
        let earlier: Units = records.handed_in.iter().filter(|(exercise, _)| is_wanted(exercise)).cloned().collect();
        let names: BTreeSet<&String> = earlier.iter().map(|(name, _)| name).collect();
        for name in names {
            collecting.prepare(&mut records, name)?;
        }
        let is_left = |(name, code): &(String, String)| {
            let unit = collecting.ready.get(name).map(|ready| unit_of(&ready.terms, code));
            unit.is_some_and(|unit| !records.results.contains(&unit))
        };
        let left: Units = earlier.into_iter().filter(is_left).collect();
        collecting.units.extend(left);
    }
    let Collecting { ready, changed, mut units, .. } = collecting;
    units.retain(|(exercise, _)| ready.contains_key(exercise));
    let total = units.len();
    let outcome = grade::grade(course, &ready, &units, sandbox, &mut records, stop)?;
    say(&format!("{} graded now, {} before", outcome.graded, total.saturating_sub(outcome.graded)));
    drop(records);
    let is_clear = match args.shard {
        None => build(course, &paths, Some(questions))?,
        Some(shard) => {
            // One of the machines tells what all of them have found.
            if shard.number == 1 {
                unclear::write(&paths.unclear(), &answers, &questions)?;
            }
            questions.is_empty()
        }
    };
    if !changed.is_empty() {
        return Err(UsageError(format!(
            "the checks or the compiler have changed since this class was graded, so nothing new was graded here: {}. \
             `grader class regrade --database {}` shows what that changes, and lets you accept it",
            changed.join(", "),
            crate::launch::quoted(&args.to.to_string_lossy())
        ))
        .into());
    }
    outcome.whole()?;
    Ok(is_clear)
}

/// Makes the database, and the list of what is not clear: `questions` about what was collected now, or those of the last time.
/// Whether all is.
pub(crate) fn build(course: &Course, paths: &Paths, questions: Option<Vec<Question>>) -> Result<bool> {
    let policy = Policy::read(course, &paths.settings())?;
    let (answers, open) = unclear::read(&paths.unclear())?;
    // Whose a submission is, is asked again if it is still not clear.
    let is_asked_again = |why: &str| {
        [database::WRITE_STUDENT, database::WRITE_IGNORE, database::ANSWER_IS_GONE].iter().any(|end| why.ends_with(end))
    };
    let is_read_now = questions.is_some();
    let kept = || open.into_iter().filter(|question| !is_asked_again(&question.why)).collect();
    let mut all: Vec<Question> = questions.unwrap_or_else(kept);
    let asked: BTreeSet<String> = all.iter().map(|question| question.submission.clone()).collect();
    let about_students = database::build(course, &policy, &answers, &paths.records(None), paths)?;
    all.extend(about_students.into_iter().filter(|question| {
        // An answer has been given; that it is not in the roster has to be told again.
        let is_ignored = answers.iter().any(|answer| answer.submission == question.submission && answer.ignore);
        let is_gone = question.why == database::ANSWER_IS_GONE;
        !is_ignored && !(is_gone && (is_read_now || asked.contains(&question.submission)))
    }));
    unclear::write(&paths.unclear(), &answers, &all)?;
    let class = crate::stored::Class::read(&database::open(&paths.database)?)?;
    say(&class.summary());
    for (student, exercise) in policy.unknown_extensions(|name| class.students.iter().any(|it| it.is_called(name))) {
        crate::warn(&format!("class.toml has an extension of {exercise} for {student}, who is not in the class"));
    }
    tell_of(&all, paths);
    Ok(all.is_empty())
}

/// Says how many submissions are not clear, and what the first one is.
pub(crate) fn tell_of(questions: &[Question], paths: &Paths) {
    let Some(first) = questions.first() else { return };
    say(&format!(
        "{} not clear: {} says why, and has room for your answers. First: {}: {}",
        match questions.len() {
            1 => "One submission is".to_owned(),
            count => format!("{count} submissions are"),
        },
        paths.unclear().display(),
        first.submission,
        first.why
    ));
}

/// The seed of this class.
fn seed(records: &Records, wanted: Option<u64>) -> Result<u64> {
    let known = records.terms.first().map(|terms| terms.seed);
    match (known, wanted) {
        (Some(known), Some(wanted)) if known != wanted => {
            Err(UsageError(format!("this class was started with the seed {known}, and has to continue with it")).into())
        }
        (Some(seed), _) | (None, Some(seed)) => Ok(seed),
        (None, None) => new_seed(),
    }
}

/// A seed that no submission can know, of a size that every reader of JSON keeps.
pub(crate) fn new_seed() -> Result<u64> {
    getrandom::u32().map(u64::from).context("the system provides no random numbers; give a seed with --seed N")
}

/// Notes down what is found.
struct Collecting<'a> {
    course: &'a Course,
    args: &'a GradeArgs,
    seed: u64,
    ready: BTreeMap<String, Ready<'a>>,
    /// Exercises that are not graded as they were.
    changed: Vec<String>,
    /// What has to be graded on this machine.
    units: Units,
    batch: Vec<Record>,
}

impl Collecting<'_> {
    fn note(&mut self, records: &mut Records, found: Found) -> Result<()> {
        let Found { who, exercise, code, handed_in, place, told } = found;
        self.prepare(records, &exercise)?;
        let is_here = |name: &str| self.args.shard.is_none_or(|shard| shard.holds(name));
        // What is known of a student and an exercise is in one shard, whatever the code.
        let is_at_home = is_here(&format!("{}\n{exercise}", who.key));
        let unit = self.ready.get(&exercise).map(|ready| unit_of(&ready.terms, &code.digest));
        let is_graded_here = unit.as_deref().is_some_and(is_here);
        let is_same =
            |it: &Record| matches!(it, Record::HandIn(it) if it.who.key == who.key && it.exercise == exercise);
        if self.batch.len() >= BATCH || self.batch.iter().any(is_same) {
            records.add(&std::mem::take(&mut self.batch))?;
        }
        if is_graded_here {
            self.units.insert((exercise.clone(), code.digest.clone()));
        }
        let digest = code.digest.clone();
        if is_at_home || is_graded_here {
            self.batch.push(Record::Code(code));
        }
        if is_at_home {
            let last = records.last(&who.key, &exercise);
            let is_known =
                last.is_some_and(|last| last.code == digest && last.handed_in == handed_in && last.told == told);
            if !is_known {
                let attempt = last.map_or(0, |last| last.attempt) + 1;
                self.batch.push(Record::HandIn(HandIn {
                    who,
                    exercise,
                    attempt,
                    code: digest,
                    handed_in,
                    found: place,
                    told,
                }));
            }
        }
        Ok(())
    }

    /// Gets ready to grade an exercise, once, by the terms that were there from the beginning.
    fn prepare(&mut self, records: &mut Records, name: &str) -> Result<()> {
        if self.ready.contains_key(name) || self.changed.iter().any(|changed| changed == name) {
            return Ok(());
        }
        let ready = Ready::new(self.course, self.course.exercise(name)?, self.seed)?;
        match records.terms_of(name)? {
            None => records.add(&[Record::Terms(ready.terms.clone())])?,
            Some(terms) if terms == ready.terms => {}
            Some(_) => {
                self.changed.push(name.to_owned());
                return Ok(());
            }
        }
        self.ready.insert(name.to_owned(), ready);
        Ok(())
    }
}
