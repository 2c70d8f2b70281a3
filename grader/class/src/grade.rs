//! Grades what has not been graded yet, on all cores, and writes every result down as soon as there is one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use course::{Course, Exercise, checks_digest, files};
use runner::{Grader, Kit, Options, Sandbox, StatusLine, Submission, digest_of_own_crates};

use crate::{
    record::{Code, Graded, Record, Records, Spent, Terms, digest, unit_of},
    stop::{Stop, Stopped},
};

/// After so many faults of the grader's in one exercise the rest of it is left for another run.
const MAX_FAULTS: usize = 3;

/// An exercise, and all that it takes to grade it.
pub(crate) struct Ready<'a> {
    pub(crate) exercise: &'a Exercise,
    pub(crate) kit: Kit,
    pub(crate) terms: Terms,
}

impl<'a> Ready<'a> {
    /// Builds what `exercise` needs, if it is not there.
    pub(crate) fn new(course: &'a Course, exercise: &'a Exercise, seed: u64) -> Result<Self> {
        let kit = Kit::open(course, exercise)?;
        let terms = Terms {
            exercise: exercise.name.clone(),
            checks: digest(&(checks_digest(course, exercise)? + &digest_of_own_crates(course)?)),
            compiler: kit.rustc_version.clone(),
            seed,
        };
        Ok(Self { exercise, kit, terms })
    }
}

/// Submissions of which each is graded once.
pub(crate) type Units = BTreeSet<(String, String)>;

/// What came of a run.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) graded: usize,
    /// A sentence for each exercise that could not be graded, at least in part.
    pub(crate) faults: BTreeMap<String, Vec<String>>,
}

impl Outcome {
    /// # Errors
    ///
    /// If something could not be graded: the reasons.
    pub(crate) fn whole(&self) -> Result<()> {
        let said: Vec<String> =
            self.faults.iter().map(|(name, faults)| format!("{name} was not graded: {}", faults[0])).collect();
        if said.is_empty() {
            Ok(())
        } else {
            bail!("{}\nRun the same command again when this is fixed", said.join("\n"))
        }
    }
}

/// Grades `units`, pairs of an exercise and a digest of code, with what is `ready`, until there are no more or Ctrl-C stops it.
pub(crate) fn grade<'a>(
    course: &'a Course,
    ready: &'a BTreeMap<String, Ready<'a>>,
    units: &Units,
    sandbox: Sandbox,
    records: &mut Records,
    stop: &'a Stop,
) -> Result<Outcome> {
    let is_done = |(exercise, code): &&(String, String)| {
        ready.get(exercise).is_none_or(|ready| records.results.contains(&unit_of(&ready.terms, code)))
    };
    let units: Vec<&(String, String)> = units.iter().filter(|unit| !is_done(unit)).collect();
    let work = records.work_folder(course)?;
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let progress = Progress::new(units.len());
    let shared = Mutex::new((records, Outcome::default()));
    let grade_next = |graders: &mut Graders<'a>| -> Result<bool> {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some((name, digest)) = units.get(index).map(|unit| (&unit.0, &unit.1)) else { return Ok(false) };
        let ready = &ready[name];
        let code = {
            let (records, outcome) = &mut *shared.lock().expect("no thread panics while it holds this");
            if outcome.faults.get(name).is_some_and(|faults| faults.len() >= MAX_FAULTS) {
                return Ok(true);
            }
            records.code(digest)?
        };
        let begun = Instant::now();
        let graded = graders.of(course, ready, sandbox, stop).and_then(|grader| grade_one(&work, grader, ready, &code));
        // Ctrl-C may have ended the compiler, the judge or the submission: what came of that is not a result.
        if stop.is_asked() {
            return Ok(false);
        }
        let (records, outcome) = &mut *shared.lock().expect("no thread panics while it holds this");
        match graded {
            Ok(graded) => {
                let spent = Spent { unit: graded.unit.clone(), milliseconds: begun.elapsed().as_millis() as u64 };
                records.add(&[Record::Result(Box::new(graded)), Record::Spent(spent)])?;
                outcome.graded += 1;
            }
            Err(error) => {
                graders.current = None;
                outcome.faults.entry(name.clone()).or_default().push(format!("{error:#}"));
            }
        }
        // Others that were begun earlier may still be going on.
        let done = outcome.graded + outcome.faults.values().map(Vec::len).sum::<usize>();
        progress.show(done, name);
        Ok(true)
    };
    // One more than there are cores: while one waits for a file or a process, another computes.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers = (cores + 1).min(units.len());
    thread::scope(|scope| -> Result<()> {
        let worker = || -> Result<()> {
            let mut graders = Graders { current: None };
            while !stopped.load(Ordering::Relaxed) && !stop.is_asked() {
                if !grade_next(&mut graders).inspect_err(|_| stopped.store(true, Ordering::Relaxed))? {
                    break;
                }
            }
            Ok(())
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    let _ = fs::remove_dir(&work);
    let (_, outcome) = shared.into_inner().expect("no thread panics while it holds this");
    let (of, left) = (units.len(), units.len() - outcome.graded);
    if stop.is_asked() && left > 0 { Err(Stopped { left, of }.into()) } else { Ok(outcome) }
}

/// A worker's grader; units come exercise by exercise, so it needs one at a time.
struct Graders<'a> {
    current: Option<(&'a str, Grader<'a>)>,
}

impl<'a> Graders<'a> {
    fn of(
        &mut self,
        course: &'a Course,
        ready: &'a Ready<'a>,
        sandbox: Sandbox,
        stop: &'a Stop,
    ) -> Result<&mut Grader<'a>> {
        if self.current.as_ref().is_none_or(|(name, _)| *name != ready.exercise.name) {
            self.current = None;
            let options = Options { seed: ready.terms.seed, ..Options::default() };
            let grader = Grader::start(course, ready.exercise, &ready.kit, options, sandbox, stop)?;
            self.current = Some((&ready.exercise.name, grader));
        }
        let (_, grader) = self.current.as_mut().context("it was just started")?;
        Ok(grader)
    }
}

fn grade_one(work: &Path, grader: &mut Grader<'_>, ready: &Ready<'_>, code: &Code) -> Result<Graded> {
    let Ready { exercise, terms, .. } = ready;
    let unit = unit_of(terms, &code.digest);
    // A report names this folder as it names a learner's own.
    let above = work.join(&unit);
    let folder = above.join("exercises").join(&exercise.name);
    for (name, text) in &code.files {
        let path = folder.join("src").join(name);
        files::create_folder(path.parent().unwrap_or(&folder))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let graded = grader.grade(&Submission::new(folder));
    let _ = fs::remove_dir_all(&above);
    let mut report = graded?.report;
    // How long it took is written down elsewhere, so that the same result is the same line.
    report.duration_ms = 0;
    report.checks.iter_mut().for_each(|check| check.duration_ms = 0);
    Ok(Graded { unit, terms: terms.clone(), code: code.digest.clone(), report })
}

/// One line that can be left alone: how many are done, and how long it goes on.
struct Progress {
    total: usize,
    begun: Instant,
    line: StatusLine,
}

impl Progress {
    fn new(total: usize) -> Self {
        let line = StatusLine::new();
        line.show(&format!("0 of {total} graded"));
        Self { total, begun: Instant::now(), line }
    }

    fn show(&self, done: usize, name: &str) {
        self.line.show(&format!(
            "{done} of {} graded, {}  {name}",
            self.total,
            left(self.begun.elapsed(), done, self.total)
        ));
    }
}

fn left(elapsed: Duration, done: usize, total: usize) -> String {
    let seconds = elapsed.as_secs_f64() / done.max(1) as f64 * total.saturating_sub(done) as f64;
    match seconds {
        _ if seconds < 90.0 => format!("{seconds:.0} s left"),
        _ if seconds < 90.0 * 60.0 => format!("{:.0} min left", seconds / 60.0),
        _ => format!("{:.1} h left", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_units_that_fit() {
        let left = |seconds, done, total| left(Duration::from_secs(seconds), done, total);
        assert_eq!(left(10, 10, 30), "20 s left");
        assert_eq!(left(60, 10, 100), "9 min left");
        assert_eq!(left(3600, 1000, 5000), "4.0 h left");
    }
}
